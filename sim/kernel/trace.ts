/** Keeps what happened for people: steps and log lines, in memory, only as many as asked for. */
import type { LogFields } from "../../src/ports/index.js";
import type { Decision, Step } from "./index.js";

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

// A run in words: which faults were injected, which decisions were not the default ones, and how it ended.

export interface StoryParts {
  /** Faults that were injected, with their virtual milliseconds, in order. */
  readonly faults: readonly { readonly name: string; readonly atMs: number }[];
  /** Decisions that were not the default ones. */
  readonly decisions: readonly Decision[];
  /** What a decision was about, where it is known. @default it is never known */
  readonly explain?: (decision: Decision) => string | undefined;
  /** What broke, in words. */
  readonly problem: string;
  /** Virtual milliseconds at which it ended. */
  readonly endMs: number;
}

/** How many delays a message can have: as the network samples them. */
const latencyLevels = 16;

/** Decisions of one kind that are described one by one; more are counted. */
const shownMax = 8;

/** @returns Lines to print. */
export function formatStory({
  faults,
  decisions,
  explain = () => undefined,
  problem,
  endMs,
}: StoryParts): readonly string[] {
  const lines = faults.map(({ name, atMs }) => `${at(atMs)} injected: ${name}`);
  const rest = decisions.filter(({ label }) => !label.startsWith("fault/"));
  for (const kind of ["fault", "timing", "target", "order", "latency"] as const) {
    const shown = rest
      .filter((decision) => decision.kind === kind)
      .map((each) => describe(each, explain(each)));
    lines.push(...shown.slice(0, shownMax).map((text) => `${" ".repeat(11)} ${text}`));
    if (shown.length > shownMax)
      lines.push(`${" ".repeat(11)} and ${shown.length - shownMax} more of that kind`);
  }
  if (lines.length === 0)
    lines.push(`${" ".repeat(11)} no fault and no reordering needed: it fails on the default schedule`);
  return [...lines, `${at(endMs)} ${problem.split("\n")[0] ?? ""}`];
}

function at(ms: number): string {
  return `${(ms / 1000).toFixed(3).padStart(9)} s`;
}

function describe({ kind, label, occurrence, value }: Decision, about: string | undefined): string {
  const nth = ordinal(occurrence + 1);
  const again = occurrence === 0 ? "" : `, ${nth} time`;
  if (kind === "order" && about !== undefined) return `reordered: ${about}${again}`;
  if (kind === "order")
    return `reordered: the ${ordinal(value + 1)} event of the run queue ran before ${label.replace("order/", "")}${again}`;
  if (kind === "latency") return `the ${nth} message ${messageOf(label, about)} took ${delay(value)}`;
  if (kind === "target") return `replica ${value} served ${label.replace("/replica", "")}${again}`;
  if (kind === "fault") return `happened: ${label.replace("workload/", "")}${again}`;
  return `the workload chose ${value} for ${label.replace("workload/", "")}${again}`;
}

/** `client>gateway-0/GET /health/latency` as `client -> gateway-0 (GET /health)`. */
function messageOf(label: string, about: string | undefined): string {
  const [route = "", ...rest] = label.replace("/latency", "").split("/");
  const message = about ?? rest.join("/");
  return `${route.replace(">", " -> ")}${message === "" ? "" : ` (${message})`}`;
}

/** Delays spread quadratically between the shortest and the longest of the link: see the network's links. */
function delay(level: number): string {
  if (level === latencyLevels - 1) return "the longest delay allowed";
  return `${Math.round((level / (latencyLevels - 1)) ** 2 * 100)} % of the longest delay`;
}

function ordinal(n: number): string {
  const ending = n % 100 >= 11 && n % 100 <= 13 ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[n % 10] ?? "th");
  return `${n}${ending}`;
}
