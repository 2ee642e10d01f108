/** Replay: the same answers again, and what it means when the run does not go as it did. */
import { type Decision, type Driver, defaultDriver } from "../kernel/index.js";
import { type RunInput, type RunOnce, type RunOutcome, type RunTarget, identityOf } from "./run.js";
import { type Token, type TokenDecision, failureHashOf, labelHashOf } from "./token.js";

interface TokenDriver extends Driver {
  /** Decisions of the token that no question asked for, in order. */
  readonly unused: readonly TokenDecision[];
}

/** Answers as a token says, and 0 wherever it says nothing. */
function tokenDriver(seed: number, decisions: readonly TokenDecision[]): TokenDriver {
  const hashes = new Map<string, number>();
  const pending = new Map(decisions.map((decision) => [keyOf(decision), decision]));
  return {
    choose({ label, occurrence, n }) {
      let labelHash = hashes.get(label);
      if (labelHash === undefined) {
        labelHash = labelHashOf(label);
        hashes.set(label, labelHash);
      }
      const key = keyOf({ labelHash, occurrence });
      const decision = pending.get(key);
      if (decision === undefined || decision.value >= n) return 0;
      pending.delete(key);
      return decision.value;
    },
    entropy: defaultDriver(seed).entropy,
    get unused() {
      return [...pending.values()];
    },
  };
}

/** What to bring back: from a token, or from a case file with its labels in clear. */
export interface Recording extends RunTarget {
  readonly seed: number;
  readonly decisions: readonly TokenDecision[] | readonly Decision[];
  /** Hash of the identity of the failure that it should show; see `failureHashOf`. */
  readonly failureHash: Token["failureHash"];
}

export interface Replay {
  readonly outcome: RunOutcome;
  /** `same` also when it went well and should. */
  readonly verdict: "same" | "another failure" | "no failure";
  /** Where the run left the recorded path; undefined when it did not. */
  readonly divergence: string | undefined;
}

/** Runs a recording once. @param watching - What gets each step as it begins, and whether the trace is kept. */
export async function replay(
  runOnce: RunOnce,
  recording: Recording,
  { onStep = () => {}, trace = false }: Partial<Pick<RunInput, "onStep" | "trace">> = {},
): Promise<Replay> {
  const { scenario, profile, seed, failureHash } = recording;
  const decisions = recording.decisions.map(hashed);
  const driver = tokenDriver(seed, decisions);
  const outcome = await runOnce({ scenario, profile, seed, driver, onStep, trace });
  return {
    outcome,
    verdict: verdictOf(outcome, failureHash),
    divergence: describeDivergence(recording.decisions, decisions, driver.unused),
  };
}

function verdictOf({ failure }: RunOutcome, failureHash: Token["failureHash"]): Replay["verdict"] {
  if (failure === undefined) return failureHash === undefined ? "same" : "no failure";
  return failureHash === failureHashOf(identityOf(failure)) ? "same" : "another failure";
}

function describeDivergence(
  recorded: Recording["decisions"],
  decisions: readonly TokenDecision[],
  unused: readonly TokenDecision[],
): string | undefined {
  const first = unused[0];
  if (first === undefined) return undefined;
  const index = decisions.indexOf(first);
  const original = recorded[index];
  const label = original !== undefined && "label" in original ? ` at "${original.label}"` : "";
  return (
    `${unused.length} of ${decisions.length} recorded answers were never asked for or no longer fit; ` +
    `the first is number ${index + 1}${label} (occurrence ${first.occurrence}, answer ${first.value}). ` +
    "The code has changed since it was recorded."
  );
}

function hashed(decision: TokenDecision | Decision): TokenDecision {
  if ("labelHash" in decision) return decision;
  const { label, occurrence, value } = decision;
  return { labelHash: labelHashOf(label), occurrence, value };
}

function keyOf({ labelHash, occurrence }: Pick<TokenDecision, "labelHash" | "occurrence">): string {
  return `${labelHash}#${occurrence}`;
}
