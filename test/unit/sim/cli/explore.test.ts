import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";

import { formatToken } from "../../../../sim/explore/index.js";
import { version } from "../../../../sim/shared/version.js";
import type * as WorldRun from "../../../../sim/explore/world-run.js";
import { tempFolder } from "../scenarios/history/temp-folder.js";
import { run, runUntil } from "./captured-terminal.js";

// Small shapes with known faults instead of worlds: the subject is what the commands do with what is found.
vi.mock("../../../../sim/explore/world-run.js", async (original) => {
  const { explorableNamed } = await original<typeof WorldRun>();
  const { shapes } = await import("../../../shapes/index.js");
  const { runShapeOnce } = await import("../../../shapes/run-once.js");
  return {
    createWorldRun: () => runShapeOnce,
    explorable: shapes.slice(0, 3),
    explorableNamed: (name: string) => shapes.find((shape) => shape.name === name) ?? explorableNamed(name),
  };
});

const shape = "lost-update";

beforeEach(() => {
  const before = process.cwd();
  process.chdir(tempFolder());
  return () => process.chdir(before);
});

async function find(): Promise<string> {
  const { out } = await run("explore", shape, "--profile", "calm", "--runs", "200");
  return /replay (px1\S+)/.exec(out)?.[1] ?? "";
}

test("what is found is told with its story and the command that brings it back, and the code is 1", async () => {
  const { code, out, err } = await run("explore", shape, "--profile", "calm", "--runs", "200");
  expect(code).toBe(1);
  expect(out).toMatch(new RegExp(`FOUND invariant/${shape} in ${shape} under calm`));
  expect(out).toMatch(/Run \d+ \([\w-]+\), \d+ of \d+ runs; minimized from \d+ to \d+ decisions in \d+ runs/);
  expect(out).toMatch(/Again: {2}npx phoenix-sim replay px1\./);
  expect(err).toContain("0 faults injected in 0 runs, ");
  expect(err).toContain("pairs of steps covered");
});

test("the command that a finding names fails the same way, by token, file, id and without a name", async () => {
  const token = await find();
  const [name = ""] = readdirSync(join(".phoenix-sim", "failures"));
  const file = join(".phoenix-sim", "failures", name);
  for (const named of [[token], [file], [name.replace(".json", "")], []]) {
    const { code, out } = await run("replay", ...named);
    expect([named, code, out.includes(`invariant/${shape}`)]).toEqual([named, 1, true]);
  }
  expect((await run("replay", token, "--trace")).out).toContain("The last events:");
});

test("replay prints as many events as are asked for", async () => {
  const token = await find();
  const eventsOf = async (count: string): Promise<number> => {
    const { out } = await run("replay", token, "--trace", "--events", count);
    return out.split(/The (?:last )?events:\n/)[1]?.split("\n").length ?? 0;
  };
  expect(await eventsOf("2")).toBe(2);
  expect(await eventsOf("all")).toBeGreaterThan(2);
  expect((await run("replay", token, "--trace", "--events", "some")).code).toBe(2);
  expect((await run("replay", token, "--events", "2")).out).toContain("The last events:");
});

test("a case of another version is run, and said to be one", async () => {
  await find();
  const [name = ""] = readdirSync(join(".phoenix-sim", "failures"));
  const file = join(".phoenix-sim", "failures", name);
  const stored = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...stored, version: "0.0.9" }));
  const { code, err } = await run("replay", file);
  expect([code, err]).toEqual([1, expect.stringContaining("recorded by version 0.0.9")]);
});

test("a token of a test says where it is to be run", async () => {
  const decisions = [{ kind: "order", label: "order/x", occurrence: 0, value: 1 }] as const;
  const target = { version, scenario: "ids-are-unique", profile: "calm", seed: 1 };
  const { code, err } = await run("replay", formatToken({ ...target, decisions }));
  expect([code, err]).toEqual([2, expect.stringContaining("PHOENIX_SIM_TOKEN")]);
});

test("what cannot be stored is told all the same", async () => {
  writeFileSync(".phoenix-sim", "");
  const { code, out, err } = await run("explore", shape, "--profile", "calm", "--runs", "200");
  expect([code, out]).toEqual([1, expect.stringMatching(/Case: .*, not stored\n {2}Again: .* replay px1\./)]);
  expect(err).toMatch(/Cannot store the case .* in \.phoenix-sim.failures: /);
});

test("as many findings as were asked for end what is left of several scenarios", async () => {
  const calm = ["--profile", "calm", "--runs", "200", "--findings", "1"];
  const { code, out, err } = await run("explore", shape, "write-skew", ...calm);
  expect([code, out.match(/FOUND/g)]).toEqual([1, ["FOUND"]]);
  expect(err).toContain("write-skew: not explored");
});

