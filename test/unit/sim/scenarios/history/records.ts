/** Records for tests of the history: a steady scenario, from which each test departs in one thing. */
import type { History, RunRecord, ScenarioRecord } from "../../../../../sim/scenarios/history/index.js";
import type { ScenarioResult } from "../../../../../sim/scenarios/index.js";

const base: ScenarioRecord = {
  kind: "scenario",
  format: 1,
  run: "run-0",
  at: "2026-01-01T00:00:00.000Z",
  version: "1.0.0",
  scenario: "steady",
  seed: 1,
  ok: true,
  virtualMs: 540_000,
  wallMs: 100,
  events: 10_000,
  traceHash: "00c0ffee",
  resources: { sqlStatements: 500, heapBytes: 50_000_000, openHandles: 0 },
};

/** `count` runs, each a command of its own; `change` says how the one at `index` departs. */
export function steadyRuns(
  count: number,
  change: (index: number) => Partial<ScenarioRecord> = () => ({}),
): readonly ScenarioRecord[] {
  return Array.from({ length: count }, (_, index) =>
    Object.assign({}, base, { run: `run-${index}` }, change(index)),
  );
}

export function historyOf(scenarios: readonly ScenarioRecord[], runs: readonly RunRecord[] = []): History {
  return { scenarios, runs, broken: [] };
}

/** A complete run that covered `covered` of ten operations. */
export function completeRun(covered: number, change: Partial<RunRecord> = {}): RunRecord {
  const missing = Array.from({ length: 10 - covered }, (_, index) => `GET /missing-${index}`);
  return {
    kind: "run",
    format: 1,
    run: "run-0",
    at: "2026-01-01T00:00:00.000Z",
    version: "1.0.0",
    complete: true,
    scenarios: 8,
    failed: 0,
    wallMs: 800,
    coverage: { operations: 10, covered, answers: 30, answersSeen: 20, missing, undeclared: [] },
    ...change,
  };
}

export function scenarioResult(change: Partial<ScenarioResult> = {}): ScenarioResult {
  return {
    name: "steady",
    seed: 1,
    ok: true,
    virtualMs: 540_000,
    wallMs: 100.123456,
    events: 10_000,
    traceHash: "00c0ffee",
    assertions: 12,
    figures: [],
    ...change,
  };
}
