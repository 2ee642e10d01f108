/** Faults: the catalogue, profiles, and the two ways to use them: by hand and by the nemesis. */

export { faultKindNamed, faultKinds, profileNamed, profileNames } from "./catalogue.js";
export { isolate, partition } from "./network-faults.js";
export { createFaultController, type FaultController, type PlanOptions } from "./fault-controller.js";
export { sampledFault, startNemesis, type Nemesis } from "./nemesis.js";
export type { Fault, FaultHandle, FaultKind, FaultScope } from "./fault.js";
