/** Operators between two vectors, series matched by labels: one to one, or many to one. */
import { EMPTY_LABELS, METRIC_NAME, type Labels } from "../labels.js";
import { isComparison, type Binary, type Matching } from "./ast.js";
import { PromqlExecutionError, type EvalContext } from "./context.js";
import { applyOperator } from "./float-math.js";
import { dropNames, dropNamesStrictly, mergeEqualRows } from "./parse.js";
import { createMatrixBuilder, withoutEmptyRows, type Matrix } from "./selection.js";

/** What series have in common when they match. */
function matchKey(labels: Labels, { on, labels: names }: Matching): string {
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

// The set operators and, or, unless: they choose rows by whether the other side has a match.

/** @param operator - `and`, `or` or `unless`. */
export function setOperation(operator: string, matching: Matching, left: Matrix, right: Matrix): Matrix {
  const { steps } = left;
  if (operator !== "or") {
    maskRows(left, matching, presenceByKey(right, matching), operator === "and");
    return left;
  }
  maskRows(right, matching, presenceByKey(left, matching), false);
  const builder = createMatrixBuilder(left.labels.length + right.labels.length, steps);
  builder.values.set(left.values);
  builder.values.set(right.values, left.values.length);
  builder.present.set(left.present);
  builder.present.set(right.present, left.present.length);
  for (const side of [left, right]) {
    side.labels.forEach((labels, row) => builder.commit(labels, side.dropName[row] === true));
  }
  return mergeEqualRows(withoutEmptyRows(builder.build()));
}

/** For each match key, at which steps any of its rows holds a value. */
function presenceByKey(matrix: Matrix, matching: Matching): Map<string, Uint8Array> {
  const presence = new Map<string, Uint8Array>();
  const { steps } = matrix;
  matrix.labels.forEach((labels, row) => {
    const key = matchKey(labels, matching);
    const known = presence.get(key) ?? new Uint8Array(steps);
    presence.set(key, known);
    for (let step = 0; step < steps; step += 1)
      known[step] = (known[step] as number) | (matrix.present[row * steps + step] as number);
  });
  return presence;
}

/** Removes, in place, the cells whose match on the other side is not as wanted. */
function maskRows(
  matrix: Matrix,
  matching: Matching,
  presence: ReadonlyMap<string, Uint8Array>,
  wanted: boolean,
): void {
  const { steps, present } = matrix;
  matrix.labels.forEach((labels, row) => {
    const other = presence.get(matchKey(labels, matching));
    for (let step = 0; step < steps; step += 1) {
      if ((other?.[step] === 1) !== wanted) present[row * steps + step] = 0;
    }
  });
}

// Operators where a side is a scalar, and the unary minus.

/** Scalar with scalar. */
export function scalarWithScalar(operator: string, left: Float64Array, right: Float64Array): Float64Array {
  return left.map((value, step) => applyOperator(operator, value, right[step] as number));
}

/**
 * Vector with scalar. A comparison without `bool` keeps the values of the vector where it holds.
 *
 * @param swapped - True when the scalar stands on the left.
 */
export function vectorWithScalar(
  expr: Binary,
  matrix: Matrix,
  scalars: Float64Array,
  swapped: boolean,
  context: EvalContext,
): Matrix {
  const { steps, values, present } = matrix;
  const { operator, returnBool } = expr;
  const filters = isComparison(operator) && !returnBool;
  for (let cell = 0; cell < values.length; cell += 1) {
    if (present[cell] === 0) continue;
    const value = values[cell] as number;
    const scalar = scalars[cell % steps] as number;
    const result = swapped ? applyOperator(operator, scalar, value) : applyOperator(operator, value, scalar);
    if (!filters) values[cell] = result;
    else if (result === 0) present[cell] = 0;
  }
  // Version 2 forgot to drop the name here.
  const keepsName = filters || (operator === "atan2" && context.dialect === 2);
  return keepsName ? matrix : dropNames(matrix, context);
}

/** Minus each value. */
export function negateVector(matrix: Matrix, context: EvalContext): Matrix {
  const { values } = matrix;
  for (let cell = 0; cell < values.length; cell += 1) values[cell] = -(values[cell] as number);
  return dropNamesStrictly(matrix, context);
}

// Which rows belong to the same group of an aggregation.

/** One group and its rows, in the order of the input. */
export interface Group {
  readonly labels: Labels;
  readonly rows: number[];
}

/** Groups rows; groups come in the order of their first row. */
export function groupRows(matrix: Matrix, grouping: readonly string[], without: boolean): Group[] {
  const groups = new Map<string, Group>();
  const names = groupNames(grouping, without);
  const id = `${without ? "-" : "+"}${names.join("\u0000")}`;
  const share = (group: Labels): Labels => groups.get(group.key)?.labels ?? group;
  matrix.labels.forEach((labels, row) => {
    const group = names.length === 0 ? EMPTY_LABELS : labels.group(id, names, without, share);
    const known = groups.get(group.key);
    if (known !== undefined) known.rows.push(row);
    else groups.set(group.key, { labels: group, rows: [row] });
  });
  return [...groups.values()];
}

/** The labels of the group that a series falls into. */
export function groupLabels(labels: Labels, grouping: readonly string[], without: boolean): Labels {
  const names = groupNames(grouping, without);
  return without ? labels.without(names) : labels.keep(names);
}

function groupNames(grouping: readonly string[], without: boolean): readonly string[] {
  return without ? [...grouping, METRIC_NAME] : grouping;
}
