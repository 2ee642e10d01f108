/** A run in words: what struck, what went out of the ordinary, and how it ended. */
import type { Deviation } from "../kernel/index.js";

export interface StoryParts {
  /** Faults that struck, with their virtual milliseconds, in order. */
  readonly faults: readonly { readonly name: string; readonly atMs: number }[];
  /** Answers that were not the dull ones. */
  readonly deviations: readonly Deviation[];
  /** What broke, in words. */
  readonly problem: string;
  /** Virtual milliseconds at which it ended. */
  readonly endMs: number;
}

/** Deviations of one kind that are told one by one; more are counted. */
const toldMax = 8;

/** @returns Lines to print. */
export function tellStory({ faults, deviations, problem, endMs }: StoryParts): readonly string[] {
  const lines = faults.map(({ name, atMs }) => `${at(atMs)} the fault strikes: ${name}`);
  const rest = deviations.filter(({ label }) => !label.startsWith("fault/"));
  for (const kind of ["fault", "timing", "target", "order", "latency"] as const) {
    const told = rest.filter((deviation) => deviation.kind === kind).map(describe);
    lines.push(...told.slice(0, toldMax).map((text) => `${" ".repeat(11)} ${text}`));
    if (told.length > toldMax) lines.push(`${" ".repeat(11)} and ${told.length - toldMax} more of that kind`);
  }
  if (lines.length === 0) lines.push(`${" ".repeat(11)} nothing out of the ordinary happens`);
  return [...lines, `${at(endMs)} ${problem.split("\n")[0] ?? ""}`];
}

function at(ms: number): string {
  return `${(ms / 1000).toFixed(3).padStart(9)} s`;
}

function describe({ kind, label, occurrence, value }: Deviation): string {
  const which = occurrence === 0 ? "" : ` (time ${occurrence + 1})`;
  if (kind === "order")
    return `out of order: number ${value} goes before ${label.replace("order/", "")}${which}`;
  if (kind === "latency") return `slow, ${value} of 15: ${label.replace("/latency", "")}${which}`;
  if (kind === "target") return `replica ${value} serves ${label.replace("/replica", "")}${which}`;
  if (kind === "fault") return `it happens: ${label.replace("workload/", "")}${which}`;
  return `the workload takes ${value} for ${label.replace("workload/", "")}${which}`;
}