test("stored failures are run again first, and one that is still there is a finding", async () => {
  await find();
  const { code, err } = await run("explore", shape, "--profile", "calm", "--runs", "1", "--strategy", "fifo");
  expect([code, err]).toEqual([1, expect.stringContaining("fails as before")]);
});

test("a replay that does not reach its failure ends with 6 and says so", async () => {
  await find();
  const [name = ""] = readdirSync(join(".phoenix-sim", "failures"));
  const file = join(".phoenix-sim", "failures", name);
  const stored = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
  writeFileSync(file, JSON.stringify({ ...stored, decisions: [] }));
  const { code, err } = await run("replay", file);
  expect([code, err]).toEqual([6, expect.stringContaining("no longer occurs; this run passed")]);
});

test("shrink makes a stored failure smaller, and keep copies it to the regressions", async () => {
  await run("explore", shape, "--profile", "calm", "--runs", "200", "--shrink-runs", "1");
  const [name = ""] = readdirSync(join(".phoenix-sim", "failures"));
  const { code, out } = await run("shrink", name.replace(".json", ""));
  expect([code, out]).toEqual([0, expect.stringContaining("Minimized from")]);
  const kept = await run("keep", name.replace(".json", ""), "--to", "regressions");
  expect([kept.code, existsSync(kept.out)]).toEqual([0, true]);
});

test("shrink and keep say that they take no token", async () => {
  const name = await find();
  for (const command of ["shrink", "keep"]) {
    const { code, err } = await run(command, name);
    expect(code).toBe(2);
    expect(err).toContain(`Cannot shrink or keep the token "${name}"`);
  }
});

test("kept failures are run first, too, and found by their id", async () => {
  const token = await find();
  const [name = ""] = readdirSync(join(".phoenix-sim", "failures"));
  await run("keep", name.replace(".json", ""));
  rmSync(".phoenix-sim", { recursive: true });
  const campaign = ["explore", shape, "--profile", "calm", "--runs", "1", "--strategy", "fifo"];
  const { code, err } = await run(...campaign);
  expect([code, err]).toEqual([1, expect.stringContaining(`${name.replace(".json", "")}: fails as before`)]);
  expect((await run(...campaign, "--regressions", "elsewhere")).err).not.toContain("fails as before");
  expect((await run("replay", name.replace(".json", ""))).out).toContain(`invariant/${shape}`);
  expect(token).toMatch(/^px1\./);
});

test("Ctrl-C ends a campaign that would go on, keeps what was found, and shrinks it no further", async () => {
  const rounds = async (): Promise<void> => {
    for (let round = 0; round < 40; round++) await new Promise((resolve) => setImmediate(resolve));
  };
  const campaign = ["explore", shape, "--profile", "calm", "--runs", "5000", "--findings", "1000"];
  const { code, out, err } = await runUntil(rounds, ...campaign);
  expect([code, err]).toEqual([130, expect.stringContaining("ended by interrupt")]);
  expect(err).toContain("Stopping; findings are kept.");
  expect(out).toMatch(/FOUND [\s\S]*in 0 runs, perhaps not minimal/);
  const [file = "", ...others] = readdirSync(join(".phoenix-sim", "failures"));
  expect(others).toEqual([]);
  expect((await run("shrink", file.replace(".json", ""))).out).toContain("Minimized from");
});

test("shards report to files, and merge puts them together or says which is missing", async () => {
  const common = ["explore", shape, "--profile", "calm", "--runs", "8"];
  await run(...common, "--shard", "1/2", "--report", "one.json");
  const alone = await run("merge", "one.json");
  expect([alone.code, alone.err]).toEqual([2, expect.stringContaining("SIM_SHARD_INVALID")]);
  await run(...common, "--shard", "2/2", "--report", "two.json");
  const { code, out } = await run("merge", "one.json", "two.json", "--json", "--out", "all.json");
  const { runs, failed } = JSON.parse(out) as { runs: number; failed: number };
  expect([code, runs, existsSync("all.json")]).toEqual([failed > 0 ? 1 : 0, 8, true]);
});

test("merge tells what all shards found, stores it, and names the command that brings it back", async () => {
  const common = ["explore", shape, "--profile", "calm", "--runs", "100"];
  for (const shard of ["1", "2"]) await run(...common, "--shard", `${shard}/2`, "--report", `${shard}.json`);
  rmSync(".phoenix-sim", { recursive: true });
  const { code, out, err } = await run("merge", "1.json", "2.json");
  expect(code).toBe(1);
  expect(err).toMatch(new RegExp(`${shape}: \\d+ runs, \\d+ failed`));
  expect(out).toMatch(/Run \d+ \([\w-]+\), \d+ of \d+ runs in 2 shards; \d+ decisions\./);
  const token = /replay (px1\S+)/.exec(out)?.[1] ?? "";
  expect((await run("replay", token)).out).toContain(`invariant/${shape}`);
  const [stored = ""] = readdirSync(join(".phoenix-sim", "failures"));
  expect(out).toContain(stored);
  expect(await run("replay")).toMatchObject({ code: 1 });
});

