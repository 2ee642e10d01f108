/** Compares what rules and expressions gave with what a test expects. */
import { compareLabels, compareText, goQuote, labelsOf, type Labels } from "../labels/index.js";
import { formatDuration, type Engine } from "../promql/index.js";
import type { GroupEvaluator } from "../rules/index.js";
import type { Storage } from "../storage/index.js";
import { diffOf } from "./diff.js";
import { parseSeriesLabels } from "./series-notation.js";
import type { AlertTest, ExprTest } from "./test-file.js";

export interface CheckOptions {
  readonly engine: Engine;
  readonly storage: Storage;
  /** When the test begins. */
  readonly startMs: number;
  /** Whether the nearest other number is equal, too. */
  readonly fuzzy: boolean;
  readonly diff: boolean;
  /** Of the test; empty when it has none. */
  readonly name: string;
}

/** Names and values, sorted by name; empty values count. */
type Texts = readonly (readonly [string, string])[];

interface AlertTexts {
  readonly labels: Texts;
  readonly annotations: Texts;
}

/** @returns What is wrong with the alerts of that name that fire now. */
export function checkAlerts(
  { alertname, eval_time: evalTime, exp_alerts: wanted }: AlertTest,
  evaluators: readonly GroupEvaluator[],
  { diff, name }: CheckOptions,
): string[] {
  const got = evaluators
    .flatMap(({ rules }) => rules)
    .filter(({ rule }) => rule.kind === "alerting" && rule.name === alertname)
    .flatMap(({ alerts }) => [...alerts.values()].filter(({ state }) => state === "firing"))
    .map(({ labels, annotations }) => ({ labels: [...labels.entries()], annotations }));
  const expected = wanted.map(({ exp_labels: labels, exp_annotations: annotations }) => ({
    labels: sorted(Object.entries({ ...labels, alertname })),
    annotations: sorted(Object.entries(annotations)),
  }));
  const [ours, theirs] = [sortedAlerts(got), sortedAlerts(expected)];
  if (JSON.stringify(ours) === JSON.stringify(theirs)) return [];
  const head = name === "" ? "" : `name: ${name},\n    `;
  const where = `${head}alertname: ${alertname}, time: ${formatDuration(evalTime ?? 0)}, `;
  if (diff)
    return [`${where}\n        diff: ${diffOf(theirs.map(objectOf), ours.map(objectOf), "        ")}`];
  return [`${where}\n        exp:${alertList(theirs)}, \n        got:${alertList(ours)}`];
}

function sorted(entries: Iterable<readonly [string, string]>): Texts {
  return [...entries].sort(([left], [right]) => compareText(left, right));
}

function sortedAlerts(alerts: readonly AlertTexts[]): AlertTexts[] {
  const key = (alert: AlertTexts): string =>
    [...alert.labels, ["\u0000", ""], ...alert.annotations].flat().join("\u0000");
  return [...alerts].sort((left, right) => compareText(key(left), key(right)));
}

function objectOf({ labels, annotations }: AlertTexts): unknown {
  return { Labels: Object.fromEntries(labels), Annotations: Object.fromEntries(annotations) };
}

function alertList(alerts: readonly AlertTexts[]): string {
  if (alerts.length === 0) return "[]";
  const shown = (texts: Texts): string =>
    `{${texts.map(([name, value]) => `${name}=${goQuote(value)}`).join(", ")}}`;
  const lines = alerts.map(
    ({ labels, annotations }, index) =>
      `\n            ${index}:\n              Labels:${shown(labels)}\n              Annotations:${shown(annotations)}`,
  );
  return `[${lines.join(",")}\n            ]`;
}

interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** @returns What is wrong with the value of the expression. */
export function checkExpression(test: ExprTest, options: CheckOptions): string[] {
  const where = `expr: ${goQuote(test.expr)}, time: ${formatDuration(test.eval_time ?? 0)}`;
  let got: Sample[];
  let expected: Sample[];
  try {
    got = samplesAt(test, options);
    expected = test.exp_samples.map((sample) => expectedSample(sample, options.engine));
  } catch (error) {
    return [`${where}, err: ${error instanceof Error ? error.message : String(error)}`];
  }
  const byLabels = (left: Sample, right: Sample): number => compareLabels(left.labels, right.labels);
  got.sort(byLabels);
  expected.sort(byLabels);
  const same =
    got.length === expected.length &&
    got.every((sample, index) => {
      const wanted = expected[index];
      return wanted?.labels.key === sample.labels.key && sameValue(wanted.value, sample.value, options.fuzzy);
    });
  return same ? [] : [`${where},\n        exp: ${samplesText(expected)}\n        got: ${samplesText(got)}`];
}

function expectedSample(
  { labels, value, histogram = "" }: ExprTest["exp_samples"][number],
  engine: Engine,
): Sample {
  if (histogram !== "") throw new Error("native histograms are not supported in rule tests");
  try {
    return { labels: parseSeriesLabels(labels, engine), value };
  } catch (error) {
    throw new Error(`labels ${goQuote(labels)}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function samplesAt(
  { expr, eval_time: evalTime }: ExprTest,
  { engine, storage, startMs }: CheckOptions,
): Sample[] {
  const result = engine.instant(storage, expr, startMs + (evalTime ?? 0));
  if (result.type === "vector") return [...result.samples];
  if (result.type === "scalar") return [{ labels: labelsOf([]), value: result.value }];
  throw new Error("rule result is not a vector or scalar");
}

/** As Go compares: NaN equals nothing. */
function sameValue(left: number, right: number, fuzzy: boolean): boolean {
  return left === right || (fuzzy && areNeighbours(left, right));
}

/** Whether no other number stands between the two. */
function areNeighbours(left: number, right: number): boolean {
  if (Number.isNaN(left) || Number.isNaN(right)) return false;
  const difference = orderOf(left) - orderOf(right);
  return difference >= -1n && difference <= 1n;
}

/** Numbers counted from the smallest to the largest. */
function orderOf(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigInt64(0);
  return bits >= 0n ? bits : -(bits & 0x7fffffffffffffffn);
}

function samplesText(samples: readonly Sample[]): string {
  if (samples.length === 0) return "nil";
  return samples.map(({ labels, value }) => `${labels.toString()} ${exponentText(value)}`).join(", ");
}

/** Go's `E` format with as many digits as needed. */
function exponentText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return value
    .toExponential()
    .replace(/e([+-])(\d)$/, "e$10$2")
    .toUpperCase();
}
