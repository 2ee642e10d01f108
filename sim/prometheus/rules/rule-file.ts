/** Rule files: groups of recording and alerting rules, read as promtool reads them. */
import { parse } from "yaml";
import { z } from "zod";
import { SimError } from "../../errors.js";
import { durationSchema } from "../config/duration-schema.js";
import { isPlainLabelName, isPlainMetricName } from "../labels/index.js";
import { createEngine, PromqlParseError } from "../promql/index.js";

/** One rule. Durations are milliseconds. */
export type Rule =
  | { readonly kind: "recording"; readonly name: string; readonly expr: string; readonly labels: RuleLabels }
  | {
      readonly kind: "alerting";
      readonly name: string;
      readonly expr: string;
      readonly labels: RuleLabels;
      readonly annotations: RuleLabels;
      readonly forMs: number;
      readonly keepFiringForMs: number;
    };

/** Names and values, in the order of the file; values may be templates. */
export type RuleLabels = Readonly<Record<string, string>>;

/** Rules that are evaluated one after the other. */
export interface RuleGroup {
  readonly name: string;
  readonly file: string;
  /** Undefined: the global evaluation interval. */
  readonly intervalMs: number | undefined;
  readonly limit: number;
  readonly rules: readonly Rule[];
}

/** The content of one rule file. */
export interface RuleFile {
  readonly groups: readonly RuleGroup[];
}

const texts = z.record(z.string(), z.coerce.string());

const fileSchema = z.strictObject({
  groups: z.array(
    z.strictObject({
      name: z.string().min(1, "Groupname must not be empty"),
      interval: durationSchema.optional(),
      limit: z.number().int().nonnegative().optional(),
      labels: texts.optional(),
      rules: z
        .array(
          z.strictObject({
            record: z.string().optional(),
            alert: z.string().optional(),
            expr: z.coerce.string(),
            for: durationSchema.optional(),
            keep_firing_for: durationSchema.optional(),
            labels: texts.optional(),
            annotations: texts.optional(),
          }),
        )
        .optional(),
    }),
  ),
});

type RuleInput = NonNullable<z.output<typeof fileSchema>["groups"][number]["rules"]>[number];

/**
 * @param source - YAML text, or the same as an object.
 * @param file - Shown by the rules API.
 * @throws SimError `SIM_OPTION_INVALID` for anything promtool would refuse.
 */
export function parseRuleFile(
  source: string | Readonly<Record<string, unknown>>,
  file = "rules.yml",
): RuleFile {
  const result = fileSchema.safeParse(typeof source === "string" ? parse(source) : source);
  if (!result.success) {
    const issue = result.error.issues[0];
    throw invalid(file, `${issue?.message ?? "not valid"} at ${issue?.path.join(".") ?? ""}`);
  }
  const names = result.data.groups.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw invalid(file, `groupname: "${twice}" is repeated in the same file`);
  return {
    groups: result.data.groups.map((group) => ({
      name: group.name,
      file,
      intervalMs: group.interval,
      limit: group.limit ?? 0,
      rules: (group.rules ?? []).map((rule) =>
        completeRule(rule, group.labels ?? {}, `${file}, group "${group.name}"`),
      ),
    })),
  };
}

function completeRule(rule: RuleInput, groupLabels: RuleLabels, where: string): Rule {
  const { record, alert, expr } = rule;
  if ((record === undefined) === (alert === undefined)) {
    throw invalid(
      where,
      record === undefined
        ? "one of 'record' or 'alert' must be set"
        : "only one of 'record' and 'alert' must be set",
    );
  }
  checkExpr(expr, record ?? alert ?? "", where);
  const labels = { ...groupLabels, ...rule.labels };
  const wrong = Object.keys({ ...labels, ...rule.annotations }).find((name) => !isPlainLabelName(name));
  if (wrong !== undefined) throw invalid(where, `invalid label or annotation name: ${wrong}`);
  if (record !== undefined) {
    if (!isPlainMetricName(record)) throw invalid(where, `invalid recording rule name: ${record}`);
    for (const field of ["for", "keep_firing_for", "annotations"] as const) {
      if (rule[field] !== undefined) throw invalid(where, `invalid field '${field}' in recording rule`);
    }
    return { kind: "recording", name: record, expr, labels };
  }
  return {
    kind: "alerting",
    name: alert ?? "",
    expr,
    labels,
    annotations: rule.annotations ?? {},
    forMs: rule.for ?? 0,
    keepFiringForMs: rule.keep_firing_for ?? 0,
  };
}

function checkExpr(expr: string, name: string, where: string): void {
  try {
    createEngine().parse(expr);
  } catch (error) {
    if (error instanceof PromqlParseError)
      throw invalid(where, `could not parse expression of "${name}": ${error.message}`);
    throw error;
  }
}

function invalid(where: string, problem: string): SimError {
  return new SimError(
    "SIM_OPTION_INVALID",
    `Cannot read the rules of ${where}: ${problem}.`,
    "Rule files have the form that promtool check rules accepts.",
  );
}
