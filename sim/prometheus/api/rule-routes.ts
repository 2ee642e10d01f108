/** /rules and /alerts. */
import type { HttpReply } from "../../../src/ports/index.js";
import type { Alert, GroupEvaluator, RuleManager, RuleState } from "../rules/index.js";
import { success } from "./envelope.js";
import { badParam } from "./params.js";
import { renderTime } from "./target-routes.js";

export interface RuleRoutes {
  rules(params: URLSearchParams): HttpReply;
  alerts(): HttpReply;
}

/** @returns Routes that show the state of `manager`. */
export function createRuleRoutes(manager: RuleManager): RuleRoutes {
  return {
    rules(params) {
      const type = (params.get("type") ?? "").toLowerCase();
      if (type !== "" && type !== "alert" && type !== "record")
        throw badParam("type", `not supported value "${type}"`);
      const filters = {
        type,
        names: params.getAll("rule_name[]"),
        withAlerts: params.get("exclude_alerts") !== "true",
      };
      const groups = manager.groups
        .filter(({ group }) => includes(params.getAll("rule_group[]"), group.name))
        .filter(({ group }) => includes(params.getAll("file[]"), group.file))
        .map((group) => renderGroup(group, manager.intervalMs(group) / 1000, filters));
      const filtered = type !== "" || filters.names.length > 0;
      return success(
        JSON.stringify({ groups: filtered ? groups.filter(({ rules }) => rules.length > 0) : groups }),
      );
    },
    alerts() {
      const alerts = manager.groups.flatMap(({ rules }) => rules.flatMap(renderAlerts));
      return success(JSON.stringify({ alerts }));
    },
  };
}

interface Filters {
  readonly type: string;
  readonly names: readonly string[];
  readonly withAlerts: boolean;
}

function renderGroup(evaluator: GroupEvaluator, interval: number, { type, names, withAlerts }: Filters) {
  const { group, rules, lastEvaluationMs } = evaluator;
  const shown = rules.filter(
    ({ rule }) =>
      includes(names, rule.name) && (type === "" || (type === "alert") === (rule.kind === "alerting")),
  );
  return {
    name: group.name,
    file: group.file,
    rules: shown.map((state) => renderRule(state, withAlerts)),
    interval,
    limit: group.limit,
    evaluationTime: 0,
    lastEvaluation: renderTime(lastEvaluationMs),
  };
}

function renderRule(state: RuleState, withAlerts: boolean): Record<string, unknown> {
  const { rule, health, lastError, lastEvaluationMs } = state;
  const common = {
    name: rule.name,
    query: rule.expr,
    labels: rule.labels,
    health,
    ...(lastError === "" ? {} : { lastError }),
    evaluationTime: 0,
    lastEvaluation: renderTime(lastEvaluationMs),
  };
  if (rule.kind === "recording") return { ...common, type: "recording" };
  return {
    state: worstState(state),
    ...common,
    duration: rule.forMs / 1000,
    keepFiringFor: rule.keepFiringForMs / 1000,
    annotations: rule.annotations,
    alerts: withAlerts ? renderAlerts(state) : [],
    type: "alerting",
  };
}

function worstState({ alerts }: RuleState): Alert["state"] {
  const states = new Set([...alerts.values()].map(({ state }) => state));
  if (states.has("firing")) return "firing";
  return states.has("pending") ? "pending" : "inactive";
}

function renderAlerts({ alerts }: RuleState): Record<string, unknown>[] {
  return [...alerts.values()]
    .filter(({ state }) => state !== "inactive")
    .map(({ labels, annotations, state, activeAtMs, value, keepFiringSinceMs }) => ({
      labels: labels.toObject(),
      annotations: Object.fromEntries(annotations),
      state,
      activeAt: renderTime(activeAtMs),
      keepFiringSince: keepFiringSinceMs === undefined ? undefined : renderTime(keepFiringSinceMs),
      value: exponentForm(value),
    }));
}

/** Go's `%e` with as many digits as needed. */
function exponentForm(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
}

function includes(wanted: readonly string[], name: string): boolean {
  return wanted.length === 0 || wanted.includes(name);
}
