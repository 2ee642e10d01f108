import { expect, test } from "vitest";

import {
  type GateName,
  type Verdict,
  checkHistory,
  resolveGateLimits,
} from "../../../../../sim/scenarios/history/index.js";
import { completeRun, historyOf, steadyRuns } from "./records.js";

function of(verdicts: readonly Verdict[], gate: GateName, outcome?: Verdict["outcome"]): readonly Verdict[] {
  return verdicts.filter(
    (verdict) => verdict.gate === gate && verdict.outcome === (outcome ?? verdict.outcome),
  );
}

test("a long and steady history raises no alert", () => {
  const verdicts = checkHistory(historyOf(steadyRuns(100), [completeRun(10)]));
  expect(new Set(verdicts.map(({ outcome }) => outcome))).toEqual(new Set(["ok"]));
});

test("a history without runs says nothing", () => {
  expect(checkHistory(historyOf([]))).toEqual([]);
});

test("failures are an alert once their rate lies above 5 % with confidence, with the command that replays one", () => {
  const runs = steadyRuns(100, (index) =>
    index % 10 === 3 ? { ok: false, error: "SIM_ASSERTION", seed: index } : {},
  );
  const [alert] = of(checkHistory(historyOf(runs)), "failure-rate", "alert");
  expect(alert?.values).toMatchObject({ failed: 10, runs: 100, rate: 0.1, limit: 0.05 });
  expect(alert?.values["atLeast"]).toBeCloseTo(0.0553, 4);
  expect(alert?.reason).toContain("10 of 100 runs failed, 10 %");
  expect(alert?.reason).toContain("SIM_ASSERTION");
  expect(alert?.reason).toContain("npx phoenix-sim run steady --seed 93");
});

test("one failure in few runs is above 5 %, but not enough runs to mean it", () => {
  for (const count of [1, 3, 10]) {
    const verdicts = checkHistory(historyOf(steadyRuns(count, (index) => ({ ok: index > 0 }))));
    expect(of(verdicts, "failure-rate", "alert")).toEqual([]);
    expect(of(verdicts, "failure-rate")[0]?.reason).toContain("not enough runs to mean it");
  }
});

test("two failures in two runs are enough to mean it", () => {
  const verdicts = checkHistory(historyOf(steadyRuns(2, () => ({ ok: false, error: "SIM_DEADLOCK" }))));
  expect(of(verdicts, "failure-rate", "alert")).toHaveLength(1);
});

test("it takes 59 runs without a failure to show a rate of at most 5 %", () => {
  const outcomeOf = (count: number): string | undefined =>
    of(checkHistory(historyOf(steadyRuns(count))), "failure-rate")[0]?.outcome;
  expect([outcomeOf(58), outcomeOf(59)]).toEqual(["not-enough-runs", "ok"]);
});

test("failures spread thinly over many scenarios are an alert of the suite", () => {
  const runs = Array.from({ length: 8 }, (_, scenario) =>
    steadyRuns(12, (index) => ({ scenario: `scenario-${scenario}`, ok: index !== scenario })),
  ).flat();
  // One failure in twelve runs means nothing for one scenario; eight in 96 do not yet either, at 8.3 %.
  expect(of(checkHistory(historyOf(runs)), "failure-rate", "alert")).toEqual([]);
  const [alert] = of(checkHistory(historyOf(runs), { failureRateMax: 0.03 }), "failure-rate", "alert");
  expect([alert?.subject, alert?.values["failed"], alert?.values["runs"]]).toEqual(["all scenarios", 8, 96]);
});

test("failures older than the window are forgotten", () => {
  const runs = steadyRuns(260, (index) => ({ ok: index >= 60 }));
  expect(of(checkHistory(historyOf(runs)), "failure-rate")[0]?.outcome).toBe("ok");
});

test("three runs in a row above twice the median of the 20 before are an alert, worded as a measurement", () => {
  const runs = steadyRuns(40, (index) => (index >= 37 ? { wallMs: 210 + index } : {}));
  const [alert] = of(checkHistory(historyOf(runs)), "time", "alert");
  expect(alert?.values).toEqual({ lastMs: 249, baselineMs: 100, baselineRuns: 20, limitMs: 200 });
  expect(alert?.reason).toContain("if the machine was busy, run again");
});

test("one slow run is noted, not alerted, and forgotten after a fast one", () => {
  const slowAt = (slow: number): string | undefined =>
    of(checkHistory(historyOf(steadyRuns(40, (index) => (index === slow ? { wallMs: 900 } : {})))), "time")[0]
      ?.outcome;
  expect([slowAt(39), slowAt(38)]).toEqual(["note", "ok"]);
});

test("a few runs make no usual time, and runs that failed do not count", () => {
  const verdicts = checkHistory(
    historyOf(steadyRuns(60, (index) => ({ ok: index < 7, wallMs: index * 50 }))),
  );
  expect(of(verdicts, "time")[0]?.outcome).toBe("not-enough-runs");
});

