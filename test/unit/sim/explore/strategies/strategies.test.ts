import { expect, test } from "vitest";

import {
  delayBoundedStrategy,
  emptyFeedback,
  fifoStrategy,
  mutationStrategy,
  pctStrategy,
  posStrategy,
  randomStrategy,
  strategyNamed,
  strategyNames,
  urwStrategy,
} from "../../../../../sim/explore/strategies/index.js";
import { countEach, runMany, runProgram } from "./programs.js";

const names = strategyNames.filter((name) => name !== "exhaustive");

test.each(names)("%s depends on nothing but the run, the seed and the feedback", async (name) => {
  const program = { lengths: [3, 4, 5], hosts: ["x", "y", "x"] };
  expect(await runMany(program, strategyNamed(name), 20)).toEqual(
    await runMany(program, strategyNamed(name), 20),
  );
});

test.each(names)("%s runs every event of every strand once", async (name) => {
  for (const order of await runMany({ lengths: [3, 4, 5] }, strategyNamed(name), 10)) {
    expect(
      order
        .split("")
        .sort((a, b) => (a < b ? -1 : 1))
        .join(""),
    ).toBe("aaabbbbccccc");
  }
});

test("uniform random draws among events: a short strand beside a long one mostly ends early", async () => {
  const orders = await runMany({ lengths: [1, 9] }, randomStrategy(), 800);
  const firstHalf = orders.filter((order) => order.indexOf("a") < 5).length;
  expect(firstHalf / orders.length).toBeGreaterThan(0.93);
});

test("weighted random meets every interleaving equally often once it knows the lengths", async () => {
  const taskLengths = { "host/a": 1, "host/b": 9 };
  const orders = await runMany({ lengths: [1, 9] }, urwStrategy(), 2000, { runs: 1, taskLengths });
  const counts = countEach(orders);
  expect(counts.size).toBe(10);
  // 200 expected of each; five standard deviations either way.
  for (const count of counts.values()) expect(Math.abs(count - 200)).toBeLessThan(70);
});

test("time order answers 0 to every question of order", async () => {
  expect(new Set(await runMany({ lengths: [2, 2] }, fifoStrategy(), 10))).toEqual(new Set(["abab"]));
});

test("PCT of depth 1 lets one strand run to its end before the next", async () => {
  const orders = await runMany({ lengths: [5, 5, 5] }, pctStrategy({ depth: 1 }), 60);
  expect([...countEach(orders).keys()].sort((a, b) => (a < b ? -1 : 1))).toEqual([
    "aaaaabbbbbccccc",
    "aaaaacccccbbbbb",
    "bbbbbaaaaaccccc",
    "bbbbbcccccaaaaa",
    "cccccaaaaabbbbb",
    "cccccbbbbbaaaaa",
  ]);
});

test("PCT of depth d switches between runnable strands d - 1 times more than there are strands to end", async () => {
  for (const depth of [2, 3, 4]) {
    const orders = await runMany({ lengths: [6, 6] }, pctStrategy({ depth }), 60, { orderPointsMax: 12 });
    const switches = orders.map(
      (order) => order.split("").filter((name, i) => i > 0 && order[i - 1] !== name).length,
    );
    expect(Math.max(...switches)).toBe(depth);
  }
});

test("POS draws once for each event that waits on another host, and again for those on the same", async () => {
  // One event against a long strand on another host keeps its rank: it is last in far more runs than a walk allows.
  const apart = await runMany({ lengths: [1, 8], hosts: ["x", "y"] }, posStrategy(), 800);
  const together = await runMany({ lengths: [1, 8] }, posStrategy(), 800);
  const late = (orders: readonly string[]): number =>
    orders.filter((order) => order.indexOf("a") >= 4).length / orders.length;
  expect(late(apart)).toBeGreaterThan(0.15);
  expect(late(together)).toBeLessThan(0.1);
});

test("delay bounding leaves the order of time alone but for a few events", async () => {
  const orders = await runMany({ lengths: [5, 5] }, delayBoundedStrategy({ delays: 1 }), 100, {
    orderPoints: 9,
  });
  const inTime = "ababababab";
  for (const order of orders) {
    const moved = order.split("").filter((name, index) => name !== inTime[index]).length;
    expect(moved).toBeLessThanOrEqual(10);
    expect(order.replaceAll("ab", "").replaceAll("ba", "").length).toBeLessThanOrEqual(2);
  }
  expect(countEach(orders).size).toBeGreaterThan(5);
});

test("mutation mostly keeps the order of the run that it changes", async () => {
  const program = { lengths: [6, 6] };
  const parent = pctStrategy({ depth: 1 }).driverFor({ run: 0, seed: 4 }, emptyFeedback);
  const decisions: { kind: "order"; label: string; occurrence: number; value: number }[] = [];
  const order = await runProgram(program, {
    entropy: () => 0,
    choose(point) {
      const value = parent?.choose(point) ?? 0;
      if (value > 0)
        decisions.push({ kind: "order", label: point.label, occurrence: point.occurrence, value });
      return value;
    },
  });
  const corpus = [{ seed: 4, decisions }];
  const orders = await runMany(program, mutationStrategy(), 200, {
    corpus,
    orderPoints: 11,
    latencyPoints: 0,
  });
  const sameStart = orders.filter((mutant) => mutant.slice(0, 3) === order.slice(0, 3)).length;
  expect(sameStart).toBeGreaterThan(80);
  expect(countEach(orders).size).toBeGreaterThan(20);
});

test("an unknown strategy is refused with the nearest name", () => {
  expect(() => strategyNamed("pct5")).toThrow(/There is no strategy "pct5"\..*Did you mean "pct1"\?/s);
  expect(() => strategyNamed("toString")).toThrow(expect.objectContaining({ code: "SIM_STRATEGY_UNKNOWN" }));
});
