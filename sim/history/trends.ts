/** What the latest runs of each scenario look like, in numbers. */
import { countCovered } from "./coverage.js";
import { byScenario } from "./grouping.js";
import type { ScenarioRecord } from "./record.js";
import { median } from "./statistics.js";

/** Series are oldest first and hold one value a run that passed; runs that failed end anywhere. */
export interface Trend {
  readonly scenario: string;
  readonly runs: number;
  readonly failed: number;
  readonly wallMs: readonly number[];
  /** NaN when every run failed, as are the other single values. */
  readonly wallMsMedian: number;
  readonly wallMsLast: number;
  readonly events: readonly number[];
  readonly eventsLast: number;
  /** Bytes of heap at the end of the latest run. */
  readonly heapBytesLast: number;
  readonly sqlStatementsLast: number;
  /** Share of the API's operations covered by the latest run. */
  readonly coverageLast: number;
}

/** @param last - Runs of each scenario to look at: the latest. @returns One trend a scenario, by name. */
export function trendsOf(records: readonly ScenarioRecord[], last: number): readonly Trend[] {
  return [...byScenario(records)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([scenario, all]) => trendOf(scenario, all.slice(-last)));
}

function trendOf(scenario: string, records: readonly ScenarioRecord[]): Trend {
  const passed = records.filter(({ ok }) => ok);
  const latest = passed.at(-1);
  const wallMs = passed.map((record) => record.wallMs);
  const coverage = latest?.coverage;
  return {
    scenario,
    runs: records.length,
    failed: records.length - passed.length,
    wallMs,
    wallMsMedian: median(wallMs),
    wallMsLast: latest?.wallMs ?? Number.NaN,
    events: passed.map(({ events }) => events),
    eventsLast: latest?.events ?? Number.NaN,
    heapBytesLast: latest?.resources?.heapBytes ?? Number.NaN,
    sqlStatementsLast: latest?.resources?.sqlStatements ?? Number.NaN,
    coverageLast: coverage === undefined ? Number.NaN : countCovered(coverage.seen) / coverage.operations,
  };
}
