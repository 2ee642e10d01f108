/** The rows of several tables at one moment, taken from and put back into an evaluation. */
import type { Tuple } from "../storage/heap.js";
import type { Row, Value } from "../types/value.js";
import type { EvaluationContext } from "./execution-context.js";

/** The rows of several places at one moment. */
export interface Combination {
  readonly rows: readonly (Row | undefined)[];
  readonly tuples: readonly (Tuple | null)[];
}

export function takeCombination(env: EvaluationContext, places: readonly number[]): Combination {
  return {
    rows: places.map((place) => env.rows[place]),
    tuples: places.map((place) => env.tuples[place] ?? null),
  };
}

export function putCombination(
  env: EvaluationContext,
  places: readonly number[],
  { rows, tuples }: Combination,
): void {
  for (const [index, place] of places.entries()) {
    env.rows[place] = rows[index] ?? [];
    env.tuples[place] = tuples[index] ?? null;
  }
}

/** A row, or a group of rows, while windows and outputs are worked out. */
export interface RowState {
  readonly combination: Combination;
  readonly aggregates: readonly Value[];
  readonly grouped: ReadonlySet<number> | null;
  windows: readonly Value[];
}
