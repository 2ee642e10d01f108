/** The place of one collector on a node: the version that is asked for, and the version that is live. */
import type { CollectorConfig } from "./collector-config.js";
import { createCollector, type Collector } from "./collector.js";
import type { DesiredCollector } from "./disk.js";

export interface CollectorSlotOptions {
  readonly desired: DesiredCollector;
  readonly config: CollectorConfig;
  readonly uptimeMs: () => number;
  /** Uptime at which a configuration accepted now will be live; infinity while reloads are stuck. */
  readonly liveAtMs: () => number;
  /** Called when a version becomes live. */
  readonly onLive?: (version: number) => void;
}

export interface CollectorSlot {
  readonly desired: DesiredCollector;
  /** Takes a newer version, to be live after the reload time. */
  accept(desired: DesiredCollector, config: CollectorConfig): void;
  /** What is live now; undefined before the first version is. */
  live(): Collector | undefined;
  describe(): Readonly<Record<string, unknown>>;
  /** Loses the running collector with all it counted; the newest version starts after the reload time. */
  crash(): void;
  /** Lets a waiting version start its reload time anew. */
  delayReload(): void;
}

interface Waiting {
  readonly config: CollectorConfig;
  readonly liveAtMs: number;
}

/** Opens a slot for a collector whose first version is live after the reload time. */
export function createCollectorSlot(options: CollectorSlotOptions): CollectorSlot {
  const { uptimeMs, liveAtMs } = options;
  let { desired, config: newest } = options;
  let waiting: Waiting | undefined = { config: options.config, liveAtMs: liveAtMs() };
  let collector: Collector | undefined;
  let liveVersion = 0;

  /** Nothing ticks: what was accepted long enough ago becomes live when somebody looks. */
  function settle(): void {
    if (waiting === undefined || waiting.liveAtMs > uptimeMs()) return;
    const { config, liveAtMs: startMs } = waiting;
    const { experimentId, variant, version } = desired;
    if (collector === undefined) collector = createCollector({ experimentId, variant, config, startMs });
    else collector.reload(config);
    liveVersion = version;
    options.onLive?.(version);
    waiting = undefined;
  }

  return {
    get desired() {
      return desired;
    },
    accept: (newer, config) => {
      settle();
      desired = newer;
      newest = config;
      waiting = { config, liveAtMs: liveAtMs() };
    },
    live: () => {
      settle();
      return collector;
    },
    describe: () => {
      settle();
      const { experimentId, variant, version, port } = desired;
      return {
        experiment_id: experimentId,
        variant,
        version,
        live_version: liveVersion,
        ready: liveVersion === version,
        metrics_port: port,
      };
    },
    crash: () => {
      collector = undefined;
      liveVersion = 0;
      waiting = { config: newest, liveAtMs: liveAtMs() };
    },
    delayReload: () => {
      settle();
      if (waiting !== undefined) waiting = { ...waiting, liveAtMs: liveAtMs() };
    },
  };
}
