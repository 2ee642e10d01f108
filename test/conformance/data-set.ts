/** The samples that both servers get: counters with resets, gauges, histograms, gaps, NaN and infinities. */
import { labelsOf } from "../../sim/servers/prometheus/labels.js";
import { formatSample } from "../../sim/servers/prometheus/promql/index.js";
import { createStorage, type Storage } from "../../sim/servers/prometheus/storage.js";

/** Seconds since the epoch of the first sample, on the grid of a minute. */
export const DATA_START = 1_700_000_040;
/** Seconds that the samples cover. */
export const DATA_LENGTH = 3600;

interface DataSeries {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly stepSeconds: number;
  valueAt(index: number): number | undefined;
}

/** The series, always the same. */
function dataSeries(): DataSeries[] {
  const series: DataSeries[] = [];
  const jobs = ["api", "app"];
  const instances = ["0", "1", "2"];
  for (const [j, job] of jobs.entries()) {
    for (const [i, instance] of instances.entries()) {
      const labels = { job, instance };
      const seed = j * 3 + i + 1;
      series.push({
        name: "requests_total",
        labels: { ...labels, group: i === 1 ? "canary" : "production" },
        stepSeconds: 15,
        valueAt: (index) => (index % (60 + seed * 7)) * seed + (index % 5) * 0.1,
      });
      series.push({
        name: "memory",
        labels,
        stepSeconds: 30,
        valueAt: (index) => (index % 11 === 10 ? undefined : Math.sin(index * seed) * 1000 + seed),
      });
      for (const [b, le] of ["0.1", "0.5", "1", "5", "+Inf"].entries()) {
        series.push({
          name: "latency_bucket",
          labels: { ...labels, le },
          stepSeconds: 15,
          valueAt: (index) => index * (b + 1) * seed + Math.floor(index / 7) * b,
        });
      }
    }
    series.push({
      name: "odd",
      labels: { job },
      stepSeconds: 60,
      valueAt: (index) => [NaN, 1, Infinity, -Infinity, 0, -0, 1e-9, 1e22][(index + j) % 8],
    });
  }
  series.push({ name: "info", labels: { job: "api", version: "1.2" }, stepSeconds: 60, valueAt: () => 1 });
  series.push({ name: "info", labels: { job: "app", version: "2.0" }, stepSeconds: 60, valueAt: () => 1 });
  series.push({
    name: "late",
    labels: { job: "api" },
    stepSeconds: 20,
    valueAt: (index) => (index < 90 ? undefined : index),
  });
  return series;
}

/** The samples as an OpenMetrics file for promtool. */
export function openMetricsText(): string {
  const lines: string[] = [];
  for (const { name, labels, stepSeconds, valueAt } of dataSeries()) {
    const text = Object.entries(labels)
      .map(([label, value]) => `${label}="${value}"`)
      .join(",");
    for (let index = 0; index * stepSeconds <= DATA_LENGTH; index += 1) {
      const value = valueAt(index);
      if (value !== undefined)
        lines.push(`${name}{${text}} ${formatSample(value)} ${DATA_START + index * stepSeconds}`);
    }
  }
  return `${lines.join("\n")}\n# EOF\n`;
}

/** The samples in a store of ours. */
export function dataStorage(): Storage {
  const storage = createStorage({ retentionMs: Infinity });
  for (const { name, labels, stepSeconds, valueAt } of dataSeries()) {
    const series = storage.series(labelsOf({ __name__: name, ...labels }));
    for (let index = 0; index * stepSeconds <= DATA_LENGTH; index += 1) {
      const value = valueAt(index);
      if (value !== undefined) storage.append(series, (DATA_START + index * stepSeconds) * 1000, value);
    }
  }
  return storage;
}
