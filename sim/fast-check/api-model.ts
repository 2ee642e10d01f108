/**
 * What a client may believe of its experiments after each answer: for each one, the set of states it can be in.
 *
 * The same model as that of the linearizability check; a lost answer only makes the set larger.
 */
import { isExperimentState, nextStates } from "../../src/model/index.js";
import { ApiError } from "../client/index.js";
import { type ExperimentInput, type ExperimentOutput, experimentModel } from "../invariants/index.js";

/** Beliefs of one client, by id in the order of creation. Make one for each run with `createApiModel`. */
export interface ApiModel {
  readonly experiments: Map<string, readonly string[]>;
}

/** @returns A model that knows of no experiment. */
export function createApiModel(): ApiModel {
  return { experiments: new Map() };
}

const rules = experimentModel({
  first: "pending",
  nextStates: (state) => (isExperimentState(state) ? nextStates(state) : []),
  stopped: "cancelled",
});

/** Takes note of a new experiment. */
export function noteCreated({ experiments }: ApiModel, id: string): void {
  if (experiments.has(id)) throw new Error(`Two create requests gave the same id ${id}.`);
  experiments.set(id, rules.apply(rules.initial, { kind: "create" }, { kind: "done" }));
}

/**
 * Takes note of an answer.
 *
 * @param output - Undefined when the answer was lost.
 * @throws Error when no state that the experiment can be in allows the answer.
 */
export function noteAnswer(
  { experiments }: ApiModel,
  id: string,
  input: ExperimentInput,
  output: ExperimentOutput | undefined,
): void {
  const before = experiments.get(id) ?? [];
  const after = [...new Set(before.flatMap((state) => rules.apply(state, input, output)))];
  if (after.length === 0) {
    const answer = output?.kind === "state" ? output.state : (output?.kind ?? "nothing");
    throw new Error(
      `To "${input.kind}" the platform answered "${answer}" for ${id}, which can only be ${before.join(" or ")}, or what follows.`,
    );
  }
  experiments.set(id, after);
}

/**
 * Makes a call and says what its answer means.
 *
 * @returns Undefined when nobody knows whether it took effect: a server's error, or one of the network.
 * @throws ApiError for answers that are the caller's mistake.
 */
export async function answerOf(call: () => Promise<ExperimentOutput>): Promise<ExperimentOutput | undefined> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof ApiError)) {
      if (isNetworkError(error)) return undefined;
      throw error;
    }
    if (error.status >= 500 || error.status === 429) return undefined;
    if (error.status === 404) return { kind: "absent" };
    if (error.code === "INVALID_TRANSITION") return { kind: "refused" };
    throw error;
  }
}

function isNetworkError(error: unknown): boolean {
  return error instanceof Error && error.name === "NetworkError";
}
