/** The states of an experiment and which may follow which. Pure; storing a transition is the store's work. */

/** Every state, in the order of a normal life. */
export const experimentStates = [
  "pending",
  "initializing",
  "running",
  "analyzing",
  "completed",
  "failed",
  "cancelled",
] as const;

export type ExperimentState = (typeof experimentStates)[number];

const successors: Readonly<Record<ExperimentState, readonly ExperimentState[]>> = {
  pending: ["initializing", "cancelled"],
  initializing: ["running", "failed", "cancelled"],
  running: ["analyzing", "failed", "cancelled"],
  analyzing: ["completed", "failed"],
  completed: [],
  failed: [],
  cancelled: [],
};

/** @returns The states that may follow `state`; empty for a terminal one. */
export function nextStates(state: ExperimentState): readonly ExperimentState[] {
  return successors[state];
}

/** @returns Whether `to` may directly follow `from`. */
export function canTransition(from: ExperimentState, to: ExperimentState): boolean {
  return successors[from].includes(to);
}

/** @returns Whether nothing can follow `state`. */
export function isTerminal(state: ExperimentState): boolean {
  return successors[state].length === 0;
}

/** @returns Whether a text names a state. */
export function isExperimentState(text: string): text is ExperimentState {
  return (experimentStates as readonly string[]).includes(text);
}
