/** The pieces of a controller that can be exchanged one by one. */
import type { Clock, HttpClient } from "../ports/index.js";
import {
  createGeneratorClient,
  createIds,
  type DatabaseTime,
  type GeneratorClient,
  type Ids,
} from "../shared/index.js";
import type { Random } from "../ports/index.js";
import {
  claimExperiment,
  closeExperiment,
  releaseExperiment,
  takeOverExperiment,
  transitionExperiment,
  type TransitionExperiment,
} from "../store/index.js";
import { judge, measure, type Judge, type Measure } from "../analysis/index.js";
import { createNodeClient, type NodeClient } from "./node-client.js";
import type { ResolvedControllerOptions } from "./options.js";

/** How experiments change hands. */
export interface Leases {
  readonly claim: typeof claimExperiment;
  readonly takeOver: typeof takeOverExperiment;
  readonly release: typeof releaseExperiment;
  readonly close: typeof closeExperiment;
}

/** The pieces; each has one job and no state of its own. */
export interface ControllerParts {
  readonly ids: Ids;
  readonly leases: Leases;
  readonly transition: TransitionExperiment;
  readonly generator: GeneratorClient;
  readonly nodes: NodeClient;
  readonly measure: Measure;
  readonly judge: Judge;
  /** Replaces the shared clock of the database. */
  readonly time?: DatabaseTime;
}

/** What the standard pieces are made of. */
export interface ControllerPorts {
  readonly clock: Clock;
  readonly random: Random;
  readonly http: HttpClient;
}

/** Makes the standard pieces, except those that are given. */
export function controllerParts(
  { random, http }: ControllerPorts,
  options: ResolvedControllerOptions,
  given: Partial<ControllerParts> = {},
): ControllerParts {
  return {
    ids: createIds(random),
    leases: {
      claim: claimExperiment,
      takeOver: takeOverExperiment,
      release: releaseExperiment,
      close: closeExperiment,
    },
    transition: transitionExperiment,
    generator: createGeneratorClient(http, options),
    nodes: createNodeClient(http, options),
    measure,
    judge,
    ...given,
  };
}
