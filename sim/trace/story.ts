/** A run in words: which faults were injected, which decisions were not the default ones, and how it ended. */
import type { Deviation } from "../kernel/index.js";

export interface StoryParts {
  /** Faults that were injected, with their virtual milliseconds, in order. */
  readonly faults: readonly { readonly name: string; readonly atMs: number }[];
  /** Decisions that were not the default ones. */
  readonly deviations: readonly Deviation[];
  /** What broke, in words. */
  readonly problem: string;
  /** Virtual milliseconds at which it ended. */
  readonly endMs: number;
}

/** How many delays a message can have: as the network samples them. */
const latencyLevels = 16;

/** Decisions of one kind that are told one by one; more are counted. */
const toldMax = 8;

/** @returns Lines to print. */
export function tellStory({ faults, deviations, problem, endMs }: StoryParts): readonly string[] {
  const lines = faults.map(({ name, atMs }) => `${at(atMs)} injected: ${name}`);
  const rest = deviations.filter(({ label }) => !label.startsWith("fault/"));
  for (const kind of ["fault", "timing", "target", "order", "latency"] as const) {
    const told = rest.filter((deviation) => deviation.kind === kind).map(describe);
    lines.push(...told.slice(0, toldMax).map((text) => `${" ".repeat(11)} ${text}`));
    if (told.length > toldMax) lines.push(`${" ".repeat(11)} and ${told.length - toldMax} more of that kind`);
  }
  if (lines.length === 0)
    lines.push(`${" ".repeat(11)} no fault and no reordering needed: it fails on the default schedule`);
  return [...lines, `${at(endMs)} ${problem.split("\n")[0] ?? ""}`];
}

function at(ms: number): string {
  return `${(ms / 1000).toFixed(3).padStart(9)} s`;
}

function describe({ kind, label, occurrence, value }: Deviation): string {
  const nth = ordinal(occurrence + 1);
  const again = occurrence === 0 ? "" : `, ${nth} time`;
  if (kind === "order")
    return `reordered: the ${ordinal(value + 1)} event of the run queue ran before ${label.replace("order/", "")}${again}`;
  if (kind === "latency") return `the ${nth} message ${messageOf(label)} took ${delay(value)}`;
  if (kind === "target") return `replica ${value} served ${label.replace("/replica", "")}${again}`;
  if (kind === "fault") return `happened: ${label.replace("workload/", "")}${again}`;
  return `the workload chose ${value} for ${label.replace("workload/", "")}${again}`;
}

/** `client>postgres-0/stream/bytes/latency` as `client -> postgres-0 (stream/bytes)`. */
function messageOf(label: string): string {
  const [route = "", ...rest] = label.replace("/latency", "").split("/");
  const message = rest.join("/");
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
