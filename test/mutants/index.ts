/** Every mutant. */
import { collectorMutants } from "./collectors.js";
import { gatewayMutants } from "./gateways.js";
import { leaseMutants } from "./leases.js";
import type { Mutant } from "./mutant.js";
import { resultMutants } from "./results.js";
import { socketMutants } from "./sockets.js";
import { stateMutants } from "./states.js";

export type { Mutant } from "./mutant.js";

export const mutants: readonly Mutant[] = [
  ...leaseMutants,
  ...stateMutants,
  ...collectorMutants,
  ...resultMutants,
  ...gatewayMutants,
  ...socketMutants,
];
