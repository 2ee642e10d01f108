/** Every mutant. */
import { accountMutants } from "./accounts.js";
import { collectorMutants } from "./collectors.js";
import { databaseMutants } from "./databases.js";
import { gatewayMutants } from "./gateways.js";
import { generatorMutants } from "./generators.js";
import { leaseMutants } from "./leases.js";
import type { Mutant } from "./mutant.js";
import { loadMutants } from "./loads.js";
import { readMutants } from "./reads.js";
import { resultMutants } from "./results.js";
import { socketMutants } from "./sockets.js";
import { stateMutants } from "./states.js";

export type { Mutant } from "./mutant.js";
export { witnesses } from "./witnesses.js";

export const mutants: readonly Mutant[] = [
  ...leaseMutants,
  ...stateMutants,
  ...collectorMutants,
  ...resultMutants,
  ...gatewayMutants,
  ...socketMutants,
  ...generatorMutants,
  ...databaseMutants,
  ...readMutants,
  ...accountMutants,
  ...loadMutants,
];
