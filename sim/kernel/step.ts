/** What happened, as one record for each event that ran. */

/** What kind of event ran. */
export type StepKind = "timer" | "message" | "task" | "fault" | "foreign";

/** One executed event. */
export interface Step {
  /** Position in the run, from 1. */
  readonly index: number;
  /** Virtual microseconds since the world began. */
  readonly atUs: number;
  /** The host it ran on; empty for the world itself. */
  readonly host: string;
  readonly kind: StepKind;
  /** Stable name, such as `sql/insert-experiment`. */
  readonly label: string;
  /** Index of the step during which this one was scheduled; 0 when it came from the test. */
  readonly cause: number;
  /** 32-bit digest of what was carried; 0 when nothing was. */
  readonly digest: number;
}

/** Prints a step on one line: time, host, kind and label. */
export function formatStep(step: Step): string {
  const time = (step.atUs / 1000).toFixed(3).padStart(12);
  return `${time} ms  ${step.host.padEnd(14)} ${step.kind.padEnd(8)} ${step.label}`;
}
