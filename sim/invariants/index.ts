/** Invariants: what must hold in every run, whatever the schedule and the faults. */
export { checkLinearizable } from "./linearizability.js";
export type {
  LinearizabilityOptions,
  LinearizabilityVerdict,
  Operation,
  SequentialModel,
} from "./linearizability.js";
export { experimentModel, registerModel } from "./linearizability-models.js";
export type {
  ExperimentInput,
  ExperimentOutput,
  ExperimentRules,
  RegisterInput,
  RegisterOutput,
} from "./linearizability-models.js";
export { invariants } from "./catalogue.js";
export { createInvariantHub, InvariantError } from "./hub.js";
export type { HubParts, InvariantHub } from "./hub.js";
export type {
  Answer,
  Claims,
  Invariant,
  InvariantView,
  RowChange,
  RowImage,
  RunningCollector,
  RunningLoad,
  Socket,
  Watcher,
  Writer,
} from "./watch.js";
export { testWriter } from "./watch.js";
