import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";

import { readHistory } from "../../../../sim/scenarios/history/index.js";
import type { Scenario, ScenarioResult } from "../../../../sim/scenarios/index.js";
import { scenarioResult } from "../scenarios/history/records.js";
import { tempFolder } from "../scenarios/history/temp-folder.js";
import { run } from "./captured-terminal.js";

// Scenarios that run nothing: the subject is what becomes of their results.
vi.mock("../../../../sim/scenarios/index.js", () => {
  const scenario = (name: string, smoke: boolean): Scenario => ({
    name,
    summary: `shows ${name}`,
    smoke,
    deadline: "1m",
    world: {},
    run: async () => {},
  });
  const scenarios = [scenario("quick", true), scenario("slow", false), scenario("failing", false)];
  return {
    scenarios,
    scenarioNamed: (name: string) => scenarios.find((each) => each.name === name),
    runScenario: async ({ name }: Scenario, { seed }: { seed: number }): Promise<ScenarioResult> =>
      Promise.resolve(
        scenarioResult({
          name,
          seed,
          ok: name !== "failing",
          ...(name === "failing" ? { error: { code: "SIM_ASSERTION", message: "no", step: "look" } } : {}),
          resources: { sqlStatements: 5, heapBytes: 1_000, openHandles: 0, openHandleTypes: [] },
          coverage: {
            declared: { "GET /a": [200], "GET /b": [200] },
            seen: { [name === "quick" ? "GET /a" : "GET /b"]: [200] },
          },
        }),
      ),
  };
});

let folder = "";

beforeEach(() => {
  const before = process.cwd();
  folder = tempFolder();
  process.chdir(folder);
  return () => process.chdir(before);
});

test("a run is on record below the current folder, one line a scenario and seed and one for the whole", async () => {
  const { code, err } = await run("run", "quick", "slow", "--seeds", "2");
  expect([code, err]).toEqual([0, ""]);
  const { scenarios, runs } = readHistory(join(folder, ".phoenix-sim/history.jsonl"));
  expect(scenarios.map(({ scenario, seed, ok }) => [scenario, seed, ok])).toEqual([
    ["quick", 1, true],
    ["quick", 2, true],
    ["slow", 1, true],
    ["slow", 2, true],
  ]);
  expect(new Set([...scenarios, ...runs].map((record) => record.run)).size).toBe(1);
  expect(runs).toMatchObject([{ complete: false, scenarios: 4, failed: 0, coverage: { covered: 2 } }]);
});

test("a run of every scenario is complete, and its failures are on record with their codes", async () => {
  const file = join(folder, "history.jsonl");
  expect((await run("run", "--history", file)).code).toBe(1);
  const { scenarios, runs } = readHistory(file);
  expect(scenarios.map(({ error }) => error)).toEqual([undefined, undefined, "SIM_ASSERTION"]);
  expect(runs).toMatchObject([{ complete: true, scenarios: 3, failed: 1 }]);
});

test("--no-history keeps nothing, and neither does --list", async () => {
  await run("run", "quick", "--no-history");
  await run("run", "--list");
  expect(readdirSync(folder)).toEqual([]);
});

test("a history that cannot be written is one warning, and the run is still a success", async () => {
  const inTheWay = join(folder, "a-file");
  writeFileSync(inTheWay, "");
  const file = join(inTheWay, "history.jsonl");
  const { code, out, err } = await run("run", "quick", "--seeds", "3", "--history", file);
  expect([code, out.includes("quick")]).toEqual([0, true]);
  expect(err.match(/Warning: this run is missing from the history/g)).toHaveLength(1);
});

test("--smoke runs the quick set, and refuses names beside it", async () => {
  const { out } = await run("run", "--smoke", "--no-history", "--json");
  const { scenarios } = JSON.parse(out) as { scenarios: readonly ScenarioResult[] };
  expect(scenarios.map(({ name }) => name)).toEqual(["quick"]);
  const { code, err } = await run("run", "slow", "--smoke", "--no-history");
  expect([code, err]).toEqual([2, expect.stringContaining("stands for: quick")]);
});

test("--budget starts nothing more once it is spent, says what was left out, and the run is not complete", async () => {
  const file = join(folder, "history.jsonl");
  const { code, err } = await run("run", "quick", "slow", "failing", "--budget", "0ms", "--history", file);
  expect([code, err]).toEqual([0, expect.stringContaining("slow (seed 1), failing (seed 1)")]);
  expect(readHistory(file).runs).toMatchObject([{ complete: false, scenarios: 1 }]);
  const all = await run("run", "quick", "slow", "--budget", "1h", "--history", file);
  expect([all.code, all.err]).toEqual([0, ""]);
  expect((await run("run", "--budget", "soon")).code).toBe(2);
});
