/** How the controller behaves. Every time is in milliseconds. */
import { judge, measure, type Judge, type Measure } from "../analysis/index.js";
import type { Clock, HttpClient, Random } from "../ports/index.js";
import {
  createGeneratorClient,
  createIds,
  type DatabaseTime,
  type GeneratorClient,
  type Ids,
} from "../shared/index.js";
import {
  claimExperiment,
  closeExperiment,
  releaseExperiment,
  takeOverExperiment,
  transitionExperiment,
  type TransitionExperiment,
} from "../store/index.js";
import { createNodeClient, type NodeClient } from "./node-client.js";

export interface ControllerOptions {
  /** Experiments that may be brought up at once; the others wait in order. @default 10 */
  readonly initWorkers?: number;
  /** Other steps that may run at once. @default 10 */
  readonly workers?: number;
  /** Between two looks at everything; finds what a lost hint hid. @default 30_000 */
  readonly tickMs?: number;
  /** After this long without a change of hands, a lease counts as left behind. @default 15_000 */
  readonly leaseMs?: number;
  /** `initializing` is visible at least this long. @default 2_000 */
  readonly initHoldMs?: number;
  /** `analyzing` is visible at least this long. @default 5_000 */
  readonly analysisHoldMs?: number;
  /** Bringing up may take this long, from the first attempt. @default 600_000 */
  readonly initTimeoutMs?: number;
  /** Analyzing may take this long. @default 1_800_000 */
  readonly analysisTimeoutMs?: number;
  /** First pause after a failed step; doubles. @default 1_000 */
  readonly retryFirstMs?: number;
  /** Longest pause between two attempts. @default 15_000 */
  readonly retryMostMs?: number;
  /** Longest pause between two looks at collectors that are coming up or take a new version. @default 5_000 */
  readonly readyPollMs?: number;
  /** Limit of one request to a node, the generator or Prometheus. @default 5_000 */
  readonly requestTimeoutMs?: number;
  /** Ticks a node is still looked at after its last experiment ended; those in which it is silent do not count. @default 10 */
  readonly sweepTicks?: number;
  /** Shutdown waits this long for steps under way. @default 30_000 */
  readonly shutdownGraceMs?: number;
  /** @default "http://generator:8082" */
  readonly generatorUrl?: string;
  /** @default "http://prometheus:9090" */
  readonly prometheusUrl?: string;
  /** Port of the agent on each node. @default 8090 */
  readonly nodePort?: number;
}

export type ResolvedControllerOptions = Required<ControllerOptions>;

const defaults: ResolvedControllerOptions = {
  initWorkers: 10,
  workers: 10,
  tickMs: 30_000,
  leaseMs: 15_000,
  initHoldMs: 2_000,
  analysisHoldMs: 5_000,
  initTimeoutMs: 600_000,
  analysisTimeoutMs: 1_800_000,
  retryFirstMs: 1_000,
  retryMostMs: 15_000,
  readyPollMs: 5_000,
  requestTimeoutMs: 5_000,
  sweepTicks: 10,
  shutdownGraceMs: 30_000,
  generatorUrl: "http://generator:8082",
  prometheusUrl: "http://prometheus:9090",
  nodePort: 8090,
};

/** Fills in what is missing. @throws RangeError when a number is not a positive one. */
export function resolveControllerOptions(options: ControllerOptions = {}): ResolvedControllerOptions {
  const resolved = { ...defaults, ...options };
  for (const [name, value] of Object.entries(resolved)) {
    if (typeof value === "number" && !(value > 0 && Number.isFinite(value))) {
      throw new RangeError(`Controller option ${name} must be a positive number, not ${value}.`);
    }
  }
  return Object.freeze(resolved);
}

// The pieces of a controller that can be exchanged one by one.

/** How experiments change hands. */
interface Leases {
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
