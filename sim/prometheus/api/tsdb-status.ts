/** What /status/tsdb says about the series that are stored. */
import { METRIC_NAME } from "../labels/index.js";
import type { Storage } from "../storage/index.js";

interface Stat {
  readonly name: string;
  readonly value: number;
}

/** @param limit - How many entries each list has at most. */
export function tsdbStatus(storage: Storage, limit: number): Record<string, unknown> {
  const series = storage.select([]);
  // Series by value, by label.
  const byLabel = new Map<string, Map<string, number>>();
  let [minTime, maxTime] = [Infinity, -Infinity];
  for (const one of series) {
    for (const [name, value] of one.labels.entries()) {
      const values = byLabel.get(name) ?? new Map<string, number>();
      byLabel.set(name, values);
      values.set(value, (values.get(value) ?? 0) + 1);
    }
    if (one.count === 0) continue;
    minTime = Math.min(minTime, one.timeAt(0));
    maxTime = Math.max(maxTime, one.timeAt(one.count - 1));
  }
  const labels = [...byLabel];
  const stats = (entries: readonly (readonly [string, number])[]): Stat[] =>
    entries
      .map(([name, value]) => ({ name, value }))
      .sort((left, right) => right.value - left.value)
      .slice(0, limit);
  const bytes = (values: ReadonlyMap<string, number>): number =>
    [...values].reduce((sum, [value, count]) => sum + Buffer.byteLength(value) * count, 0);
  return {
    headStats: {
      numSeries: series.length,
      numLabelPairs: labels.reduce((sum, [, values]) => sum + values.size, 0),
      chunkCount: series.length,
      minTime: Number.isFinite(minTime) ? minTime : 0,
      maxTime: Number.isFinite(maxTime) ? maxTime : 0,
    },
    seriesCountByMetricName: stats([...(byLabel.get(METRIC_NAME) ?? [])]),
    labelValueCountByLabelName: stats(labels.map(([name, values]) => [name, values.size])),
    memoryInBytesByLabelName: stats(labels.map(([name, values]) => [name, bytes(values)])),
    seriesCountByLabelValuePair: stats(
      labels.flatMap(([name, values]) =>
        [...values].map(([value, count]) => [`${name}=${value}`, count] as const),
      ),
    ),
  };
}
