/** What a node keeps on its disk: it survives crashes, everything else is rebuilt from it. */

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
