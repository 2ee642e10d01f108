/** Worlds and scenarios of the user's own, from the command line to the failure and back. */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";

import { tempFolder } from "../scenarios/history/temp-folder.js";
import { run } from "./captured-terminal.js";

beforeEach(() => {
  const before = process.cwd();
  process.chdir(tempFolder());
  return () => process.chdir(before);
});

const scenarios = `
const scenario = (name, summary, run) => ({ name, ...summary, world: { nodes: 1 }, run });
export const scenarios = [
  scenario("passing", { summary: "passes", smoke: true }, async ({ phoenix, step }) => {
    step("create");
    await phoenix.client.createExperiment({ name: "cut-cost" });
  }),
  scenario("failing", {}, async ({ step }) => {
    step("look");
    throw new Error("on purpose");
  }),
];
`;

/** Every request to the gateway of these worlds fails. */
const world = `
const handler = () => async () => { throw new Error("on purpose"); };
export const world = { platform: { gateway: { handler } } };
`;

test("run --world runs the scenarios of the module, which may assert in their own way", async () => {
  writeFileSync("own.mjs", scenarios);
  const { code, out, err } = await run("run", "--world", "own.mjs");
  expect([code, out]).toEqual([1, expect.stringMatching(/^ok +passing +1 [\s\S]*^FAIL +failing +1 /m)]);
  expect(err).toMatch(/FAIL failing, seed 1, at the step "look"\non purpose\nSource: own\.mjs:\d+\n/);
  expect(err).toContain("Again: npx phoenix-sim run failing --seed 1 --world own.mjs --verbose");
  expect(existsSync(".phoenix-sim")).toBe(false);
});

test("they are chosen by name, pattern and --smoke, and listed, as the built-in ones are", async () => {
  writeFileSync("own.mjs", scenarios);
  const listed = async (...args: readonly string[]): Promise<readonly string[]> => {
    const { out } = await run("run", "--world", "own.mjs", "--list", "--json", ...args);
    return (JSON.parse(out) as { scenarios: { name: string }[] }).scenarios.map(({ name }) => name);
  };
  expect(await listed()).toEqual(["passing", "failing"]);
  expect(await listed("-t", "passes")).toEqual(["passing"]);
  expect(await listed("--smoke")).toEqual(["passing"]);
  expect(await listed("failing", "lifecycle")).toEqual(["failing", "lifecycle"]);
  const { code, err } = await run("run", "pasing", "--world", "own.mjs");
  expect([code, err]).toEqual([2, expect.stringContaining('Did you mean "passing"?')]);
});

test("a module with a world only is laid under the built-in scenarios", async () => {
  writeFileSync("own.mjs", world);
  const { code, err } = await run("run", "tenant-isolation", "--world", "own.mjs");
  expect([code, err]).toEqual([1, expect.stringContaining("on purpose")]);
  expect((await run("run", "--world", "own.mjs", "--list")).out.split("\n")).toHaveLength(8);
});

test("runs of the user's own are kept in a history only where one is named", async () => {
  writeFileSync("own.mjs", scenarios);
  await run("run", "passing", "--world", "own.mjs", "--history", "mine.jsonl");
  expect(readFileSync("mine.jsonl", "utf8")).toContain('"scenario":"passing"');
});

const small = ["--runs", "1", "--workers", "1", "--shrink-runs", "0", "--json"];

test("a failure remembers its module: by id it is loaded, by token it is asked for", async () => {
  mkdirSync("worlds");
  writeFileSync("worlds/own.mjs", world);
  const { out } = await run("explore", "one-crash", "--world", "./worlds/own.mjs", ...small);
  const [report] = JSON.parse(out) as {
    world: string;
    findings: { token: string; id: string; again: string }[];
  }[];
  const { token, id, again } = report?.findings[0] ?? { token: "", id: "", again: "" };
  expect(report?.world).toBe("worlds/own.mjs");
  expect(again).toMatch(/^npx phoenix-sim replay px1\.\S+ --world worlds\/own\.mjs$/);
  for (const named of [
    [],
    [id],
    [join(".phoenix-sim/failures", `${id}.json`)],
    [token, "--world", "worlds/own.mjs"],
  ])
    expect([named, await run("replay", ...named)]).toMatchObject([
      named,
      { code: 1, out: expect.stringContaining("on purpose") },
    ]);
  const forgotten = await run("replay", token);
  expect([forgotten.code, forgotten.out]).toEqual([2, ""]);
  expect(forgotten.err).toContain("The token was found with --world worlds/own.mjs");
  expect(forgotten.err).toContain(`replay ${token} --world worlds/own.mjs`);
});

test("a module that has gone is named, with what to do", async () => {
  writeFileSync("own.mjs", world);
  await run("explore", "one-crash", "--world", "own.mjs", ...small);
  const [file = ""] = readdirSync(".phoenix-sim/failures");
  const text = readFileSync(join(".phoenix-sim/failures", file), "utf8");
  writeFileSync(join(".phoenix-sim/failures", file), text.replace('"own.mjs"', '"gone.mjs"'));
  const { code, err } = await run("replay");
  expect([code, err]).toEqual([
    2,
    expect.stringContaining("found with --world gone.mjs, and there is no such module"),
  ]);
});

test("stored failures are run again first only in the worlds that they were found in", async () => {
  writeFileSync("own.mjs", world);
  await run("explore", "one-crash", "--world", "own.mjs", ...small);
  expect((await run("explore", "one-crash", ...small)).err).not.toContain("Stored case");
  expect((await run("explore", "one-crash", "--world", "own.mjs", ...small)).err).toContain(
    "fails as before",
  );
});

test("shards of a campaign in such worlds merge to findings that name the module", async () => {
  writeFileSync("own.mjs", world);
  for (const shard of ["1/2", "2/2"])
    await run(
      ...["explore", "one-crash", "--world", "own.mjs", "--runs", "2", "--shrink-runs", "0"].concat([
        "--shard",
        shard,
        "--report",
        `${shard[0]}.json`,
      ]),
    );
  const { out } = await run("merge", "1.json", "2.json");
  expect(out).toMatch(/Again: {2}npx phoenix-sim replay px1\.\S+ --world own\.mjs/);
});

test("a scenario that no token could name is refused before the first run", async () => {
  writeFileSync("own.mjs", scenarios.replace('"failing"', '"it fails"'));
  const { code, err } = await run("explore", "it fails", "--world", "own.mjs", ...small);
  expect([code, err]).toEqual([2, expect.stringContaining("letters, digits, - and _")]);
});

test.each([
  ["an unknown member", scenarios.replace("{ summary:", "{ sumary:"), 'has no option "sumary"'],
  ["an unknown option of its world", scenarios.replace("world: {", "world: { ndoes: 1, "), "ndoes"],
  ["an unknown option of all worlds", "export const world = { ndoes: 1 };", "ndoes"],
])("%s is one wrong use of the command", async (_, text, named) => {
  writeFileSync("own.mjs", text);
  for (const command of [["run"], ["explore", ...small]]) {
    const { code, err } = await run(...command, "--world", "own.mjs");
    expect([code, err]).toEqual([2, expect.stringContaining(named)]);
  }
});

test("two scenarios of one name are refused", async () => {
  writeFileSync("own.mjs", `${scenarios}\nscenarios.push(scenarios[0]);\n`);
  const { code, err } = await run("run", "--world", "own.mjs");
  expect([code, err]).toEqual([2, expect.stringContaining('two scenarios called "passing"')]);
});
