/** `--json`: one document on stdout, and nothing there when the command line is wrong. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";

import { commandsOf, createProgram } from "../../../../sim/cli/main.js";
import { tempFolder } from "../scenarios/history/temp-folder.js";
import { run, runUntil } from "./captured-terminal.js";

beforeEach(() => {
  const before = process.cwd();
  process.chdir(tempFolder());
  return () => process.chdir(before);
});

const failing = `
export const scenarios = [{ name: "failing", world: {}, run: async () => { throw new Error("on purpose"); } }];
`;

const rules = `
tests:
  - promql_expr_test:
      - expr: vector(1)
        eval_time: 1m
        exp_samples: [{ labels: "{}", value: 1 }]
`;

// What each command needs stands there before: a module, a stored failure, the reports of shards, a rule test.
async function prepare(): Promise<void> {
  writeFileSync("own.mjs", failing);
  writeFileSync("rules.yml", rules);
  await run("explore", "failing", "--world", "own.mjs", "--runs", "2", "--report", "report.json");
}

const commands = [
  ["run", "failing", "--world", "own.mjs"],
  ["run", "--list"],
  ["history"],
  ["history", "check"],
  ["explore", "failing", "--world", "own.mjs", "--runs", "2"],
  ["replay"],
  ["replay", "--trace", "--events", "3"],
  ["shrink", "--runs", "5"],
  ["merge", "report.json"],
  ["promtest", "rules.yml"],
] as const;

test("every command that prints takes --json", () => {
  const terminal = {
    out: () => {},
    err: () => {},
    color: false,
    width: 80,
    interrupted: async () => new Promise<never>(() => {}),
  };
  for (const command of commandsOf(createProgram(terminal, () => {}))) {
    const known = [command, ...(command.parent === null ? [] : [command.parent])].flatMap(
      ({ options }) => options,
    );
    // All options after it are those of the test runner that it starts.
    if (command.name() === "rerun") continue;
    expect([command.name(), known.some(({ long }) => long === "--json")]).toEqual([command.name(), true]);
  }
});

test("it prints exactly one document, whatever the outcome", async () => {
  await prepare();
  for (const command of commands) {
    const { out } = await run(...command, "--json");
    expect([command, JSON.parse(out)]).toEqual([command, expect.any(Object)]);
  }
  const { out } = await run("replay", "--json");
  const { failure } = JSON.parse(out) as { failure: { message: string } };
  expect(failure.message).toBe("on purpose");
  const served = await runUntil(async () => {}, "serve", "--port", "0", "--prometheus-port", "0", "--json");
  expect(JSON.parse(served.out)).toMatchObject({ gateway: expect.stringMatching(/^http/) });
});

test.each([
  [["run", "no-such-scenario"]],
  [["run", "--seeds", "none"]],
  [["run", "--world", "nothing.mjs"]],
  [["explore", "no-such-scenario"]],
  [["explore", "--shard", "3/2"]],
  [["history", "--file", "nothing.jsonl"]],
  [["history", "check", "--coverage", "200"]],
  [["replay", "nothing"]],
  [["replay", "px1.damaged"]],
  [["shrink", "nothing"]],
  [["keep", "nothing"]],
  [["merge", "nothing.json"]],
  [["serve", "--port", "70000"]],
])("a wrong %j prints nothing on stdout, says why on stderr, and ends with 2", async ([...args]) => {
  const { code, out, err } = await run(...args, "--json");
  expect([code, out, err === ""]).toEqual([2, "", false]);
  expect(err).not.toMatch(/^ {4}at /m);
});

test("files that cannot be read are named without a stack", async () => {
  mkdirSync("folder.json");
  mkdirSync(".phoenix-sim/failures/case.json", { recursive: true });
  for (const args of [
    ["history", "--file", "folder.json"],
    ["replay", "case"],
    ["keep", "case"],
    ["merge", "folder.json"],
    ["run", "--world", "folder.json"],
    ["run", "lifecycle", "--reporter", `junit=${join("folder.json")}`],
  ]) {
    const { code, out, err } = await run(...args);
    expect([args, code, out]).toEqual([args, 2, ""]);
    expect(err).toMatch(/folder\.json|case\.json/);
    expect(err).not.toMatch(/^ {4}at /m);
  }
});
