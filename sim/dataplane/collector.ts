/** One running collector: scrapes go through the pipelines of its configuration. */
import type { CollectorConfig } from "./collector-config.js";
import { createSampleRenderer, type SampleRenderer } from "./exposition.js";
import { metricTable } from "./metric-table.js";
import { createRotatingMemo, type RotatingMemo } from "./rotating-memo.js";
import type { Sample } from "./sample.js";
import { createSelfMetrics, type PassCounts } from "./self-metrics.js";

/** What a collector sees of its node at one instant. */
export interface NodeView {
  readonly uptimeMs: number;
  /** Up to date processes. */
  readonly samples: readonly Sample[];
  /** Points per second that loads push besides what is read from the host. */
  readonly offeredPointsPerSecond: number;
  readonly latencyFactor: number;
}

export interface CollectorOptions {
  readonly experimentId: string;
  readonly variant: string;
  readonly config: CollectorConfig;
  readonly startMs: number;
}

export interface Collector {
  /** @returns Prometheus text of everything that the collector exposes now. */
  scrape(view: NodeView): string;
  /** Works by another configuration from the next scrape on; what it counted goes on. */
  reload(config: CollectorConfig): void;
  /** Lets its own counters begin at zero again. */
  resetCounters(): void;
}

interface Work {
  readonly config: CollectorConfig;
  readonly renderer: SampleRenderer;
  readonly read: RotatingMemo<Sample, Sample>;
}

const begin = (config: CollectorConfig): Work => ({
  config,
  renderer: createSampleRenderer(config.exporter),
  read: createRotatingMemo(16),
});

/** Starts a collector. It does nothing between scrapes. */
export function createCollector({ experimentId, variant, config, startMs }: CollectorOptions): Collector {
  const self = createSelfMetrics({ experiment_id: experimentId, variant });
  let work = begin(config);
  resetGroups();
  let collectedUntilMs = Number.NEGATIVE_INFINITY;

  /** Collections due since the last scrape; the first one happens at the start. */
  function collectionsUntil(uptimeMs: number): number {
    const { collectionIntervalMs } = work.config;
    const index = Math.floor((uptimeMs - startMs) / collectionIntervalMs);
    const last = Math.floor((collectedUntilMs - startMs) / collectionIntervalMs);
    collectedUntilMs = uptimeMs;
    return Number.isFinite(last) ? index - last : index + 1;
  }

  function readHost(samples: readonly Sample[]): readonly Sample[] {
    const { metrics } = work.config;
    if (samples.every((sample) => sample.metrics === metrics)) return samples;
    const limited = samples.map((sample) => work.read.get(sample, () => ({ ...sample, metrics })));
    work.read.endRound();
    return limited;
  }

  /** Groups add up in the pipelines, which a restarted collector may take over from its predecessor. */
  function resetGroups(): void {
    for (const pipeline of work.config.pipelines) pipeline.reset();
  }

  return {
    scrape: ({ uptimeMs, samples, offeredPointsPerSecond, latencyFactor }) => {
      const { config, renderer } = work;
      const read = readHost(samples);
      const exported = config.pipelines.flatMap((pipeline) => pipeline.run(read));
      const parts: string[] = [];
      const { seriesCount, sampleCount } = renderer.render(exported, parts);
      const pass: PassCounts = {
        received: read.length * bitCount(config.metrics),
        exported: seriesCount,
        sampleCount,
      };
      const offeredPoints = Math.round((offeredPointsPerSecond * config.collectionIntervalMs) / 1000);
      self.count(pass, { collections: collectionsUntil(uptimeMs), offeredPoints, latencyFactor });
      parts.push(seriesCount === 0 ? "" : "\n", self.text(pass, config.collectionIntervalMs));
      return parts.join("");
    },
    reload: (config) => {
      work = begin(config);
    },
    resetCounters: () => {
      resetGroups();
      self.reset();
    },
  };
}

const bitCount = (mask: number): number =>
  metricTable.filter((_, index) => (mask & (1 << index)) !== 0).length;
