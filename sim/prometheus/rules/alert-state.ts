/** The alerts of one alerting rule over time: pending, firing, and what is kept of them afterwards. */
import { compareText, METRIC_NAME, type Labels } from "../labels/index.js";
import type { VectorSample } from "../promql/index.js";
import type { Rule } from "./rule-file.js";

/** One alert that is pending or firing, or was. Times are milliseconds since the epoch. */
export interface Alert {
  readonly labels: Labels;
  /** Names and values, sorted by name. */
  annotations: AnnotationTexts;
  state: "inactive" | "pending" | "firing";
  activeAtMs: number;
  value: number;
  keepFiringSinceMs: number | undefined;
  resolvedAtMs: number | undefined;
}

/** Annotations: unlike labels, one without text is there. */
export type AnnotationTexts = readonly (readonly [name: string, text: string])[];

/** A sample that a rule writes. */
export interface RuleSample {
  readonly labels: Labels;
  readonly value: number;
}

export type AlertingRule = Extract<Rule, { kind: "alerting" }>;

// Resolved alerts are remembered for a while, as the real server does for its receivers.
const RESOLVED_RETENTION_MS = 900_000;

/** @throws Error when two results become the same alert. */
export function advanceAlerts(
  active: Map<string, Alert>,
  rule: AlertingRule,
  samples: readonly VectorSample[],
  timeMs: number,
  expand: (template: string, sample: VectorSample) => string,
): void {
  const current = new Map<string, Alert>();
  for (const sample of samples) {
    const alert = alertFor(rule, sample, timeMs, expand);
    if (current.has(alert.labels.key)) {
      throw new Error("vector contains metrics with the same labelset after applying alert labels");
    }
    current.set(alert.labels.key, alert);
  }
  for (const [key, alert] of current) {
    const known = active.get(key);
    if (known === undefined || known.state === "inactive") active.set(key, alert);
    else {
      known.value = alert.value;
      known.annotations = alert.annotations;
    }
  }
  for (const [key, alert] of active) {
    if (!advance(alert, rule, current.has(key), timeMs)) active.delete(key);
  }
}

/** The samples of an alert that is pending or firing. */
export function alertSamples(alert: Alert): RuleSample[] {
  const state = alert.labels.withAll([
    [METRIC_NAME, "ALERTS"],
    ["alertstate", alert.state],
  ]);
  const since = alert.labels.with(METRIC_NAME, "ALERTS_FOR_STATE");
  return [
    { labels: state, value: 1 },
    { labels: since, value: Math.trunc(alert.activeAtMs / 1000) },
  ];
}

function alertFor(
  rule: AlertingRule,
  sample: VectorSample,
  timeMs: number,
  expand: (template: string, sample: VectorSample) => string,
): Alert {
  const expandAll = (texts: Readonly<Record<string, string>>): [string, string][] =>
    Object.entries(texts).map(([name, text]) => [name, expand(text, sample)]);
  return {
    labels: sample.labels.withoutName().withAll([...expandAll(rule.labels), ["alertname", rule.name]]),
    annotations: expandAll(rule.annotations).sort(([left], [right]) => compareText(left, right)),
    state: "pending",
    activeAtMs: timeMs,
    value: sample.value,
    keepFiringSinceMs: undefined,
    resolvedAtMs: undefined,
  };
}

/** @returns False when the alert can be forgotten. */
function advance(alert: Alert, rule: AlertingRule, isActive: boolean, timeMs: number): boolean {
  if (isActive) alert.keepFiringSinceMs = undefined;
  else {
    let keepFiring = false;
    if (alert.state === "firing" && rule.keepFiringForMs > 0) {
      alert.keepFiringSinceMs ??= timeMs;
      keepFiring = timeMs - alert.keepFiringSinceMs < rule.keepFiringForMs;
    }
    if (!keepFiring) {
      if (alert.state === "pending") return false;
      if (alert.resolvedAtMs !== undefined) return timeMs - alert.resolvedAtMs <= RESOLVED_RETENTION_MS;
      alert.state = "inactive";
      alert.resolvedAtMs = timeMs;
      return true;
    }
  }
  if (alert.state === "pending" && timeMs - alert.activeAtMs >= rule.forMs) alert.state = "firing";
  return true;
}
