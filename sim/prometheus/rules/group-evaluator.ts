/** Evaluates the rules of one group, one after the other, and writes what they yield. */
import { EMPTY_LABELS, METRIC_NAME } from "../labels/index.js";
import type { Engine, VectorSample } from "../promql/index.js";
import type { Series, Storage } from "../storage/index.js";
import {
  advanceAlerts,
  alertSamples,
  type Alert,
  type AlertingRule,
  type RuleSample,
} from "./alert-state.js";
import { restoreAlerts } from "./restore-alerts.js";
import type { Rule, RuleGroup } from "./rule-file.js";
import { expandAlertTemplate } from "./template/index.js";

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
