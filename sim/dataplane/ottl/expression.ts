/** What OTTL expressions work on, and the building blocks they compile to. */
import { metricIndexes } from "../metric-table.js";
import { valueAt } from "../sample.js";

export type OttlValue = string | number | boolean | null;

/** One process, and one of its metrics for conditions that name it. */
export interface OttlScope {
  readonly attributes: Readonly<Record<string, string>>;
  readonly values: Float64Array;
  readonly metricName: string;
}

export interface Expression {
  readonly evaluate: (scope: OttlScope) => OttlValue;
  /** The result depends on metric values, so it may differ at each scrape. */
  readonly dynamic: boolean;
  /** The result depends on which metric is looked at. */
  readonly perMetric: boolean;
}

export const literal = (value: OttlValue): Expression => ({
  evaluate: () => value,
  dynamic: false,
  perMetric: false,
});

/** Joins the traits of parts into those of the whole. */
export function combine(parts: readonly Expression[], evaluate: Expression["evaluate"]): Expression {
  return {
    evaluate,
    dynamic: parts.some((part) => part.dynamic),
    perMetric: parts.some((part) => part.perMetric),
  };
}

/**
 * Reads an attribute. The platform's templates read metrics as attributes too, such as
 * `attributes["process.cpu.utilization"]`; that gives the metric's present value.
 */
export function attribute(key: string): Expression {
  const index = metricIndexes.get(key);
  if (index !== undefined) {
    return { evaluate: ({ values }) => valueAt(values, index), dynamic: true, perMetric: false };
  }
  return { evaluate: ({ attributes }) => attributes[key] ?? null, dynamic: false, perMetric: false };
}

export const metricName: Expression = {
  evaluate: (scope) => scope.metricName,
  dynamic: false,
  perMetric: true,
};

/** A comparison as OTTL has it: values of different types are unequal and in no order. */
export function compare(operator: string, left: Expression, right: Expression): Expression {
  const { evaluate: a } = left;
  const { evaluate: b } = right;
  const ordered =
    (test: (a: string | number, b: string | number) => boolean): Expression["evaluate"] =>
    (scope) => {
      const first = a(scope);
      const second = b(scope);
      const comparable =
        typeof first === typeof second && (typeof first === "number" || typeof first === "string");
      return comparable && test(first, second as typeof first);
    };
  const evaluate: Record<string, Expression["evaluate"]> = {
    "==": (scope) => a(scope) === b(scope),
    "!=": (scope) => a(scope) !== b(scope),
    "<": ordered((first, second) => first < second),
    "<=": ordered((first, second) => first <= second),
    ">": ordered((first, second) => first > second),
    ">=": ordered((first, second) => first >= second),
  };
  const chosen = evaluate[operator];
  if (chosen === undefined) throw new TypeError(`Unknown operator ${operator}.`);
  return combine([left, right], chosen);
}
