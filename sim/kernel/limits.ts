/** The ends of a run: limits that turn one without an end into an error that names the culprit, and the others. */
import { SimError } from "../errors.js";

export interface LimitOptions {
  /** Events one world may run. @default 50_000_000 */
  readonly stepsMax?: number;
  /** Events that may run without time moving. @default 2_000_000 */
  readonly stepsAtOneInstantMax?: number;
  /** Virtual milliseconds one world may live. @default 7 days */
  readonly virtualMsMax?: number;
}

export type Limits = Readonly<Required<LimitOptions>>;

const defaults: Limits = {
  stepsMax: 50_000_000,
  stepsAtOneInstantMax: 2_000_000,
  virtualMsMax: 7 * 24 * 3_600_000,
};

/** Fills in defaults. @throws SimError `SIM_OPTION_INVALID` for a limit that is not a number above 0. */
export function resolveLimits(options: LimitOptions = {}): Limits {
  const limits = { ...defaults, ...options };
  for (const [name, value] of Object.entries(limits)) {
    if (typeof value === "number" && value > 0) continue;
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot use ${String(value)} as limits.${name}.`,
      "A limit is a number above 0; leave it out for the default.",
    );
  }
  return Object.freeze(limits);
}

/** Counts of events by label, for the error that a limit throws. */
export type LabelCounts = Iterable<readonly [label: string, count: number]>;

export function stepLimitError(limit: number, where: string, counts: LabelCounts): SimError {
  return new SimError(
    "SIM_STEP_LIMIT",
    `Stopped after ${limit} events ${where}. Most frequent: ${hottest(counts)}.`,
    "Something schedules itself without waiting. Look at the most frequent event; raise the limit only if the work is real.",
  );
}

export function timeLimitError(limitMs: number, pending: string, counts: LabelCounts): SimError {
  return new SimError(
    "SIM_TIME_LIMIT",
    `Stopped at the limit of ${limitMs} virtual ms while waiting for: ${pending}. Most frequent: ${hottest(counts)}.`,
    "What is awaited never comes. Give the wait a deadline of its own, or raise limits.virtualMsMax.",
  );
}

/** @param waits - What everybody waits for who needs time to move. */
export function deadlockError(nowMs: number, waits: readonly string[]): SimError {
  return new SimError(
    "SIM_DEADLOCK",
    `Nothing can run at ${nowMs} ms, and this waits:\n  ${waits.join("\n  ")}`,
    "Something must still be scheduled for a wait to end: a host that is up, a timer, a message on its way.",
  );
}

export function closedError(): SimError {
  return new SimError(
    "SIM_WORLD_CLOSED",
    "Cannot use this world: it was disposed.",
    "Create a new world, or await the work before the block of `await using` ends.",
  );
}

function hottest(counts: LabelCounts): string {
  const rows = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 3);
  return rows.map(([label, count]) => `${label} (${count})`).join(", ") || "none";
}
