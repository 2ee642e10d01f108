/** Evaluates every group at its own moment of its interval. */
import type { Clock, Logger } from "../../../../src/ports/index.js";
import type { PrometheusConfig } from "../config.js";
import { EMPTY_LABELS, METRIC_NAME, compareText, type Labels } from "../labels.js";
import type { Engine, VectorSample } from "../promql/index.js";
import type { Series, Storage } from "../storage.js";
import type { Rule, RuleGroup } from "./rule-file.js";
import { expandAlertTemplate } from "./template/index.js";

// Takes up alerts where an earlier process left them, so that a restart does not begin `for` anew.

const OUTAGE_TOLERANCE_MS = 3_600_000;
const GRACE_MS = 600_000;

/** Changes `activeAtMs` of the alerts that ALERTS_FOR_STATE remembers from the last hour. */
function restoreAlerts(state: RuleState, storage: Storage, timeMs: number): void {
  if (state.rule.kind !== "alerting") return;
  const { forMs } = state.rule;
  for (const alert of state.alerts.values()) {
    const series = storage.series(alert.labels.with(METRIC_NAME, "ALERTS_FOR_STATE"));
    const last = series.firstAfter(timeMs) - 1;
    if (last < 0 || series.isStale(last)) continue;
    const downAtMs = series.timeAt(last);
    if (downAtMs < timeMs - OUTAGE_TOLERANCE_MS) continue;
    const activeAtMs = series.valueAt(last) * 1000;
    const remainingMs = forMs - (downAtMs - activeAtMs);
    if (remainingMs <= 0) alert.activeAtMs = activeAtMs;
    else if (remainingMs < GRACE_MS) alert.activeAtMs = timeMs + GRACE_MS - forMs;
    else alert.activeAtMs = activeAtMs + (timeMs - downAtMs);
  }
}

// The alerts of one alerting rule over time: pending, firing, and what is kept of them afterwards.

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
type AnnotationTexts = readonly (readonly [name: string, text: string])[];

/** A sample that a rule writes. */
interface RuleSample {
  readonly labels: Labels;
  readonly value: number;
}

type AlertingRule = Extract<Rule, { kind: "alerting" }>;

// Resolved alerts are remembered for a while, as the real server does for its receivers.
const RESOLVED_RETENTION_MS = 900_000;

