/** Turns the results of a run into the lines that its history keeps. */
import type { ApiCoverage, ScenarioResult } from "../scenarios/index.js";
import { mergeCoverage, summarizeCoverage } from "./coverage.js";
import { type RunRecord, type ScenarioRecord, recordFormat } from "./record.js";

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
