/** Waiting for an experiment to reach a state. */
import { experimentStates, isExperimentState, isTerminal } from "../../src/model/index.js";
import { checkOptions } from "../check-options.js";
import { SimError } from "../errors.js";
import { type Duration, type Loop, waitFor } from "../kernel/index.js";
import { didYouMean } from "../text.js";
import type { StateWatch } from "./state-watch.js";

/** See `Phoenix.waitForState`. */
export async function waitForState(
  loop: Loop,
  { history, reason }: Pick<StateWatch, "history" | "reason">,
  experimentId: string,
  state: string,
  options: { readonly within: Duration },
): Promise<void> {
  if (options === undefined) throw noLimit();
  checkOptions("waitForState", options, ["within"]);
  if (!isExperimentState(state)) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `There is no state "${state}".`,
      didYouMean(state, experimentStates),
    );
  }
  const seen = (): string => {
    const states = history(experimentId).join(" > ");
    const why = reason(experimentId);
    return why === "" ? states || "no such experiment" : `${states} (${why})`;
  };
  await waitFor(loop, {
    label: `experiment ${experimentId} to be ${state}`,
    within: options.within,
    lastSeen: seen,
    check() {
      const reached = history(experimentId);
      if (reached.includes(state)) return true;
      const last = reached.at(-1);
      if (last === undefined || !isExperimentState(last) || !isTerminal(last)) return undefined;
      throw new SimError(
        "SIM_WAIT_TIMEOUT",
        `Experiment ${experimentId} will never be ${state}: it went ${seen()}.`,
        "It has ended. phoenix.client.getExperiment(id) gives the same reason, and phoenix.trace.lines() what the controller logged.",
      );
    },
  });
}

function noLimit(): SimError {
  return new SimError(
    "SIM_OPTION_INVALID",
    "waitForState needs a limit.",
    'Give one: phoenix.waitForState(id, "running", { within: "1m" }).',
  );
}
