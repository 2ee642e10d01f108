/** From the labels of an exposed sample to those of the stored series. */
import { relabel, type RelabelRule } from "../config/index.js";
import { labelsOf, METRIC_NAME, withName, type Labels } from "../labels/index.js";
import { formatGeneral, parseGoFloat, type Dialect } from "../promql/index.js";
import { ExpositionError } from "./exposition-error.js";
import type { LabelSet } from "./label-sets.js";
import { typeOf, type MetadataByFamily } from "./metadata.js";
import { withinLimits, type LabelLimits } from "./label-limits.js";
import type { TextPool } from "./text-pool.js";

export interface SampleLabelOptions {
  readonly target: Labels;
  readonly honorLabels: boolean;
  readonly rules: readonly RelabelRule[];
  readonly metadata: MetadataByFamily;
  readonly dialect: Dialect;
  readonly texts: TextPool;
  readonly limits: LabelLimits;
}

/** Labels whose value is written differently for metrics of some types. */
const BOUNDS: ReadonlySet<string> = new Set(["le", "quantile"]);

/**
 * Joins the labels of a sample with those of its target and relabels them.
 *
 * @returns Undefined when a rule drops the sample.
 * @throws ExpositionError when relabelling takes the name away.
 */
export function sampleLabels(
  name: string | undefined,
  set: LabelSet,
  options: SampleLabelOptions,
): Labels | undefined {
  set.stored ??= storedOnce(set, options);
  if (name !== undefined && set.stored !== "differs by name")
    return withinLimits(withName(set.stored, options.texts.keep(name)), options.limits);
  const labels = exposedLabels(set, options.texts, name);
  if (options.dialect === 3) normaliseBounds(labels, options.metadata);
  joinTarget(labels, options.target, options.honorLabels);
  const result = relabel(labelsOf(labels), options.rules);
  if (result === undefined || result.pairs.length === 0) return undefined;
  if (result.get(METRIC_NAME) === "") throw new ExpositionError("missing metric name (__name__ label)");
  return withinLimits(result, options.limits);
}

/** What every metric with these labels has in common. */
function storedOnce(set: LabelSet, options: SampleLabelOptions): NonNullable<LabelSet["stored"]> {
  const { target, honorLabels, rules, texts } = options;
  const special = set.labels.some(([name]) => name === METRIC_NAME || BOUNDS.has(name));
  if (special || rules.length > 0) return "differs by name";
  const labels = exposedLabels(set, texts);
  joinTarget(labels, target, honorLabels);
  return labelsOf(labels);
}

function exposedLabels(set: LabelSet, texts: TextPool, metric?: string): Map<string, string> {
  const labels = new Map<string, string>();
  if (metric !== undefined) labels.set(METRIC_NAME, texts.keep(metric));
  for (const [name, value] of set.labels) labels.set(texts.keep(name), texts.keep(value));
  return labels;
}

/** The labels of a series about a target itself, such as `up`. */
export function reportLabels(name: string, target: Labels): Labels {
  const labels = new Map([[METRIC_NAME, name]]);
  joinTarget(labels, target, false);
  return labelsOf(labels);
}

function joinTarget(labels: Map<string, string>, target: Labels, honorLabels: boolean): void {
  const moved: [string, string][] = [];
  for (const [name, value] of target.entries()) {
    const exposed = labels.get(name) ?? "";
    if (honorLabels) {
      if (!labels.has(name)) labels.set(name, value);
      continue;
    }
    if (exposed !== "") moved.push([name, exposed]);
    labels.set(name, value);
  }
  for (const [name, value] of moved) {
    let free = `exported_${name}`;
    while ((labels.get(free) ?? "") !== "") free = `exported_${free}`;
    labels.set(free, value);
  }
}

/** Since version 3 bounds of buckets and quantiles are always written as floats. */
function normaliseBounds(labels: Map<string, string>, metadata: MetadataByFamily): void {
  const type = typeOf(metadata, labels.get(METRIC_NAME) ?? "");
  const label = { histogram: "le", gaugehistogram: "le", summary: "quantile" }[type];
  const text = label === undefined ? undefined : labels.get(label);
  const value = text === undefined ? undefined : parseGoFloat(text);
  if (label === undefined || value === undefined) return;
  labels.set(label, openMetricsFloat(value));
}

function openMetricsFloat(value: number): string {
  const text = formatGeneral(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}
