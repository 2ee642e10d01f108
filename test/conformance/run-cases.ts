/** Runs the commands of a case file against the engine, each case also in other shapes. */
import { labelsOf, type Labels } from "../../sim/servers/prometheus/labels.js";
import { createStorage, type Storage } from "../../sim/servers/prometheus/storage.js";
import {
  createEngine,
  type Dialect,
  type Engine,
  type Expr,
  type QueryResult,
} from "../../sim/servers/prometheus/promql/index.js";
import { pinTimes } from "./pin-times.js";
import { parseSeriesLabels, type SequenceValue } from "../../sim/servers/prometheus/promtest/index.js";
import type { Command, EvalCommand, LoadCommand } from "./case-file.js";

/** One case that did not give what it should. */
interface CaseFailure {
  readonly line: number;
  readonly query: string;
  readonly reason: string;
}

export interface CaseFileOutcome {
  readonly total: number;
  readonly failures: readonly CaseFailure[];
}

/** The options of the test engine of the original. */
function caseEngine(dialect: Dialect): Engine {
  return createEngine({
    dialect,
    delayedNameRemoval: dialect === 3,
    samplesMax: 100_000,
    experimentalFunctions: true,
  });
}

/** Runs all cases of a file in order. */
export function runCases(commands: readonly Command[], dialect: Dialect): CaseFileOutcome {
  const engine = caseEngine(dialect);
  let storage = createStorage({ retentionMs: Infinity });
  const failures: CaseFailure[] = [];
  let total = 0;
  for (const command of commands) {
    if (command.kind === "clear") storage = createStorage({ retentionMs: Infinity });
    else if (command.kind === "load") load(storage, command, engine);
    else {
      total += 1;
      const reason = runCase(engine, storage, command);
      if (reason !== undefined) failures.push({ line: command.line, query: command.query, reason });
    }
  }
  return { total, failures };
}

function load(storage: Storage, command: LoadCommand, engine: Engine): void {
  // Of two lines for one series in one block the second replaces the first.
  const rows = new Map(
    command.series
      .map(({ metric, values }) => [parseSeriesLabels(metric, engine), values] as const)
      .map(([labels, values]) => [labels.key, { labels, values }]),
  );
  for (const { labels, values } of rows.values()) {
    const series = storage.series(labels);
    values.forEach((value, index) => {
      if (value === undefined) return;
      storage.append(series, index * command.intervalMs, value === "stale" ? 0 : value, value === "stale");
    });
  }
}

function runCase(engine: Engine, storage: Storage, command: EvalCommand): string | undefined {
  if (command.needsHistograms) return "native histograms are expected, which are not supported";
  const fails = command.expectations.filter(({ what }) => what === "fail");
  let result: QueryResult;
  try {
    result = execute(engine, storage, command);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (fails.length === 0) return `failed: ${message}`;
    return fails.every((wanted) => satisfies(message, wanted)) ? undefined : `failed otherwise: ${message}`;
  }
  if (fails.length > 0) return "should have failed";
  return (
    checkNotes(result, command) ??
    checkResult(result, command, engine) ??
    checkShapes(engine, storage, command)
  );
}

function execute(
  engine: Engine,
  storage: Storage,
  { query, startMs, endMs, stepMs }: EvalCommand,
): QueryResult {
  return stepMs === 0
    ? engine.instant(storage, query, startMs)
    : engine.range(storage, query, startMs, endMs, stepMs);
}

function satisfies(
  found: string,
  { message, pattern }: { readonly message?: string; readonly pattern?: string },
): boolean {
  if (pattern !== undefined) return new RegExp(pattern).test(found);
  return message === undefined || found === message;
}

function checkNotes(result: QueryResult, { expectations }: EvalCommand): string | undefined {
  for (const [what, notes] of [
    ["warn", result.warnings],
    ["info", result.infos],
  ] as const) {
    const wanted = expectations.filter((expectation) => expectation.what === what);
    if (wanted.length > 0 && notes.length === 0) return `expected ${what}`;
    if (expectations.some((expectation) => expectation.what === `no_${what}`) && notes.length > 0) {
      return `expected no ${what}: ${notes.join()}`;
    }
    const stray =
      wanted.length === 0 ? undefined : notes.find((note) => !wanted.some((one) => satisfies(note, one)));
    if (stray !== undefined) return `unexpected ${what}: ${stray}`;
  }
  return undefined;
}

function checkResult(result: QueryResult, command: EvalCommand, engine: Engine): string | undefined {
  if (result.type === "string") return result.text === command.text ? undefined : `got string ${result.text}`;
  if (result.type === "scalar") {
    return command.scalar !== undefined && sameValue(result.value, command.scalar)
      ? undefined
      : `got ${result.value}`;
  }
  if (result.type === "vector") return checkVector(result, command, engine);
  return checkMatrix(result, command, engine);
}

