import { expect, test } from "vitest";

import {
  type Feedback,
  type ReportedRun,
  createCoverage,
  createFeedbackCollector,
  emptyFeedback,
  portfolioMembers,
  portfolioStrategy,
} from "../../../../../sim/explore/strategies/index.js";

const members = [...new Set(portfolioMembers().map(({ name }) => name))];

function chosen(runs: number, feedback: Partial<Feedback> = {}): readonly (string | undefined)[] {
  const strategy = portfolioStrategy();
  return Array.from({ length: runs }, (_, index) => {
    const key = { run: (feedback.firstRun ?? 0) + index, seed: 5 };
    return strategy.driverFor(key, { ...emptyFeedback, ...feedback })?.strategy;
  });
}

function reportedRun(strategy: string, coverage: readonly number[], newFailure = false): ReportedRun {
  return {
    strategy,
    seed: 1,
    fingerprint: { orderPoints: 10, latencyPoints: 4, tasks: [["host/a", 2, 6]] },
    coverage,
    decisions: [],
    newFailure,
    runFeedback: undefined,
  };
}

test("every member has its turn, paid or not", () => {
  const arms = Object.fromEntries(
    members.map((name) => [name, { runs: 50, reward: name === "urw" ? 50 : 0 }]),
  );
  const even = chosen(40, { firstRun: 100, arms, corpus: [{ seed: 1, decisions: [] }] }).filter(
    (_, i) => i % 2 === 0,
  );
  expect(new Set(even).size).toBe(members.length);
});

test("odd runs go to what pays, and try first what was never used", () => {
  const arms = Object.fromEntries(
    members.map((name) => [name, { runs: 50, reward: name === "pct3" ? 45 : 2 }]),
  );
  const odd = chosen(20, { firstRun: 100, arms }).filter((_, index) => index % 2 === 1);
  expect(odd.filter((name) => name === "pct3").length).toBeGreaterThan(7);
  const { urw: _urw, ...others } = arms;
  expect(chosen(2, { firstRun: 100, arms: others })[1]).toBe("urw");
});

test("the learner knows means, the longest run, and what each strategy gained", () => {
  const collector = createFeedbackCollector();
  expect(collector.add(reportedRun("pos", [1, 2, 3, 4]))).toBe(4);
  expect(collector.add(reportedRun("pos", [3, 4]))).toBe(0);
  collector.add(reportedRun("urw", [], true));
  expect(collector.feedback(3, 16)).toMatchObject({
    runs: 3,
    firstRun: 3,
    orderPoints: 10,
    orderPointsMax: 10,
    latencyPoints: 4,
    taskLengths: { "host/a": 3 },
    arms: { pos: { runs: 2, reward: 0.5 }, urw: { runs: 1, reward: 1 } },
    corpus: [{ seed: 1 }],
  });
});

test("coverage tells the orders of one host apart, and not those of two", () => {
  const cover = (...steps: readonly (readonly [string, string])[]): readonly number[] => {
    const coverage = createCoverage();
    for (const [host, label] of steps) coverage.step({ host, label });
    return [...coverage.pairs()].sort((a, b) => a - b);
  };
  expect(cover(["x", "read"], ["x", "write"])).not.toEqual(cover(["x", "write"], ["x", "read"]));
  expect(cover(["x", "read"], ["y", "write"])).toEqual(cover(["y", "write"], ["x", "read"]));
});
