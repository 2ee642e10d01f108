/** Waiting for an experiment to reach a state. */
import { experimentStates, isExperimentState, isTerminal } from "../../src/model/index.js";
import { SimError } from "../errors.js";
import { waitFor, type Duration, type Loop } from "../kernel/index.js";
import { checkOptions, didYouMean } from "../shared/text.js";
import type { UntilOptions } from "./api.js";

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

// Follows the states of experiments as they are committed, so that no wait can miss a short one.

/** A change of one row, as the database reports it at commit. */
interface RowChange {
  readonly table: string;
  readonly after: Readonly<Record<string, unknown>> | null;
}

export interface StateWatch {
  /** Takes in what one transaction committed. */
  committed(changes: readonly RowChange[]): void;
  /** States an experiment has been in, in order; empty for an unknown one. */
  history(experimentId: string): readonly string[];
  /** Why it is in its last state, as its row says; empty when the row says nothing. */
  reason(experimentId: string): string;
}

export function createStateWatch(): StateWatch {
  const histories = new Map<string, string[]>();
  const reasons = new Map<string, string>();
  return {
    committed(changes) {
      for (const { table, after } of changes) {
        if (table !== "experiments" || after === null) continue;
        const id = String(after["id"]);
        const state = String(after["state"]);
        const history = histories.get(id);
        reasons.set(id, typeof after["reason"] === "string" ? after["reason"] : "");
        if (history === undefined) histories.set(id, [state]);
        else if (history.at(-1) !== state) history.push(state);
      }
    },
    history: (experimentId) => histories.get(experimentId) ?? [],
    reason: (experimentId) => reasons.get(experimentId) ?? "",
  };
}

// `until` of a world: waits for whatever a test can look at.

/** @throws SimError `SIM_OPTION_INVALID` for what is no function, or gives a promise. */
export async function until<T>(
  loop: Loop,
  check: () => T | undefined | false,
  options: UntilOptions = {},
): Promise<T> {
  checkOptions("until", options, ["within", "label"]);
  const { within = "5m", label = "a condition" } = options;
  if (typeof check !== "function") {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot wait for ${String(check)}: it is ${typeof check}, not a function.`,
      "Give a function that is asked after each event, such as `() => done`.",
    );
  }
  return waitFor(loop, {
    label,
    within,
    check: () => {
      const value = check();
      if (value instanceof Promise) {
        value.catch(() => {});
        throw new SimError(
          "SIM_OPTION_INVALID",
          `Cannot wait for ${label}: the function gave a promise, which is true whatever comes of it.`,
          "Give a function that answers at once. To ask the API again and again, write " +
            '`await vi.waitFor(async () => ...)` in Vitest, or a loop with `await phoenix.clock.advance("1s")`.',
        );
      }
      return value === false || value === undefined ? undefined : value;
    },
  });
}
