import { expect, test } from "vitest";

import {
  type Strategy,
  createFeedbackCollector,
  exhaustiveStrategy,
} from "../../../../../sim/explore/strategies/index.js";
import { type Program, runProgram } from "./programs.js";

/** Enters one branch after the other until none is left. */
async function exhaust(program: Program, strategy: Strategy): Promise<readonly string[]> {
  const collector = createFeedbackCollector();
  const orders: string[] = [];
  for (let run = 0; collector.branchesLeft > 0; run++) {
    const driver = strategy.driverFor({ run, seed: 1 }, collector.feedback(run, 1));
    if (driver === undefined) break;
    orders.push(await runProgram(program, driver));
    collector.add({
      strategy: "exhaustive",
      seed: 1,
      fingerprint: { orderPoints: 0, latencyPoints: 0, tasks: [] },
      coverage: [],
      decisions: [],
      newFailure: false,
      runFeedback: driver.runFeedback?.(),
    });
  }
  return orders;
}

test.each([
  [[1, 1], 2],
  [[3, 3], 20],
  [[2, 2, 2], 90],
  [[4, 1, 2], 105],
])("strands of lengths %j on one host have %i interleavings, each run once", async (lengths, expected) => {
  const orders = await exhaust({ lengths }, exhaustiveStrategy());
  expect(orders).toHaveLength(expected);
  expect(new Set(orders).size).toBe(expected);
});

// Sleep sets cut a run only once it is seen to be redundant, so that more are begun than there are classes.
test("strands on different hosts need few runs, where on one host they would need 34,650", async () => {
  const orders = await exhaust({ lengths: [4, 4, 4], hosts: ["x", "y", "z"] }, exhaustiveStrategy());
  expect(orders.length).toBeLessThan(50);
});

test("of two on one host and one apart, only the order of the two is tried", async () => {
  const orders = await exhaust({ lengths: [2, 2, 3], hosts: ["x", "x", "y"] }, exhaustiveStrategy());
  const ofTheTwo = new Set(orders.map((order) => order.replaceAll("c", "")));
  expect(ofTheTwo).toEqual(new Set(["aabb", "abab", "abba", "baab", "baba", "bbaa"]));
  // Without sleep sets there would be 210.
  expect(orders.length).toBeLessThan(30);
});

test("a limit of depth is reported, so that nobody believes all was tried", async () => {
  const driver = exhaustiveStrategy({ depthMax: 2 }).driverFor(
    { run: 0, seed: 1 },
    createFeedbackCollector().feedback(0, 1),
  );
  if (driver === undefined) throw new Error("there is always a first branch");
  await runProgram({ lengths: [3, 3] }, driver);
  expect(driver.runFeedback?.().truncated).toBe(true);
});

test("delays branch between the shortest and the longest", () => {
  const strategy = exhaustiveStrategy({ kinds: ["latency"] });
  const driver = strategy.driverFor({ run: 0, seed: 1 }, createFeedbackCollector().feedback(0, 1));
  const point = {
    label: "l",
    occurrence: 0,
    n: 16,
    probability: undefined,
    candidates: undefined,
    currentTask: undefined,
  };
  expect(driver?.choose({ ...point, kind: "latency" })).toBe(0);
  expect(driver?.runFeedback?.().branches).toEqual([{ answers: [15], asleep: [] }]);
});
