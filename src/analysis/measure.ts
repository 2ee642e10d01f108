/** Measuring both variants of an experiment over the end of its run. */
import type { Variant, VariantMetrics } from "../model/index.js";
import { mean } from "./formulas.js";
import type { PrometheusClient, Series } from "./prometheus-client.js";
import {
  comparisonPoints,
  comparisonStepSeconds,
  experimentQueries,
  type ExperimentQueries,
} from "./queries.js";

/** One variant as measured. */
export interface MeasuredVariant {
  readonly metrics: VariantMetrics;
  readonly criticalProcesses: number;
  /** Series at each point, oldest first: the samples of the test of significance. */
  readonly seriesSamples: readonly number[];
}

/** Both variants, over the same points in time. */
export type Measurement = Readonly<Record<Variant, MeasuredVariant>>;

/** Measures an experiment. */
export type Measure = (
  prometheus: PrometheusClient,
  experimentId: string,
  endMs: number,
) => Promise<Measurement>;

/**
 * Asks for the last twelve points up to `endMs`.
 *
 * Both variants are averaged over the points at which both were seen, so that one that started later is not
 * compared with a warmer one. Points that are not numbers (0 / 0) count as absent.
 *
 * @throws Error when Prometheus cannot be asked.
 */
export async function measure(
  prometheus: PrometheusClient,
  experimentId: string,
  endMs: number,
): Promise<Measurement> {
  const startMs = endMs - (comparisonPoints - 1) * comparisonStepSeconds * 1000;
  const range = { startMs, endMs, stepSeconds: comparisonStepSeconds };
  const queries = Object.entries(experimentQueries(experimentId)) as [keyof ExperimentQueries, string][];
  const answers = await Promise.all(
    queries.map(async ([name, query]) => [name, aligned(await prometheus.range(query, range))] as const),
  );
  const byName = new Map(answers);
  const side = (variant: Variant): MeasuredVariant => {
    const samples = (name: keyof ExperimentQueries): readonly number[] => byName.get(name)?.[variant] ?? [];
    return {
      metrics: {
        time_series_count: Math.round(mean(samples("series"))),
        samples_per_second: mean(samples("samplesPerSecond")),
        cpu_usage: mean(samples("cpuCores")),
        memory_usage: mean(samples("memoryBytes")),
        process_count: Math.round(mean(samples("processes"))),
        latency_p95_ms: mean(samples("latencyP95")) * 1000,
        error_rate: mean(samples("errorPercent")),
        hourly_cost_usd: mean(samples("hourlyCost")),
      },
      criticalProcesses: mean(samples("criticalProcesses")),
      seriesSamples: samples("series"),
    };
  };
  return { baseline: side("baseline"), candidate: side("candidate") };
}

// A variant that is absent altogether leaves the other one whole: no series is a fact, not a gap.
function aligned(answer: readonly Series[]): Readonly<Record<Variant, readonly number[]>> {
  const points = (variant: Variant): Map<number, number> => {
    const series = answer.find(({ labels }) => labels["variant"] === variant);
    const real = (series?.points ?? []).filter(({ value }) => Number.isFinite(value));
    return new Map(real.map(({ atMs, value }) => [atMs, value]));
  };
  const baseline = points("baseline");
  const candidate = points("candidate");
  if (baseline.size === 0 || candidate.size === 0) {
    return { baseline: [...baseline.values()], candidate: [...candidate.values()] };
  }
  const common = [...baseline.keys()].filter((atMs) => candidate.has(atMs));
  const at = (values: Map<number, number>): number[] => common.map((atMs) => values.get(atMs) ?? 0);
  return { baseline: at(baseline), candidate: at(candidate) };
}
