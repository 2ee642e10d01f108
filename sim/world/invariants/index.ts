/** Invariants: what must hold in every run, whatever the schedule and the faults. */

export {
  checkLinearizable,
  type Operation,
  type SequentialModel,
  experimentModel,
  registerModel,
  type ExperimentInput,
  type ExperimentOutput,
  type RegisterInput,
  type RegisterOutput,
} from "./linearizable.js";
export { invariants } from "./catalogue.js";
export { createInvariantHub, InvariantError, type InvariantHub } from "./hub.js";
export { type Invariant, type RowChange, testWriter } from "./watch.js";
