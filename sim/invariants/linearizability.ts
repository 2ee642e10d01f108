/**
 * Whether a history of calls could have happened one call at a time, each at some moment between its start
 * and its end.
 *
 * The search is that of Wing and Gong, "Testing and Verifying Concurrent Objects", JPDC 17, 1993, with the
 * memory of visited configurations of Lowe, "Testing for Linearizability", CCPE 29(4), 2017. Each key is
 * checked by itself (P-compositionality: Horn and Kroening, FORTE 2015). A call whose answer was lost may have
 * taken effect at any time after it was made, or never.
 */
import { searchOrder } from "./linearizability-search.js";

/** One call of a client. Times need one scale only; virtual microseconds or step numbers both do. */
export interface Operation<Input, Output> {
  /** What it was about, such as the id of an experiment. Calls with different keys must not affect each other. */
  readonly key: string;
  readonly client: string;
  readonly input: Input;
  readonly calledAt: number;
  /** Undefined when the answer never came: nobody knows whether it took effect. */
  readonly outcome: { readonly at: number; readonly output: Output } | undefined;
}

/** What one key is, when calls come one at a time. Pure functions over plain states. */
export interface SequentialModel<State, Input, Output> {
  readonly initial: State;
  /**
   * @param output - What the call answered; undefined when that is not known.
   * @returns Every state that may follow; none when the call cannot have answered so. Several when the object
   *   also changes by itself.
   */
  apply(state: State, input: Input, output: Output | undefined): readonly State[];
  /** A text that differs for different states. */
  identify(state: State): string;
}

export type LinearizabilityVerdict<Input, Output> =
  | { readonly linearizable: true }
  | {
      readonly linearizable: false;
      readonly key: string;
      /** The longest beginning that has an order, in that order. */
      readonly explained: readonly Operation<Input, Output>[];
      /** Calls of which one should come next and none can. */
      readonly stuck: readonly Operation<Input, Output>[];
    }
  /** The limit was reached before there was an answer. */
  | { readonly linearizable: undefined; readonly key: string };

export interface LinearizabilityOptions {
  /** Configurations to visit for one key. @default 1_000_000 */
  readonly visitsMax?: number;
}

/**
 * Checks a whole history, key by key. Two calls of which one ended at the very moment at which the other began
 * count as concurrent.
 *
 * @returns The first key that has no order, or that could not be decided; otherwise that all have one.
 */
export function checkLinearizable<State, Input, Output>(
  history: readonly Operation<Input, Output>[],
  model: SequentialModel<State, Input, Output>,
  { visitsMax = 1_000_000 }: LinearizabilityOptions = {},
): LinearizabilityVerdict<Input, Output> {
  const keys = new Map<string, Operation<Input, Output>[]>();
  for (const operation of history) {
    const list = keys.get(operation.key);
    if (list === undefined) keys.set(operation.key, [operation]);
    else list.push(operation);
  }
  let undecided: LinearizabilityVerdict<Input, Output> | undefined;
  for (const [key, operations] of keys) {
    const found = searchOrder(operations, model, visitsMax);
    if (found === "none yet") undecided ??= { linearizable: undefined, key };
    else if (found !== "found") return { linearizable: false, key, ...found };
  }
  return undecided ?? { linearizable: true };
}
