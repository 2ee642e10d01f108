/** Invariants: what must hold in every run, whatever the schedule and the faults. */

export {
  checkLinearizable,
  type LinearizabilityOptions,
  type LinearizabilityVerdict,
  type Operation,
  type SequentialModel,
  experimentModel,
  registerModel,
  type ExperimentInput,
  type ExperimentOutput,
  type ExperimentRules,
  type RegisterInput,
  type RegisterOutput,
} from "./linearizable.js";
export { invariants } from "./catalogue.js";
export { createInvariantHub, InvariantError, type HubParts, type InvariantHub } from "./hub.js";
export {
  type Answer,
  type Claims,
  type Invariant,
  type InvariantView,
  type RowChange,
  type RowImage,
  type RunningCollector,
  type RunningLoad,
  type Socket,
  type Watcher,
  type Writer,
  testWriter,
} from "./watch.js";
