/** Experiments go from state to state as the state machine allows, and in no other way. */
import { type Invariant, textOf } from "./watch.js";

/** States that may follow a state. Written out once more, so that a mistake in the platform's own table shows. */
export const successors: Readonly<Record<string, readonly string[]>> = {
  pending: ["initializing", "cancelled"],
  initializing: ["running", "failed", "cancelled"],
  running: ["analyzing", "failed", "cancelled"],
  analyzing: ["completed", "failed"],
  completed: [],
  failed: [],
  cancelled: [],
};

export const legalTransitions: Invariant = {
  name: "legal-transitions",
  summary: "an experiment begins pending and takes only the steps of its state machine",
  watch: ({ fail }) => ({
    onCommit(changes) {
      for (const { table, key, before, after } of changes) {
        if (table !== "experiments") continue;
        if (after === null) fail(`experiment ${key} is gone`);
        else {
          const [from, to] = [before?.["state"], String(after["state"])];
          if (from === undefined && to !== "pending") fail(`experiment ${key} began ${to}`);
          else if (from !== undefined && from !== to && successors[textOf(from)]?.includes(to) !== true)
            fail(`experiment ${key} went from ${textOf(from)} to ${to}`);
        }
      }
    },
  }),
};
