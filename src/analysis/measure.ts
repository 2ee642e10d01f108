/** Measuring both variants of an experiment over the end of its run. */
import type { Variant, VariantMetrics } from "../model/index.js";
import type { HttpClient } from "../ports/index.js";
import { isPlainObject } from "../shared/index.js";
import { mean } from "./formulas.js";

// The PromQL of an experiment. Every expression names one experiment, so that none can mix two.

/** Points of a comparison: the last twelve scrapes. */
const comparisonPoints = 12;

/** Seconds between two points; the scrape interval. */
export const comparisonStepSeconds = 15;

/**
 * What is asked about each variant; the result of each carries the label `variant`. The first four also carry
 * `node`, the label that a scrape adds to everything a collector tells.
 */
export interface ExperimentQueries {
  /** There when a collector was scraped, also while it exports nothing. */
  readonly scraped: string;
  readonly series: string;
  readonly processes: string;
  readonly criticalProcesses: string;
  readonly samplesPerSecond: string;
  readonly cpuCores: string;
  readonly memoryBytes: string;
  /** Seconds. */
  readonly latencyP95: string;
  readonly errorPercent: string;
  /** USD an hour: 0.25 for each GiB exported. */
  readonly hourlyCost: string;
}

/**
 * @param experimentId - A UUID; nothing in it needs quoting.
 * @returns The expressions for one experiment.
 */
export function experimentQueries(experimentId: string): ExperimentQueries {
  const of = (extra = ""): string => `{experiment_id="${experimentId}"${extra}}`;
  const series = of(`,__name__=~"phoenix_process_.+",__name__!="phoenix_process_cardinality"`);
  const critical = of(`,__name__=~"phoenix_process_.+",process_priority="critical"`);
  const distinct = "count by (variant, node, process_executable_name, process_pid)";
  const rate = (name: string): string => `sum by (variant) (rate(${name}${of()}[5m]))`;
  const sent = rate("otelcol_exporter_sent_metric_points");
  const failed = rate("otelcol_exporter_send_failed_metric_points");
  return {
    scraped: `max by (variant, node) (phoenix_process_cardinality${of()})`,
    series: `count by (variant, node) (${series})`,
    processes: `count by (variant, node) (${distinct} (${series}))`,
    criticalProcesses: `count by (variant, node) (${distinct} (${critical}))`,
    samplesPerSecond: sent,
    cpuCores: `sum by (variant) (phoenix_collector_cpu_usage_cores${of()})`,
    memoryBytes: `sum by (variant) (phoenix_collector_memory_usage_bytes${of()})`,
    latencyP95: `histogram_quantile(0.95, sum by (variant, le) (rate(phoenix_pipeline_processing_latency_seconds_bucket${of()}[5m])))`,
    errorPercent: `100 * ${failed} / (${sent} + ${failed})`,
    hourlyCost: `${rate("phoenix_pipeline_bytes_exported")} * 3600 / 2^30 * 0.25`,
  };
}

/** @returns The nodes that an experiment's series come from, one series a node with the label `node_name`. */
export function nodesQuery(experimentId: string): string {
  const series = `{experiment_id="${experimentId}",__name__=~"phoenix_process_.+",node_name!=""}`;
  return `count by (node_name) (${series})`;
}

/** One variant as measured. */
interface MeasuredVariant {
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

// Asking Prometheus.

/** One point of a series. */
interface Point {
  readonly atMs: number;
  readonly value: number;
}

/** One series of an answer. */
export interface Series {
  readonly labels: Readonly<Record<string, string>>;
  /** Oldest first; one for an instant query. */
  readonly points: readonly Point[];
}

/** Range of a query, epoch milliseconds. */
interface QueryRange {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepSeconds: number;
}

export interface PrometheusClient {
  /**
   * What time it is for Prometheus, which stamps samples by its own clock: ask by that one.
   *
   * @returns Epoch milliseconds.
   * @throws Error when Prometheus cannot be asked.
   */
  now(): Promise<number>;
  /** Values at one moment. @throws Error when Prometheus cannot be asked or refuses the query. */
  instant(query: string, atMs: number): Promise<Series[]>;
  /** Values over a range. @throws Error when Prometheus cannot be asked or refuses the query. */
  range(query: string, range: QueryRange): Promise<Series[]>;
}

/** Talks to the HTTP API of Prometheus. */
export function createPrometheusClient(
  http: HttpClient,
  options: { readonly prometheusUrl: string; readonly requestTimeoutMs: number },
): PrometheusClient {
  async function ask(path: string, values: Readonly<Record<string, string>>): Promise<Series[]> {
    const url = `${options.prometheusUrl}/api/v1/${path}?${new URLSearchParams(values).toString()}`;
    const reply = await http.request(url, { timeoutMs: options.requestTimeoutMs });
    const body: unknown = JSON.parse(reply.body);
    const data = isPlainObject(body) && body["status"] === "success" ? body["data"] : undefined;
    if (reply.status !== 200 || !isPlainObject(data) || !Array.isArray(data["result"])) {
      throw new Error(`prometheus answered ${reply.status}: ${reply.body.slice(0, 200)}`);
    }
    return (data["result"] as RawSeries[]).map(toSeries);
  }
  return {
    now: async () => {
      const point = (await ask("query", { query: "vector(time())" }))[0]?.points[0];
      if (point === undefined) throw new Error("prometheus returned no time");
      return Math.round(point.value * 1000);
    },
    instant: (query, atMs) => ask("query", { query, time: seconds(atMs) }),
    range: (query, { startMs, endMs, stepSeconds }) =>
      ask("query_range", { query, start: seconds(startMs), end: seconds(endMs), step: String(stepSeconds) }),
  };
}

type RawPoint = readonly [number, string];

interface RawSeries {
  readonly metric?: Readonly<Record<string, string>>;
  readonly value?: RawPoint;
  readonly values?: readonly RawPoint[];
}

function toSeries({ metric = {}, value, values }: RawSeries): Series {
  const raw = values ?? (value === undefined ? [] : [value]);
  const points = raw.map(([at, text]) => ({ atMs: Math.round(at * 1000), value: toNumber(text) }));
  return { labels: metric, points };
}

function toNumber(text: string): number {
  if (text === "+Inf") return Number.POSITIVE_INFINITY;
  return text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(3);
}