function checkVector(
  { samples }: Extract<QueryResult, { type: "vector" }>,
  command: EvalCommand,
  engine: Engine,
): string | undefined {
  const got = samples.map(({ labels, value }) => `${labels.toString()} ${value}`).join("; ");
  if (samples.length !== command.series.length)
    return `got ${samples.length} of ${command.series.length}: ${got}`;
  const ordered = command.expectations.some(({ what }) => what === "ordered");
  for (const [index, { metric, values }] of command.series.entries()) {
    const { key } = parseSeriesLabels(metric, engine);
    const sample = ordered ? samples[index] : samples.find(({ labels }) => labels.key === key);
    const wanted = values[0];
    if (sample?.labels.key !== key || typeof wanted !== "number" || !sameValue(sample.value, wanted)) {
      return `wanted ${metric} ${String(wanted)}, got ${got}`;
    }
  }
  return undefined;
}

function checkMatrix(
  { series }: Extract<QueryResult, { type: "matrix" }>,
  command: EvalCommand,
  engine: Engine,
): string | undefined {
  const startMs = command.rangeStepMs === undefined ? command.startMs : command.rangeStartMs;
  const stepMs = command.rangeStepMs ?? command.stepMs;
  const wanted = new Map<string, Map<number, SequenceValue>>();
  for (const { metric, values } of command.series) {
    const points = new Map<number, SequenceValue>();
    values.forEach((value, index) => {
      if (value !== undefined) points.set(startMs + index * stepMs, value);
    });
    if (points.size > 0) wanted.set(parseSeriesLabels(metric, engine).key, points);
  }
  const got = series.map(({ labels, values }) => `${labels.toString()} ${values.join(" ")}`).join("; ");
  if (series.length !== wanted.size) return `got ${series.length} of ${wanted.size} series: ${got}`;
  for (const { labels, timestamps, values } of series) {
    const points = wanted.get(labels.key);
    const same =
      points?.size === values.length &&
      values.every((value, index) => {
        const point = points.get(timestamps[index] as number);
        return typeof point === "number" && sameValue(value, point);
      });
    if (!same) return `differs: ${got}`;
  }
  return undefined;
}

/** The same case as the middle of a range query, and with its selectors pinned to its time. */
function checkShapes(engine: Engine, storage: Storage, command: EvalCommand): string | undefined {
  const { query, startMs, stepMs, expectations, rangeStepMs, text } = command;
  const ordered = expectations.some(({ what }) => what === "ordered");
  if (stepMs !== 0 || ordered || rangeStepMs !== undefined || text !== undefined) return undefined;
  if (/\b(?:start|end|range|step)\(\)/.test(query)) return undefined;
  const range = engine.range(storage, query, startMs - 60_000, startMs + 60_000, 60_000);
  const middle =
    range.type === "matrix" ? range.series.filter(({ timestamps }) => timestamps.includes(startMs)) : [];
  const samples = middle.map(({ labels, timestamps, values }) => ({
    labels,
    value: values[timestamps.indexOf(startMs)] as number,
  }));
  const asRange = checkSamples(samples, command, engine);
  if (asRange !== undefined) return `as a range: ${asRange}`;
  return checkPinned(engine, storage, command);
}

function checkPinned(engine: Engine, storage: Storage, command: EvalCommand): string | undefined {
  const pinned: Expr | undefined = pinTimes(engine.parse(command.query), command.startMs);
  if (pinned === undefined) return undefined;
  for (const timeMs of [-86_400_000, 0, command.startMs + 1, command.startMs + 3_600_000, 10 ** 10]) {
    const result = engine.evaluateAt(storage, pinned, command.query, timeMs);
    const samples =
      result.type === "scalar"
        ? [{ labels: labelsOf([]), value: result.value }]
        : result.type === "vector"
          ? result.samples
          : [];
    const problem = checkSamples(samples, command, engine);
    if (problem !== undefined) return `pinned, at ${timeMs}: ${problem}`;
  }
  return undefined;
}

function checkSamples(
  samples: readonly { readonly labels: Labels; readonly value: number }[],
  command: EvalCommand,
  engine: Engine,
): string | undefined {
  const series = command.scalar === undefined ? command.series : [{ metric: "{}", values: [command.scalar] }];
  return checkVector(
    { type: "vector", timeMs: 0, samples, warnings: [], infos: [] },
    { ...command, series },
    engine,
  );
}

/** Equal up to rounding, as the original compares. */
function sameValue(left: number, right: number): boolean {
  if (Number.isNaN(left) || Number.isNaN(right)) return Number.isNaN(left) && Number.isNaN(right);
  if (left === right) return true;
  const difference = Math.abs(left - right);
  const smallest = 2.2250738585072014e-308;
  if (left === 0 || right === 0) return difference < 1e-6 * smallest;
  return difference / Math.min(Math.abs(left) + Math.abs(right), Number.MAX_VALUE) < 1e-6;
}
