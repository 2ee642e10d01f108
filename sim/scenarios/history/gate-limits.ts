/** The limits a history is held to. */
import { SimError } from "../../errors.js";

export interface GateLimits {
  /** Share of runs that may fail, from 0 to 1. */
  readonly failureRateMax: number;
  /** How certain an alert about the failure rate must be, from 0 to 1. */
  readonly confidence: number;
  /** Latest runs of a scenario that count towards its failure rate. */
  readonly failureRuns: number;
  /** Wall time of a run, in medians of the runs before. */
  readonly timeFactorMax: number;
  /** Runs in a row that must be too slow before it is an alert. */
  readonly slowRuns: number;
  /** Runs that make a median: at most this many, the latest ones. */
  readonly baselineRuns: number;
  /** Fewer runs than this make no median of wall times. */
  readonly baselineRunsMin: number;
  /** Deterministic counters, in medians of earlier runs with the same seed and version. */
  readonly counterFactorMax: number;
  /** Bytes of heap in use at the end of one run. */
  readonly heapBytesMax: number;
  /** Events of one run. */
  readonly eventsMax: number;
  /** SQL statements of one run. */
  readonly sqlStatementsMax: number;
  /** Handles of the process left open by one run. */
  readonly openHandlesMax: number;
  /** Share of the API's operations that a complete run must cover, from 0 to 1. */
  readonly coverageMin: number;
}

export const defaultGateLimits: GateLimits = {
  failureRateMax: 0.05,
  confidence: 0.95,
  failureRuns: 200,
  timeFactorMax: 2,
  slowRuns: 3,
  baselineRuns: 20,
  baselineRunsMin: 5,
  counterFactorMax: 1.2,
  heapBytesMax: 2 ** 30,
  eventsMax: 40_000_000,
  sqlStatementsMax: 5_000_000,
  openHandlesMax: 0,
  coverageMin: 0.9,
};

const shares: ReadonlySet<string> = new Set(["failureRateMax", "confidence", "coverageMin"]);

/** Fills in defaults. @throws SimError `SIM_OPTION_INVALID` naming the limit and the value found. */
export function resolveGateLimits(options: Partial<GateLimits> = {}): GateLimits {
  const limits: GateLimits = { ...defaultGateLimits, ...options };
  for (const [name, value] of Object.entries(limits)) {
    const most = shares.has(name) ? 1 : Number.MAX_SAFE_INTEGER;
    if (typeof value === "number" && value >= 0 && value <= most) continue;
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot use ${String(value)} as the limit ${name}.`,
      most === 1 ? "Give a share from 0 to 1." : "Give a number of 0 or more.",
    );
  }
  return Object.freeze(limits);
}
