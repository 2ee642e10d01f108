import { expect, test, vi } from "vitest";

import { scenarios } from "../../../../sim/scenarios/index.js";
import { run } from "./captured-terminal.js";

// What is refused or listed needs no world.
vi.mock("../../../../sim/world/index.js", () => ({}));

test("--list names every scenario and what it shows, and runs none", async () => {
  const { code, out } = await run("run", "--list");
  expect([code, out.split("\n").length]).toEqual([0, scenarios.length]);
  expect(out).toContain(scenarios[0]?.summary);
});

test("--smoke --list tells what the quick set is", async () => {
  const { out } = await run("run", "--smoke", "--list");
  expect(out.split("\n").map((line) => line.split(" ", 1)[0])).toEqual(["lifecycle", "tenant-isolation"]);
});

test("an unknown scenario is refused with the nearest name and SIM_SCENARIO_UNKNOWN", async () => {
  const { code, err } = await run("run", "life-cycle");
  expect([code, err]).toEqual([2, expect.stringContaining('Did you mean "lifecycle"?')]);
  expect(err).toContain("SIM_SCENARIO_UNKNOWN");
});

test.each([
  [["--grep", "no such thing"], "No scenario matches"],
  [["--grep", "("], "Cannot use"],
  [["--seed", "-1"], 'Invalid --seed "-1": a seed is a whole number'],
  [["--seeds", "0"], "whole number of 1 or more"],
  [["--budget", "soon"], 'Invalid --budget "soon": give a duration with its units'],
  [["--budget", "5"], 'Invalid --budget "5": a duration needs a unit, such as 5s.'],
  [["--no-such-flag"], "unknown option"],
])("run %s is wrong usage", async (args, message) => {
  const { code, out, err } = await run("run", ...args);
  expect([code, out]).toEqual([2, ""]);
  expect(err).toContain(message);
});

test("an unknown command is wrong usage; --help and --version are not", async () => {
  expect((await run("walk")).code).toBe(2);
  expect((await run("--version")).code).toBe(0);
  const { code, out } = await run("--help");
  expect([code, out.includes("Exit codes:"), out.includes("history")]).toEqual([0, true, true]);
});
