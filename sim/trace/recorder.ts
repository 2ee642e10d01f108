/** Keeps what happened for people: steps and log lines, in memory, only as many as asked for. */
import type { LogFields } from "../../src/ports/index.js";
import type { Step } from "../kernel/index.js";

export type LogLevel = "debug" | "info" | "warn" | "error";

/** One line a service logged. */
export interface LogLine {
  /** Virtual milliseconds since the world began. */
  readonly atMs: number;
  readonly host: string;
  readonly level: LogLevel;
  readonly message: string;
  readonly fields: LogFields;
}

export interface Recorder {
  readonly keepsSteps: boolean;
  /** Steps kept so far, oldest first; empty unless `keepSteps` was set. */
  readonly steps: readonly Step[];
  /** The last log lines, oldest first. */
  readonly lines: readonly LogLine[];
  /** Statuses the gateway answered with, by method and path with ids replaced. */
  readonly answers: ReadonlyMap<string, ReadonlySet<number>>;
  step(step: Step): void;
  /** @param route - Such as `GET /api/v1/experiments/:id`. */
  answered(route: string, status: number): void;
  line(line: LogLine): void;
}

export interface RecorderOptions {
  /** Keep every step. @default false */
  readonly keepSteps?: boolean;
  /** Log lines kept; older ones are dropped. @default 1_000 */
  readonly linesMax?: number;
  /** Gets each log line as it is written. */
  readonly onLine?: ((line: LogLine) => void) | undefined;
}

export function createRecorder({
  keepSteps = false,
  linesMax = 1_000,
  onLine,
}: RecorderOptions = {}): Recorder {
  const steps: Step[] = [];
  const answers = new Map<string, Set<number>>();
  let lines: LogLine[] = [];
  return {
    keepsSteps: keepSteps,
    steps,
    get lines() {
      return lines.slice(-linesMax);
    },
    answers,
    answered(route, status) {
      const statuses = answers.get(route);
      if (statuses === undefined) answers.set(route, new Set([status]));
      else statuses.add(status);
    },
    step(step) {
      if (keepSteps) steps.push(step);
    },
    line(line) {
      lines.push(line);
      // Trimmed in large bites, so that a chatty service costs no copy per line.
      if (lines.length > 2 * linesMax) lines = lines.slice(-linesMax);
      onLine?.(line);
    },
  };
}

/** Prints a line: virtual time, host, level, message, then fields as `key=value`. */
export function formatLine({ atMs, host, level, message, fields }: LogLine): string {
  const pairs = Object.entries(fields).map(([key, value]) => `${key}=${String(value)}`);
  return [
    `${(atMs / 1000).toFixed(3).padStart(9)}s`,
    host.padEnd(13),
    level.padEnd(5),
    message,
    ...pairs,
  ].join(" ");
}