test("a report that cannot be written and kept failures that are not there are refused before the first run", async () => {
  const report = await run("explore", shape, "--report", "no/such/folder/report.json");
  expect(report).toMatchObject({ code: 2, out: "" });
  expect(report.err).toContain("Cannot write a report to no/such/folder/report.json: ENOENT");
  const kept = await run("explore", shape, "--regressions", "no/such/folder");
  expect(kept.code).toBe(2);
  expect(kept.err).toContain("no/such/folder: there is no such folder");
});

test("a campaign that fails everywhere ends after as many failed runs as were asked for", async () => {
  const { code, err } = await run("explore", shape, "--profile", "calm", "--runs", "2000", "--failures", "3");
  expect(code).toBe(1);
  expect(err).toMatch(/: \d+ runs, 3 failed/);
});

test("--all shares the runs among all scenarios", async () => {
  const common = ["explore", "--all", "--profile", "calm", "--strategy", "fifo", "--shrink-runs", "0"];
  const { err } = await run(...common, "--runs", "7", "--time-budget", "1h");
  const { shapes } = await import("../../../shapes/index.js");
  for (const { name } of shapes.slice(0, 3)) expect(err).toContain(`${name}: 3 runs`);
});

test.each([
  [
    "kept failures in a file",
    ["explore", shape, "--regressions", "file"],
    "Cannot run the kept failures of file",
  ],
  ["a case kept below a file", ["keep", "ID", "--to", "file"], "Cannot store the case"],
  [
    "a merged report below a file",
    ["merge", "r.json", "--out", "file/r.json"],
    "Cannot write the report to file",
  ],
  ["a report that lacks parts", ["merge", "damaged.json"], "damaged.json is damaged: steps"],
  ["a report of another version", ["merge", "other.json"], "other.json was written by version 9.9.9"],
])("%s is refused", async (_, args, problem) => {
  await run("explore", shape, "--profile", "calm", "--runs", "200", "--report", "r.json");
  const report = JSON.parse(readFileSync("r.json", "utf8")) as Record<string, unknown>;
  writeFileSync("damaged.json", JSON.stringify({ ...report, steps: undefined }));
  writeFileSync("other.json", JSON.stringify({ ...report, version: "9.9.9" }));
  writeFileSync("file", "");
  const [id = ""] = readdirSync(join(".phoenix-sim", "failures"));
  const { code, err } = await run(...args.map((arg) => (arg === "ID" ? id.replace(".json", "") : arg)));
  expect([code, err]).toEqual([2, expect.stringContaining(problem)]);
});

test("--json prints one document with the token of each finding", async () => {
  const { out } = await run("explore", shape, "--profile", "calm", "--runs", "200", "--json");
  const [report] = JSON.parse(out) as { findings: { token: string }[] }[];
  expect(report?.findings[0]?.token).toMatch(/^px1\./);
});

test.each([
  [["explore", "two-client"], 'Did you mean "two-clients"'],
  [["explore", "--strategy", "portfolo"], 'Did you mean "portfolio"'],
  [["explore", "--profile", "swam"], 'Did you mean "swarm"'],
  [["explore", "--shard", "3/2"], "SIM_SHARD_INVALID"],
  [["explore", "--shard", "auto"], "JOB_COMPLETION_INDEX"],
  [["explore", "--time-budget", "soon"], 'Invalid --time-budget "soon"'],
  [["explore", "--all", "two-clients"], "Leave out --all"],
  [["explore", "--all", "--report", "all.json"], "one file"],
  [["replay", "px1.nonsense"], "SIM_TOKEN_INVALID"],
  [["replay", "nothing"], "SIM_CASE_INVALID"],
  [["replay"], "There is no stored failure"],
  [["keep", "nothing"], "SIM_CASE_INVALID"],
  [["merge", "nothing.json"], "Cannot read the report"],
])("%s is wrong usage", async (args, message) => {
  const { code, err } = await run(...args);
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
});

test("--shard auto takes what a Kubernetes Indexed Job says", async () => {
  vi.stubEnv("JOB_COMPLETION_INDEX", "1");
  vi.stubEnv("PHOENIX_SIM_SHARDS", "4");
  const { code } = await run(
    "explore",
    shape,
    "--profile",
    "calm",
    "--runs",
    "4",
    "--strategy",
    "fifo",
    "--shard",
    "auto",
    "--report",
    "r.json",
  );
  vi.unstubAllEnvs();
  expect([0, 1]).toContain(code);
  expect(JSON.parse(readFileSync("r.json", "utf8"))).toMatchObject({ shards: [2], shardCount: 4 });
});