/** @throws Error when two results become the same alert. */
function advanceAlerts(
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
function alertSamples(alert: Alert): RuleSample[] {
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

// Evaluates the rules of one group, one after the other, and writes what they yield.

/** How a rule did. */
export interface RuleState {
  readonly rule: Rule;
  readonly alerts: Map<string, Alert>;
  health: "unknown" | "ok" | "err";
  lastError: string;
  lastEvaluationMs: number | undefined;
  written: Map<string, Series>;
  restored: boolean;
}

export interface GroupEvaluator {
  readonly group: RuleGroup;
  readonly rules: readonly RuleState[];
  lastEvaluationMs: number | undefined;
  /** Evaluates every rule at one moment. A rule that fails leaves the others alone. */
  evaluate(timeMs: number): void;
}

export interface GroupEvaluatorOptions {
  readonly engine: Engine;
  readonly storage: Storage;
  readonly externalLabels: Readonly<Record<string, string>>;
  /** What templates see as `$externalURL`. @default "" */
  readonly externalUrl?: string;
  /** Whether pending alerts of an earlier process are taken up again. */
  readonly restore: boolean;
}

// Below this an alert is not worth restoring; the same bound as the server's grace period.
const RESTORE_FROM_MS = 600_000;

/** @returns An evaluator that has not run yet. */
export function createGroupEvaluator(group: RuleGroup, options: GroupEvaluatorOptions): GroupEvaluator {
  const { engine, storage } = options;
  const rules: RuleState[] = group.rules.map((rule) => ({
    rule,
    alerts: new Map(),
    health: "unknown",
    lastError: "",
    lastEvaluationMs: undefined,
    written: new Map(),
    restored: !options.restore || rule.kind === "recording" || rule.forMs < RESTORE_FROM_MS,
  }));
  let evaluations = 0;

  function samplesOf(expr: string, timeMs: number): readonly VectorSample[] {
    const result = engine.instant(storage, expr, timeMs);
    if (result.type === "vector") return result.samples;
    if (result.type === "scalar") return [{ labels: EMPTY_LABELS, value: result.value }];
    throw new Error("rule result is not a vector or scalar");
  }

  function evaluateAlerts(rule: AlertingRule, state: RuleState, timeMs: number): RuleSample[] {
    const query = (expr: string) =>
      samplesOf(expr, timeMs - group.queryOffsetMs).map(({ labels, value }) => ({
        labels: labels.toObject(),
        value,
      }));
    const expand = (template: string, { labels, value }: VectorSample): string => {
      const data = {
        labels: labels.toObject(),
        externalLabels: options.externalLabels,
        externalUrl: options.externalUrl ?? "",
        value,
        nowMs: timeMs,
        query,
      };
      return expandAlertTemplate(template, data, rule.name, engine.dialect);
    };
    advanceAlerts(state.alerts, rule, samplesOf(rule.expr, timeMs - group.queryOffsetMs), timeMs, expand);
    const current = [...state.alerts.values()].filter((alert) => alert.state !== "inactive");
    checkLimit(group.limit, current.length, "alerts");
    return state.restored ? current.flatMap(alertSamples) : [];
  }

  function evaluateRule(state: RuleState, timeMs: number): void {
    const { rule } = state;
    state.lastEvaluationMs = timeMs;
    try {
      const samples =
        rule.kind === "alerting"
          ? evaluateAlerts(rule, state, timeMs)
          : recordedSamples(rule, samplesOf(rule.expr, timeMs - group.queryOffsetMs), group.limit);
      write(state, samples, timeMs - group.queryOffsetMs);
      state.health = "ok";
      state.lastError = "";
    } catch (error) {
      state.health = "err";
      state.lastError = error instanceof Error ? error.message : String(error);
    }
  }

  function write(state: RuleState, samples: readonly RuleSample[], timeMs: number): void {
    const written = new Map<string, Series>();
    for (const { labels, value } of samples) {
      const series = state.written.get(labels.key) ?? storage.series(labels);
      storage.append(series, timeMs, value);
      written.set(labels.key, series);
    }
    for (const [key, series] of state.written) {
      if (!written.has(key)) storage.append(series, timeMs, 0, true);
    }
    state.written = written;
  }

  return {
    group,
    rules,
    lastEvaluationMs: undefined,
    evaluate(timeMs) {
      this.lastEvaluationMs = timeMs;
      for (const state of rules) evaluateRule(state, timeMs);
      evaluations += 1;
      // The second evaluation knows which alerts are active; only then can they be matched with the past.
      if (evaluations !== 2) return;
      for (const state of rules) {
        if (!state.restored) restoreAlerts(state, storage, timeMs);
        state.restored = true;
      }
    },
  };
}

function recordedSamples(
  rule: Extract<Rule, { kind: "recording" }>,
  samples: readonly VectorSample[],
  limit: number,
): RuleSample[] {
  const seen = new Set<string>();
  const recorded = samples.map(({ labels, value }) => ({
    labels: labels.withAll([[METRIC_NAME, rule.name], ...Object.entries(rule.labels)]),
    value,
  }));
  for (const { labels } of recorded) {
    if (seen.has(labels.key))
      throw new Error("vector contains metrics with the same labelset after applying rule labels");
    seen.add(labels.key);
  }
  checkLimit(limit, recorded.length, "series");
  return recorded;
}

function checkLimit(limit: number, found: number, what: string): void {
  if (limit > 0 && found > limit) throw new Error(`exceeded limit of ${limit} with ${found} ${what}`);
}

export interface RuleManagerOptions {
  readonly config: PrometheusConfig;
  readonly engine: Engine;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface RuleManager {
  readonly groups: readonly GroupEvaluator[];
  /** Interval of a group in milliseconds. */
  intervalMs(group: GroupEvaluator): number;
  start(): void;
  stop(): void;
}

/** @returns A manager that is not started. */
export function createRuleManager({
  config,
  engine,
  storage,
  clock,
  logger,
}: RuleManagerOptions): RuleManager {
  const groups = config.ruleGroups.map((group) =>
    createGroupEvaluator(group, { engine, storage, externalLabels: config.externalLabels, restore: true }),
  );
  const cancels = new Map<GroupEvaluator, () => void>();
  const intervalOf = ({ group }: GroupEvaluator): number => group.intervalMs ?? config.evaluationIntervalMs;

  function schedule(evaluator: GroupEvaluator, dueMs: number): void {
    const delayMs = Math.max(0, dueMs - clock.monotonic());
    const run = (): void => {
      evaluator.evaluate(Math.round(clock.now()));
      for (const { rule, health, lastError } of evaluator.rules) {
        if (health === "err") logger.warn("rule failed", { rule: rule.name, error: lastError });
      }
      schedule(evaluator, dueMs + intervalOf(evaluator));
    };
    cancels.set(evaluator, clock.setTimer(delayMs, "rules", run));
  }

  return {
    groups,
    intervalMs: intervalOf,
    start() {
      for (const evaluator of groups) {
        const intervalMs = intervalOf(evaluator);
        const { file, name } = evaluator.group;
        const offsetMs = hashText(`${file}\u0000${name}`) % intervalMs;
        const waitMs = (offsetMs - (clock.now() % intervalMs) + intervalMs) % intervalMs;
        schedule(evaluator, clock.monotonic() + waitMs);
      }
    },
    stop() {
      for (const cancel of cancels.values()) cancel();
      cancels.clear();
    },
  };
}

/** FNV-1a, so that a group keeps its moment from run to run. */
function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193) >>> 0;
  }
  return hash;
}
