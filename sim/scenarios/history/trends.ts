/** A history in numbers: coverage of the API, statistics and trends of the latest runs, and the records made of a run. */
import jstat from "jstat";

import type { ApiCoverage, ScenarioResult } from "../index.js";
import { recordFormat, type RunRecord, type ScenarioRecord } from "./history-file.js";

// Coverage of the HTTP API: which operations of the OpenAPI document answered, and with which statuses.
//
// An operation is covered once it has answered with success. A refusal proves only that the door is shut: a walk
// over every route without a token would otherwise count as a test of all of them.

export interface CoverageSummary {
  /** Operations that the document declares. */
  readonly operations: number;
  /** Those of them that answered with a status below 400. */
  readonly covered: number;
  /** Pairs of operation and status that the document declares. */
  readonly answers: number;
  /** Those of them that were seen. */
  readonly answersSeen: number;
  /** Operations not covered, in the order of the document. */
  readonly missing: string[];
  /** Answers seen that the document does not declare, such as `GET /health 418`. */
  readonly undeclared: string[];
}

/** @returns The union: everything declared, and everything seen, by any part. */
export function mergeCoverage(parts: readonly ApiCoverage[]): ApiCoverage {
  return {
    declared: union(parts.map(({ declared }) => declared)),
    seen: union(parts.map(({ seen }) => seen)),
  };
}

export function summarizeCoverage({ declared, seen }: ApiCoverage): CoverageSummary {
  const operations = Object.keys(declared);
  const missing = operations.filter((operation) => !succeeded(seen[operation]));
  const answers = pairs(declared);
  const answersSeen = pairs(seen);
  const known = new Set(answers);
  const met = new Set(answersSeen);
  return {
    operations: operations.length,
    covered: operations.length - missing.length,
    answers: answers.length,
    answersSeen: answers.filter((answer) => met.has(answer)).length,
    missing,
    undeclared: answersSeen.filter((answer) => !known.has(answer)),
  };
}

/** @returns How many operations have answered with a status below 400. */
function countCovered(seen: Readonly<Record<string, readonly number[]>>): number {
  return Object.values(seen).filter(succeeded).length;
}

function succeeded(statuses: readonly number[] = []): boolean {
  return statuses.some((status) => status < 400);
}

function pairs(statusesOf: Readonly<Record<string, readonly number[]>>): readonly string[] {
  return Object.entries(statusesOf).flatMap(([operation, statuses]) =>
    statuses.map((status) => `${operation} ${status}`),
  );
}

function union(
  maps: readonly Readonly<Record<string, readonly number[]>>[],
): Record<string, readonly number[]> {
  const found = new Map<string, Set<number>>();
  for (const [operation, statuses] of maps.flatMap((map) => Object.entries(map))) {
    const known = found.get(operation) ?? new Set();
    for (const status of statuses) known.add(status);
    found.set(operation, known);
  }
  return Object.fromEntries(
    [...found].map(([operation, statuses]) => [operation, [...statuses].sort((a, b) => a - b)]),
  );
}

// Which records belong together.

/** @returns The records of each scenario, in their order. */
export function byScenario(
  records: readonly ScenarioRecord[],
): ReadonlyMap<string, readonly ScenarioRecord[]> {
  const groups = new Map<string, ScenarioRecord[]>();
  for (const record of records) {
    const group = groups.get(record.scenario);
    if (group === undefined) groups.set(record.scenario, [record]);
    else group.push(record);
  }
  return groups;
}

/** @returns The records of the latest command among them: one for each seed it ran. */
export function ofLatestRun(records: readonly ScenarioRecord[]): readonly ScenarioRecord[] {
  const latest = records.at(-1);
  return latest === undefined ? [] : records.filter(({ run }) => run === latest.run);
}

// The statistics that a history is judged by.

/** @returns The middle value, or the mean of the two middle ones; NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? Number.NaN) + upper) / 2 : upper;
}

/**
 * The rate that lies below the true one with the given confidence: the one-sided exact interval of
 * C. J. Clopper and E. S. Pearson, "The use of confidence or fiducial limits illustrated in the case of the
 * binomial", Biometrika 26 (1934), pages 404 to 413; as a quantile of the beta distribution, B(1 - confidence;
 * failures, runs - failures + 1).
 *
 * @param confidence - Above 0 and below 1.
 * @returns 0 when nothing failed.
 */
export function failureRateAtLeast(failures: number, runs: number, confidence: number): number {
  return failures === 0 ? 0 : jstat.beta.inv(1 - confidence, failures, runs - failures + 1);
}

/**
 * How many runs without a failure it takes to show, with the given confidence, that at most `rate` fail: the
 * smallest n with (1 - rate)^n <= 1 - confidence, the case of no failures of the same interval.
 */
export function runsToShow(rate: number, confidence: number): number {
  return Math.ceil(Math.log(1 - confidence) / Math.log(1 - rate));
}

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

// Turns the results of a run into the lines that its history keeps.

/** What all lines of one command share. */
export interface RunStamp {
  /** Unique to the command. */
  readonly run: string;
  /** When it started: ISO 8601, in UTC. */
  readonly at: string;
  /** Version of the simulator. */
  readonly version: string;
}

export function scenarioRecord(result: ScenarioResult, stamp: RunStamp): ScenarioRecord {
  const { name, seed, ok, virtualMs, wallMs, events, traceHash, resources, coverage, error } = result;
  return {
    kind: "scenario",
    format: recordFormat,
    ...stamp,
    scenario: name,
    seed,
    ok,
    ...(error === undefined ? {} : { error: error.code }),
    virtualMs,
    wallMs: Math.round(wallMs * 1000) / 1000,
    events,
    traceHash,
    ...(resources === undefined ? {} : { resources: { ...resources } }),
    ...(coverage === undefined ? {} : { coverage: seenIn(coverage) }),
  };
}

/** @param complete - Whether every scenario took part; only such runs are held to a coverage. */
export function runRecord(results: readonly ScenarioResult[], complete: boolean, stamp: RunStamp): RunRecord {
  const parts = results.flatMap(({ coverage }) => (coverage === undefined ? [] : [coverage]));
  return {
    kind: "run",
    format: recordFormat,
    ...stamp,
    complete,
    scenarios: results.length,
    failed: results.filter(({ ok }) => !ok).length,
    wallMs: Math.round(results.reduce((sum, { wallMs }) => sum + wallMs, 0)),
    ...(parts.length === 0 ? {} : { coverage: summarizeCoverage(mergeCoverage(parts)) }),
  };
}

function seenIn({ declared, seen }: ApiCoverage): NonNullable<ScenarioRecord["coverage"]> {
  const copy: Record<string, number[]> = {};
  for (const [operation, statuses] of Object.entries(seen)) copy[operation] = [...statuses];
  return { operations: Object.keys(declared).length, seen: copy };
}
