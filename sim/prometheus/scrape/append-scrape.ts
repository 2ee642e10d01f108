/** Turns one body into stored samples: all of them, or none when a line is broken. */
import type { ScrapeConfig } from "../config/index.js";
import type { Dialect } from "../promql/index.js";
import type { Storage } from "../storage/index.js";
import type { TargetInfo } from "./target-labels.js";
import { readExposition, type Staging } from "./read-exposition.js";
import { createScrapeCache } from "./scrape-cache.js";
import { sampleLabels } from "./sample-labels.js";
import type { MetadataByFamily } from "./metadata.js";
import type { TextPool } from "./text-pool.js";
import { ExpositionError } from "./exposition-error.js";

/** What a scrape brought. */
export interface AppendOutcome {
  readonly scraped: number;
  readonly kept: number;
  readonly seriesAdded: number;
  /** Why nothing was kept. */
  readonly error: string | undefined;
}

/** The samples of one target over time. */
export interface TargetAppender {
  readonly metadata: MetadataByFamily;
  append(body: string, openMetrics: boolean, timeMs: number): AppendOutcome;
  /** Marks every series that is still current as stale. */
  markAllStale(timeMs: number): void;
}

export interface AppenderOptions {
  readonly storage: Storage;
  readonly config: ScrapeConfig;
  readonly target: TargetInfo;
  readonly dialect: Dialect;
  /** Names and values of labels; share it among targets, as they expose the same ones. */
  readonly texts: TextPool;
  /** Where bodies are read to; share it among targets, as one body is read at a time. */
  readonly staging: Staging;
}

/** @returns An appender that has not seen the target yet. */
export function createTargetAppender({
  storage,
  config,
  target,
  dialect,
  texts,
  staging,
}: AppenderOptions): TargetAppender {
  const cache = createScrapeCache();
  const metadata: MetadataByFamily = new Map();
  const labelOptions = {
    target: target.labels,
    honorLabels: config.honorLabels,
    rules: config.metricRelabelRules,
    metadata,
    dialect,
    texts,
    limits: config.labelLimits,
  };

  function markVanished(timeMs: number, scrape: number): void {
    for (const line of cache.lines) {
      if (line.seenIn === scrape) continue;
      if (line.series !== undefined && !line.ownTime) storage.append(line.series, timeMs, 0, true);
      cache.byText.delete(line.text);
    }
  }

  function commit(timeMs: number): void {
    for (let index = 0; index < staging.sampleCount; index += 1) {
      const line = staging.lines[index] as (typeof staging.lines)[number];
      const { series } = line;
      if (series === undefined) continue;
      const own = staging.timesMs[index] as number;
      const ownTime = config.honorTimestamps && !Number.isNaN(own);
      line.ownTime = ownTime;
      storage.append(series, ownTime ? own : timeMs, staging.values[index] as number);
    }
    if (!staging.asBefore) replaceLines(timeMs);
  }

  function replaceLines(timeMs: number): void {
    cache.scrapes += 1;
    const scrape = cache.scrapes;
    const lines = staging.order.slice(0, staging.lineCount);
    lines.forEach((line, position) => {
      line.seenIn = scrape;
      line.position = position;
    });
    markVanished(timeMs, scrape);
    cache.lines = lines;
  }

  function markAllStale(timeMs: number): void {
    cache.scrapes += 1;
    markVanished(timeMs, cache.scrapes);
    cache.byText.clear();
    cache.lines = [];
  }

  return {
    metadata,
    markAllStale,
    append(body, openMetrics, timeMs) {
      let error: string | undefined;
      try {
        readExposition(body, staging, {
          openMetrics,
          cache,
          metadata,
          seriesFor(name, set) {
            const stored = sampleLabels(name, set, labelOptions);
            return stored === undefined ? undefined : storage.series(stored);
          },
        });
      } catch (cause) {
        if (!(cause instanceof ExpositionError)) throw cause;
        error = cause.message;
      }
      const scraped = staging.sampleCount;
      let kept = 0;
      for (let index = 0; index < scraped; index += 1)
        if (staging.lines[index]?.series !== undefined) kept += 1;
      if (error === undefined && config.sampleLimit > 0 && kept > config.sampleLimit)
        error = "sample limit exceeded";
      const outcome = { scraped, kept, seriesAdded: staging.fresh, error };
      if (error === undefined) commit(timeMs);
      else markAllStale(timeMs);
      return outcome;
    },
  };
}
