/** Nothing of an experiment is left on nodes once it has ended. */
import { type Invariant, textOf } from "./watch.js";

export const noOrphans: Invariant = {
  name: "no-orphans",
  summary: "no collector is left on any node once its experiment has ended",
  // A tick, the length of a lease and some retries find whatever a lost message hid.
  pendingMsMax: 180_000,
  watch: ({ experiment, collectors }) => ({
    pending() {
      for (const [node, running] of collectors()) {
        for (const { experimentId, variant } of running) {
          const state = experiment(experimentId)?.["state"];
          const ended = state === undefined || ["completed", "failed", "cancelled"].includes(textOf(state));
          if (ended) return `${node} runs the ${variant} of ${experimentId}, which is ${textOf(state)}`;
        }
      }
      return undefined;
    },
  }),
};
