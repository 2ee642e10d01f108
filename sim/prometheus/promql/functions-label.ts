/** label_replace and label_join. Version 3 checks their texts before it evaluates the vector, version 2 after. */
import {
  isPlainLabelName,
  isUtf8,
  METRIC_NAME,
  RegExpSyntaxError,
  type AnchoredRegExp,
} from "../labels/index.js";
import { PromqlExecutionError, type EvalContext } from "./context.js";
import type { Matrix } from "./matrix.js";
import { mergeEqualRows } from "./names.js";

/** Sets a label to what a template makes of another label that matches. */
export function labelReplace(vector: () => Matrix, args: readonly string[], context: EvalContext): Matrix {
  const evaluated = context.dialect === 2 ? vector() : undefined;
  const [target = "", template = "", source = "", pattern = ""] = args;
  const expression = compile(pattern, context);
  if (!isLabelName(target, context)) throw invalidLabel("destination", "label_replace", target);
  return relabel(evaluated ?? vector(), target, (get) => {
    const groups = expression.groups(get(source));
    return groups === undefined ? undefined : expandTemplate(template, groups, expression.names);
  });
}

/** Sets a label to other labels, joined. */
export function labelJoin(vector: () => Matrix, args: readonly string[], context: EvalContext): Matrix {
  const evaluated = context.dialect === 2 ? vector() : undefined;
  const [target = "", separator = "", ...sources] = args;
  for (const source of sources) {
    if (!isLabelName(source, context)) throw invalidLabel("source", "label_join", source);
  }
  if (!isLabelName(target, context)) throw invalidLabel("destination", "label_join", target);
  return relabel(evaluated ?? vector(), target, (get) => sources.map(get).join(separator));
}

/** Go's `Expand`: `$1`, `${1}`, `$name`, `${name}` and `$$`; the longest possible name is taken. */
export function expandTemplate(
  template: string,
  groups: readonly (string | undefined)[],
  names: Readonly<Record<string, number>>,
): string {
  return template.replace(/\$(?:(\$)|\{([\p{L}\p{N}_]+)\}|([\p{L}\p{N}_]+))/gu, (_, dollar, braced, bare) => {
    if (dollar !== undefined) return "$";
    const name = String(braced ?? bare);
    const group = /^\d+$/.test(name) ? Number(name) : names[name];
    return group === undefined ? "" : (groups[group] ?? "");
  });
}

/** Whether a text may name a label: any UTF-8 that is not empty since version 3. */
export function isLabelName(name: string, context: Pick<EvalContext, "dialect">): boolean {
  return context.dialect === 3 ? name !== "" && isUtf8(name) : isPlainLabelName(name);
}

function relabel(
  matrix: Matrix,
  target: string,
  valueFor: (get: (name: string) => string) => string | undefined,
): Matrix {
  const dropName = [...matrix.dropName];
  const labels = matrix.labels.map((before, row) => {
    const value = valueFor((name) => before.get(name));
    if (value === undefined) return before;
    if (target === METRIC_NAME) dropName[row] = false;
    return before.with(target, value);
  });
  return mergeEqualRows({ ...matrix, labels, dropName });
}

function compile(pattern: string, context: EvalContext): AnchoredRegExp {
  try {
    return context.expressions.compile(pattern);
  } catch (error) {
    if (!(error instanceof RegExpSyntaxError)) throw error;
    throw new PromqlExecutionError(`invalid regular expression in label_replace(): ${pattern}`);
  }
}

function invalidLabel(which: string, where: string, name: string): PromqlExecutionError {
  return new PromqlExecutionError(`invalid ${which} label name in ${where}(): ${name}`);
}
