/** Measuring both variants of an experiment over the end of its run. */
import type { Variant, VariantMetrics } from "../model/index.js";
import { mean } from "./formulas.js";
import type { PrometheusClient, Series } from "./prometheus-client.js";
import { comparisonPoints, comparisonStepSeconds, experimentQueries } from "./queries.js";

/** One variant as measured. */
export interface MeasuredVariant {
  readonly metrics: VariantMetrics;
  readonly criticalProcesses: number;
  /** Series at each point, oldest first: the samples of the test of significance. */
  readonly seriesSamples: readonly number[];
}

/** Both variants, over the same points in time. */
export type Measurement = Readonly<Record<Variant, MeasuredVariant>>;

/**
 * Measures an experiment.
 *
 * @param agoMs - How long ago its run ended.
 */
export type Measure = (
  prometheus: PrometheusClient,
  experimentId: string,
  agoMs: number,
) => Promise<Measurement>;

/**
 * Asks for the last twelve points of the run.
 *
 * Both variants are averaged over the points at which both were seen: one that started later, or whose node
 * was away, is not compared with a whole one. What is counted on nodes is added up over those nodes whose two
 * collectors were both scraped; a collector that exported nothing counts as zero there. Points that are not
 * numbers (0 / 0) count as absent.
 *
 * @throws Error when Prometheus cannot be asked.
 */
export async function measure(
  prometheus: PrometheusClient,
  experimentId: string,
  agoMs: number,
): Promise<Measurement> {
  const endMs = (await prometheus.now()) - agoMs;
  const startMs = endMs - (comparisonPoints - 1) * comparisonStepSeconds * 1000;
  const range = { startMs, endMs, stepSeconds: comparisonStepSeconds };
  const { scraped, ...queries } = experimentQueries(experimentId);
  const names = Object.keys(queries) as (keyof typeof queries)[];
  const [seen, ...answers] = await Promise.all([
    prometheus.range(scraped, range),
    ...names.map((name) => prometheus.range(queries[name], range)),
  ]);
  const places = commonPlaces(seen);
  const byName = new Map(
    names.map((name, index) => [
      name,
      perNode.has(name) ? counted(answers[index] ?? [], places) : aligned(answers[index] ?? []),
    ]),
  );
  const side = (variant: Variant): MeasuredVariant => {
    const samples = (name: keyof typeof queries): readonly number[] => byName.get(name)?.[variant] ?? [];
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

type Samples = Readonly<Record<Variant, readonly number[]>>;

const perNode: ReadonlySet<string> = new Set(["series", "processes", "criticalProcesses"]);

/** Points in time, each with the nodes whose two collectors were both scraped. */
type Places = ReadonlyMap<number, readonly string[]>;

function commonPlaces(seen: readonly Series[]): Places {
  const baseline = valuesOf(seen, "baseline");
  const candidate = valuesOf(seen, "candidate");
  const places = new Map<number, string[]>();
  for (const { node, atMs } of baseline.values()) {
    if (!candidate.has(keyOf(node, atMs))) continue;
    const nodes = places.get(atMs) ?? [];
    nodes.push(node);
    places.set(atMs, nodes);
  }
  return new Map([...places].sort(([a], [b]) => a - b));
}

function counted(answer: readonly Series[], places: Places): Samples {
  const sums = (variant: Variant): number[] => {
    const values = valuesOf(answer, variant);
    return [...places].map(([atMs, nodes]) =>
      nodes.reduce((sum, node) => sum + (values.get(keyOf(node, atMs))?.value ?? 0), 0),
    );
  };
  return { baseline: sums("baseline"), candidate: sums("candidate") };
}

interface NodeValue {
  readonly node: string;
  readonly atMs: number;
  readonly value: number;
}

function valuesOf(answer: readonly Series[], variant: Variant): Map<string, NodeValue> {
  const values = new Map<string, NodeValue>();
  for (const { labels, points } of answer) {
    if (labels["variant"] !== variant) continue;
    const node = labels["node"] ?? "";
    for (const { atMs, value } of points) {
      if (Number.isFinite(value)) values.set(keyOf(node, atMs), { node, atMs, value });
    }
  }
  return values;
}

function keyOf(node: string, atMs: number): string {
  return `${atMs}/${node}`;
}

function aligned(answer: readonly Series[]): Samples {
  const baseline = valuesOf(answer, "baseline");
  const candidate = valuesOf(answer, "candidate");
  // A variant that is absent altogether leaves the other one whole: that it is absent is a fact, not a gap.
  const apart = baseline.size === 0 || candidate.size === 0;
  const kept = (mine: Map<string, NodeValue>, other: Map<string, NodeValue>): number[] =>
    [...mine].filter(([key]) => apart || other.has(key)).map(([, { value }]) => value);
  return { baseline: kept(baseline, candidate), candidate: kept(candidate, baseline) };
}
