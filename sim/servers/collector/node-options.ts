/** How a node behaves. */
import { SimError } from "../../errors.js";
import { loadProfiles } from "./load-profile.js";

/** Times are virtual milliseconds. */
export interface NodeOptions {
  /** From the acceptance of a configuration until it is live. @default 2_000 */
  readonly reloadMs?: number;
  /** Profile of the processes that run without any load; `none` for a bare node. @default "background" */
  readonly backgroundProfile?: string;
  /** How many processes run without any load, 0 to 10_000. @default 17 */
  readonly backgroundProcessCount?: number;
  /** Collectors a node can hold. @default 4_000 */
  readonly collectorsMax?: number;
  /** Processes that all loads of a node may start together. @default 50_000 */
  readonly loadProcessesMax?: number;
  /** Lowest port of a collector's metrics. @default 8888 */
  readonly metricsPortFirst?: number;
}

export type ResolvedNodeOptions = Readonly<Required<NodeOptions>>;

const defaults: ResolvedNodeOptions = {
  reloadMs: 2000,
  backgroundProfile: "background",
  backgroundProcessCount: 17,
  collectorsMax: 4000,
  loadProcessesMax: 50_000,
  metricsPortFirst: 8888,
};

/** @throws SimError `SIM_OPTION_INVALID` when a value is out of range. */
export function resolveNodeOptions(options: NodeOptions = {}): ResolvedNodeOptions {
  const resolved = { ...defaults, ...options };
  const { backgroundProfile: profile, ...numbers } = resolved;
  for (const [name, value] of Object.entries(numbers)) {
    if (Number.isFinite(value) && value >= 0) continue;
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Node option ${name} is ${String(value)}.`,
      "Pass a number that is not negative.",
    );
  }
  if (profile !== "none" && !Object.hasOwn(loadProfiles, profile)) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Node option backgroundProfile is "${profile}".`,
      `Use one of none, ${Object.keys(loadProfiles).join(", ")}.`,
    );
  }
  return Object.freeze(resolved);
}

// What a node keeps on its disk: it survives crashes, everything else is rebuilt from it.

/** A collector as its owner last asked for it. */
export interface DesiredCollector {
  readonly experimentId: string;
  readonly variant: string;
  readonly version: number;
  /** YAML text. */
  readonly config: string;
  readonly port: number;
}

/** A load as it was asked for. Times are epoch milliseconds of the node's own clock. */
export interface DesiredLoad {
  readonly loadId: string;
  readonly experimentId: string;
  readonly profile: string;
  readonly processCount: number;
  /** Metric points per second that the load offers. */
  readonly metricsPerSecond: number;
  readonly durationMs: number;
  readonly startedAtMs: number;
}

export interface NodeDisk {
  /** Drawn once, at the first start. */
  seed: number | undefined;
  bootCount: number;
  /** By `experiment/variant`. */
  readonly collectors: Map<string, DesiredCollector>;
  /** Highest version that was deleted, by `experiment/variant`. */
  readonly deletedVersions: Map<string, number>;
  /** Highest version that was ever live, by `experiment/variant`. The node itself does not look at it. */
  readonly onceLive: Map<string, number>;
  readonly loads: Map<string, DesiredLoad>;
  /** Loads that were stopped on request; they never start again. */
  readonly stoppedLoads: Set<string>;
}

/** An empty disk, for a node that never ran. */
export function createNodeDisk(): NodeDisk {
  return {
    seed: undefined,
    bootCount: 0,
    collectors: new Map(),
    deletedVersions: new Map(),
    onceLive: new Map(),
    loads: new Map(),
    stoppedLoads: new Set(),
  };
}
