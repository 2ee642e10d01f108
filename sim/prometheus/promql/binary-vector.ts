/** Operators between two vectors, series matched by labels: one to one, or many to one. */
import { METRIC_NAME, type Labels } from "../labels/index.js";
import { isComparison, type Binary, type Matching } from "./ast.js";
import { PromqlExecutionError, type EvalContext } from "./context.js";
import { applyOperator } from "./go-math.js";
import { createMatrixBuilder, type Matrix } from "./matrix.js";
import { mergeEqualRows } from "./names.js";

/** What series have in common when they match. */
export function matchKey(labels: Labels, { on, labels: names }: Matching): string {
  if (on) return labels.keep(names).key;
  return names.length === 0 ? labels.withoutName().key : labels.without([...names, METRIC_NAME]).key;
}

/** @throws PromqlExecutionError when a match is not unique. */
export function vectorWithVector(
  expr: Binary,
  matching: Matching,
  left: Matrix,
  right: Matrix,
  context: EvalContext,
): Matrix {
  const swapped = matching.cardinality === "one-to-many";
  const many = swapped ? right : left;
  const one = swapped ? left : right;
  const { steps } = many;
  const oneRows = rowsByKey(one, matching);
  refuseAmbiguous(one, many, oneRows, matching, swapped, context);
  const pairs: { readonly manyRow: number; readonly oneRow: number; readonly key: string }[] = [];
  many.labels.forEach((labels, manyRow) => {
    const key = matchKey(labels, matching);
    for (const oneRow of oneRows.get(key) ?? []) pairs.push({ manyRow, oneRow, key });
  });
  const filters = isComparison(expr.operator) && !expr.returnBool;
  const claims = createClaims(matching, steps);
  const builder = createMatrixBuilder(pairs.length, steps);
  for (const { manyRow, oneRow, key } of pairs) {
    const labels = resultLabels(
      expr,
      matching,
      many.labels[manyRow] as Labels,
      one.labels[oneRow] as Labels,
      context,
    );
    const { offset } = builder;
    for (let step = 0; step < steps; step += 1) {
      const manyCell = manyRow * steps + step;
      const oneCell = oneRow * steps + step;
      if (many.present[manyCell] === 0 || one.present[oneCell] === 0) continue;
      const leftValue = (swapped ? one.values[oneCell] : many.values[manyCell]) as number;
      const rightValue = (swapped ? many.values[manyCell] : one.values[oneCell]) as number;
      const result = applyOperator(expr.operator, leftValue, rightValue);
      const kept = !filters || result !== 0;
      // Version 2 looks for a second match only where a value is kept.
      if (kept || context.dialect === 3) claims.claim(key, labels, step);
      if (!kept) continue;
      builder.values[offset + step] = filters ? leftValue : result;
      builder.present[offset + step] = 1;
    }
    builder.commit(labels, expr.returnBool && context.delayedNameRemoval);
  }
  return mergeEqualRows(builder.build());
}

function rowsByKey(matrix: Matrix, matching: Matching): Map<string, number[]> {
  const rows = new Map<string, number[]>();
  matrix.labels.forEach((labels, row) => {
    const key = matchKey(labels, matching);
    const known = rows.get(key);
    if (known === undefined) rows.set(key, [row]);
    else known.push(row);
  });
  return rows;
}

/** The "one" side must be unique wherever both vectors have any value. */
function refuseAmbiguous(
  one: Matrix,
  many: Matrix,
  oneRows: ReadonlyMap<string, readonly number[]>,
  matching: Matching,
  swapped: boolean,
  { dialect }: EvalContext,
): void {
  const { steps } = one;
  for (const rows of oneRows.values()) {
    if (rows.length < 2) continue;
    for (let step = 0; step < steps; step += 1) {
      const found = rows.filter((row) => one.present[row * steps + step] === 1);
      if (found.length < 2 || !anyPresent(many, step)) continue;
      const labels = found.slice(0, 2).map((row) => one.labels[row] as Labels);
      // Version 2 names the one it met last first.
      if (dialect === 2) labels.reverse();
      const group = matching.on
        ? (labels[0] as Labels).keep(matching.labels)
        : (labels[0] as Labels).without([...matching.labels, METRIC_NAME]);
      throw new PromqlExecutionError(
        `found duplicate series for the match group ${group.toString()} on the ${swapped ? "left" : "right"} hand-side of the operation: ` +
          `[${labels.join(", ")}];many-to-many matching not allowed: matching labels must be unique on one side`,
      );
    }
  }
}

function anyPresent(matrix: Matrix, step: number): boolean {
  return matrix.labels.some((_, row) => matrix.present[row * matrix.steps + step] === 1);
}

/** Remembers which matches were made, and refuses a second one. */
function createClaims(
  matching: Matching,
  steps: number,
): { claim(key: string, labels: Labels, step: number): void } {
  const taken = new Map<string, Uint8Array>();
  const oneToOne = matching.cardinality === "one-to-one";
  return {
    claim(key, labels, step) {
      const full = oneToOne ? key : `${key}\u0000\u0000${labels.key}`;
      const known = taken.get(full);
      if (known === undefined) {
        const fresh = new Uint8Array(steps);
        fresh[step] = 1;
        taken.set(full, fresh);
      } else if (known[step] === 1) {
        throw new PromqlExecutionError(
          oneToOne
            ? "multiple matches for labels: many-to-one matching must be explicit (group_left/group_right)"
            : "multiple matches for labels: grouping labels must ensure unique matches",
        );
      } else {
        known[step] = 1;
      }
    },
  };
}

function resultLabels(
  expr: Binary,
  matching: Matching,
  many: Labels,
  one: Labels,
  context: EvalContext,
): Labels {
  let labels = many;
  const keepsName = isComparison(expr.operator) || (context.dialect === 2 && expr.operator === "atan2");
  if (!keepsName) labels = labels.withoutName();
  if (matching.cardinality === "one-to-one") {
    labels = matching.on ? labels.keep(matching.labels) : labels.without(matching.labels);
  }
  if (matching.include.length > 0)
    labels = labels.withAll(matching.include.map((name) => [name, one.get(name)]));
  return expr.returnBool && !context.delayedNameRemoval ? labels.withoutName() : labels;
}
