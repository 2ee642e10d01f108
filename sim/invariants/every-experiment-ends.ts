/** Every experiment comes to an end, and its controller lets go of it. */
import { type Invariant, textOf } from "./watch.js";

export const everyExperimentEnds: Invariant = {
  name: "every-experiment-ends",
  summary: "every experiment reaches a terminal state and is closed",
  watch: ({ experiments }) => ({
    pending() {
      for (const { id, state, open, reason, lease_owner: owner, lease_token: token } of experiments()) {
        if (open === false) continue;
        const held = owner === null ? "held by nobody" : `held by ${textOf(owner)}`;
        return `experiment ${textOf(id)} is ${textOf(state)} (${textOf(reason)}), ${held}, token ${textOf(token)}`;
      }
      return undefined;
    },
  }),
};
