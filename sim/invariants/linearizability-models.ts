/** Sequential models for the linearizability check: a register, and the life of one experiment. */
import type { SequentialModel } from "./linearizability.js";

export type RegisterInput<Value> =
  | { readonly kind: "read" }
  | { readonly kind: "write"; readonly value: Value }
  | { readonly kind: "compare-and-set"; readonly from: Value; readonly to: Value };

/** What a read saw, or whether a compare-and-set was done; `null` for a write. */
export type RegisterOutput<Value> = Value | boolean | null;

/** A cell that holds one value. */
export function registerModel<Value extends string | number>(
  initial: Value,
): SequentialModel<Value, RegisterInput<Value>, RegisterOutput<Value>> {
  return {
    initial,
    apply(state, input, output) {
      if (input.kind === "read") return output === undefined || output === state ? [state] : [];
      if (input.kind === "write") return [input.value];
      const done = state === input.from;
      return output === undefined || output === done ? [done ? input.to : state] : [];
    },
    identify: String,
  };
}

export type ExperimentInput =
  | { readonly kind: "create" }
  | { readonly kind: "read" }
  | { readonly kind: "start" }
  | { readonly kind: "stop" }
  | { readonly kind: "delete" };

export type ExperimentOutput =
  /** It was done. */
  | { readonly kind: "done" }
  /** It was refused, because the state did not allow it. */
  | { readonly kind: "refused" }
  /** There is no such experiment. */
  | { readonly kind: "absent" }
  /** A read saw this state. */
  | { readonly kind: "state"; readonly state: string };

export interface ExperimentRules {
  /** State of a new experiment. */
  readonly first: string;
  /** States that may directly follow a state; the controller moves along them whenever it likes. */
  readonly nextStates: (state: string) => readonly string[];
  /** State that a stop leads to. */
  readonly stopped: string;
}

const absent = "absent";

/**
 * One experiment as clients see it: created, read, started, stopped, deleted, while the controller moves it on
 * between any two calls. It starts by itself, so that a start changes nothing, and is refused once it has ended.
 * Stopping what is stopped is allowed and changes nothing. A deleted one does not come back.
 */
export function experimentModel({
  first,
  nextStates,
  stopped,
}: ExperimentRules): SequentialModel<string, ExperimentInput, ExperimentOutput> {
  const reachable = new Map<string, readonly string[]>();

  // Every state that the controller may have moved it to by now; breadth first, so that the nearest is tried first.
  function moved(state: string): readonly string[] {
    if (state === absent) return [absent];
    let found = reachable.get(state);
    if (found === undefined) {
      const seen = new Set([state]);
      for (const each of seen) for (const next of nextStates(each)) seen.add(next);
      found = [...seen];
      reachable.set(state, found);
    }
    return found;
  }

  const canStop = (state: string): boolean => state === stopped || nextStates(state).includes(stopped);

  function answers(state: string, input: ExperimentInput): readonly [ExperimentOutput["kind"], string][] {
    if (input.kind === "create") return state === absent ? [["done", first]] : [["refused", state]];
    if (state === absent) return [["absent", absent]];
    if (input.kind === "read") return [["state", state]];
    if (input.kind === "delete") return [["done", absent]];
    if (input.kind === "start") return [[nextStates(state).length > 0 ? "done" : "refused", state]];
    return canStop(state) ? [["done", stopped]] : [["refused", state]];
  }

  return {
    initial: absent,
    apply(state, input, output) {
      const next = moved(state)
        .filter((now) => output?.kind !== "state" || output.state === now)
        .flatMap((now) => answers(now, input))
        .filter(([kind]) => output === undefined || output.kind === kind)
        .map(([, after]) => after);
      return [...new Set(next)];
    },
    identify: (state) => state,
  };
}
