import { expect, test } from "vitest";

import { formatJson, formatTable } from "../../../bench/harness/report.js";
import { createSuite } from "../../../bench/harness/suite.js";

/** Gives one figure after the other. */
function figures(...values: readonly number[]): () => number {
  let next = 0;
  return () => values[next++] ?? Number.NaN;
}

test("a figure is the median of the rounds after the warm-up", async () => {
  const suite = createSuite();
  suite.bench("odd", { unit: "ms", rounds: 3 }, figures(1_000, 3, 1, 2));
  suite.bench("even", { unit: "ms", rounds: 4, warmups: 0 }, figures(4, 1, 2, 3));
  const results = await suite.run();
  expect(results.map(({ value, rounds }) => [value, rounds])).toEqual([
    [2, [3, 1, 2]],
    [2.5, [4, 1, 2, 3]],
  ]);
});

test("a goal is met from its own value on, in the direction that is better", async () => {
  const suite = createSuite();
  const once = { rounds: 1, warmups: 0 } as const;
  suite.bench("more", { unit: "x/s", goal: 5, ...once }, () => 5);
  suite.bench("too few", { unit: "x/s", goal: 5, ...once }, () => 4.9);
  suite.bench("less", { unit: "ms", goal: 5, better: "less", ...once }, () => 5);
  suite.bench("too long", { unit: "ms", goal: 5, better: "less", ...once }, () => 5.1);
  suite.bench("no goal", { unit: "ms", ...once }, () => 9);
  const results = await suite.run();
  expect(results.map(({ ok }) => ok)).toEqual([true, false, true, false, true]);
});

test("a ratio compares both sides within each round, so that a slow round weighs on both", async () => {
  const suite = createSuite();
  suite.ratio("twice", { rounds: 3, warmups: 0 }, figures(2, 200, 20), figures(1, 100, 10));
  expect(await suite.run()).toMatchObject([{ value: 2, unit: "x", rounds: [2, 2, 2] }]);
});

test("a pattern picks benches, and results are told as they come", async () => {
  const suite = createSuite();
  const told: string[] = [];
  for (const name of ["kernel: a", "network: b", "kernel: c"]) suite.bench(name, { unit: "x" }, () => 1);
  await suite.run({ pattern: /^kernel/, onResult: ({ name }) => told.push(name) });
  expect(told).toEqual(["kernel: a", "kernel: c"]);
});

test("JSON holds name, value, unit, goal and ok; the table marks what missed its goal", async () => {
  const suite = createSuite();
  const once = { rounds: 1, warmups: 0 } as const;
  suite.bench("fast", { unit: "x/s", goal: 1_000, ...once }, () => 1_234_567.89);
  suite.bench("slow", { unit: "ms", goal: 20, better: "less", ...once }, () => 34.5678);
  suite.bench("shown", { unit: "MiB", ...once }, () => 0.25);
  const results = await suite.run();
  expect(JSON.parse(formatJson(results))).toEqual([
    { name: "fast", value: 1_234_568, unit: "x/s", goal: 1_000, ok: true },
    { name: "slow", value: 34.57, unit: "ms", goal: 20, ok: false },
    { name: "shown", value: 0.25, unit: "MiB", goal: null, ok: true },
  ]);
  const table = formatTable(results);
  expect(table).toMatch(/ok +│ fast +│ +1,234,568 │ x\/s .*>= 1,000/);
  expect(table).toMatch(/MISS │ slow +│ +34.57 │ ms .*<= 20/);
});