test("a single run with many more events, statements or virtual time than before is an alert", () => {
  const heavy = {
    events: 13_000,
    virtualMs: 700_000,
    resources: { sqlStatements: 700, heapBytes: 50_000_000, openHandles: 0 },
  };
  const runs = steadyRuns(3, (index) => (index === 2 ? heavy : {}));
  const alerts = of(checkHistory(historyOf(runs)), "counters", "alert");
  expect(alerts.map(({ values }) => [values["counter"], values["found"], values["baseline"]])).toEqual([
    ["events", 13_000, 10_000],
    ["SQL statements", 700, 500],
    ["virtual ms", 700_000, 540_000],
  ]);
  expect(alerts[0]?.reason).toContain("Counted, not measured");
});

test("counters that differ a little under one seed and version are noted: the code changed, or chance got in", () => {
  const runs = steadyRuns(5, (index) => ({ events: 10_000 + (index === 4 ? 1 : 0) }));
  const [note] = of(checkHistory(historyOf(runs)), "counters", "note");
  expect(note?.reason).toContain("10001 events, 10000 in the run before");
});

test("counters of another seed or version are not compared", () => {
  const runs = steadyRuns(4, (index) => (index === 3 ? { seed: 2, events: 90_000 } : {}));
  expect(of(checkHistory(historyOf(runs)), "counters")[0]?.outcome).toBe("not-enough-runs");
  const upgraded = steadyRuns(4, (index) => (index === 3 ? { version: "1.1.0", events: 90_000 } : {}));
  expect(of(checkHistory(historyOf(upgraded)), "counters")[0]?.outcome).toBe("not-enough-runs");
});

test("each seed of one command is compared with its own past", () => {
  const seeds = (run: string, factor: number) =>
    [1, 2].map((seed) => ({ run, seed, events: 1_000 * seed * (seed === 2 ? factor : 1) }));
  const changes = [...seeds("first", 1), ...seeds("second", 3)];
  const alerts = of(
    checkHistory(historyOf(steadyRuns(4, (index) => changes[index] ?? {}))),
    "counters",
    "alert",
  );
  expect(alerts.map(({ values }) => [values["seed"], values["found"]])).toEqual([[2, 6_000]]);
});

test.each([
  ["bytes of heap", { heapBytesMax: 40_000_000 }],
  ["events", { eventsMax: 9_999 }],
  ["SQL statements", { sqlStatementsMax: 499 }],
  ["open handles", { openHandlesMax: 0 }],
] as const)("%s over the limit are an alert", (resource, limits) => {
  const runs = steadyRuns(2, () => ({
    resources: { sqlStatements: 500, heapBytes: 50_000_000, openHandles: 1 },
  }));
  const alerts = of(checkHistory(historyOf(runs), { openHandlesMax: 1, ...limits }), "resources", "alert");
  expect(alerts.map(({ values }) => values["resource"])).toEqual([resource]);
});

test("a single handle that was left open is an alert, with its type", () => {
  const runs = steadyRuns(2, () => ({
    resources: {
      sqlStatements: 500,
      heapBytes: 5,
      openHandles: 2,
      openHandleTypes: ["TCPServerWrap", "Timeout"],
    },
  }));
  const [alert] = of(checkHistory(historyOf(runs)), "resources", "alert");
  expect(alert?.reason).toBe("2 open handles with seed 1, over the limit of 0: TCPServerWrap, Timeout.");
});

test("a resource exactly at its limit holds", () => {
  const verdicts = checkHistory(historyOf(steadyRuns(2)), { eventsMax: 10_000 });
  expect(of(verdicts, "resources", "alert")).toEqual([]);
});

test.each(["SIM_STEP_LIMIT", "SIM_TIME_LIMIT", "53300", "EMFILE"])(
  "a run that ended with %s ran out of something",
  (error) => {
    const runs = steadyRuns(70, (index) => (index === 69 ? { ok: false, error, seed: 5 } : {}));
    const [alert] = of(checkHistory(historyOf(runs)), "resources", "alert");
    expect(alert?.values).toEqual({ error, seed: 5 });
  },
);

test("only the latest command of a scenario is held to the resource limits", () => {
  const runs = steadyRuns(3, (index) => (index < 2 ? { events: 50_000_000, seed: 9 } : {}));
  expect(of(checkHistory(historyOf(runs)), "resources", "alert")).toEqual([]);
});

test("coverage below its limit is an alert that names what is missing", () => {
  const history = historyOf(steadyRuns(1), [completeRun(10), completeRun(8)]);
  const [alert] = of(checkHistory(history), "coverage", "alert");
  expect(alert?.values).toMatchObject({ covered: 8, operations: 10, share: 0.8, limit: 0.9 });
  expect(alert?.reason).toContain("Missing: GET /missing-0, GET /missing-1.");
});

test("runs of some scenarios only are not held to a coverage", () => {
  const history = historyOf(steadyRuns(1), [completeRun(9), completeRun(1, { complete: false })]);
  expect(of(checkHistory(history), "coverage")[0]?.outcome).toBe("ok");
  const partial = historyOf(steadyRuns(1), [completeRun(1, { complete: false })]);
  expect(of(checkHistory(partial), "coverage")[0]?.outcome).toBe("not-enough-runs");
});

test("a limit out of range is refused by name", () => {
  expect(() => resolveGateLimits({ failureRateMax: 5 })).toThrow("Cannot use 5 as the limit failureRateMax.");
  expect(() => resolveGateLimits({ eventsMax: Number.NaN })).toThrow("eventsMax");
});
