/** The input series of a rule test, loaded as far as the rules have been evaluated. */
import type { Labels } from "../labels/index.js";
import type { Engine } from "../promql/index.js";
import type { Storage } from "../storage/index.js";
import { openSeriesLine, parseSeriesLabels, type Sequence } from "./series-notation.js";
import type { PromtestCase } from "./test-file.js";

export interface SeriesLoader {
  /** Appends what is due up to then. */
  until(timeMs: number): void;
}

export interface LoaderOptions {
  readonly storage: Storage;
  readonly engine: Engine;
  /** Moment of the first values. */
  readonly startMs: number;
  /** Zero: version 2 without an interval. */
  readonly intervalMs: number;
}

/** @throws Error for a series that cannot be read. */
export function createLoader(
  { input_series: inputs }: Pick<PromtestCase, "input_series">,
  { storage, engine, startMs, intervalMs }: LoaderOptions,
): SeriesLoader {
  // A text of several lines is several series, as in promtool. Of two lines for one series the last one counts.
  const lines = inputs
    .flatMap(({ series, values }) => `${series} ${values}`.split("\n"))
    .map((line) => line.trim());
  const byLabels = new Map<string, { readonly labels: Labels; readonly sequence: Sequence }>();
  for (const line of lines) {
    if (line === "" || line.startsWith("#")) continue;
    const { metric, sequence } = openSeriesLine(line);
    const labels = parseSeriesLabels(metric, engine);
    byLabels.set(labels.key, { labels, sequence });
  }
  let open = [...byLabels.values()];
  if (intervalMs === 0) {
    // Version 2 puts all values at one moment, where only the first one counts.
    for (const { labels, sequence } of open) {
      const value = sequence.next();
      if (typeof value === "number") storage.append(storage.series(labels), startMs, value);
    }
    open = [];
  }
  let next = 0;
  return {
    until(timeMs) {
      for (; open.length > 0 && startMs + next * intervalMs <= timeMs; next += 1) {
        const at = startMs + next * intervalMs;
        open = open.filter(({ labels, sequence }) => {
          const value = sequence.next();
          if (value === "end") return false;
          if (value === "stale") storage.append(storage.series(labels), at, 0, true);
          else if (value !== undefined) storage.append(storage.series(labels), at, value);
          return true;
        });
      }
    },
  };
}
