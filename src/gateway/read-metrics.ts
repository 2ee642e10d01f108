/** Live metrics of an experiment, asked from Prometheus. */
import {
  comparisonStepSeconds,
  experimentQueries,
  nodesQuery,
  reductionPercent,
  type Series,
} from "../analysis/index.js";
import { increasePercent } from "../analysis/index.js";
import type { Experiment, Variant } from "../model/index.js";
import { parseDurationMs } from "../model/index.js";
import { errorText, ValidationError } from "../shared/index.js";
import { ApiError } from "./http.js";
import { timeText } from "./experiment-view.js";
import type { Call } from "./route.js";

/** Query parameters of live metrics. */
export const metricsQuery: Readonly<Record<string, string>> = {
  metric: "One of cardinality, cpu_usage, memory_usage, network_traffic; with variant: only this series",
  variant: "baseline or candidate",
  timeRange: "How far to look back, such as 15m; the default",
  start: "Begin, RFC 3339 or epoch seconds",
  end: "End, RFC 3339 or epoch seconds; now by default",
  resolution: "Distance of points: 15s, 1m, 5m, 15m, 1h",
};

const pointsMax = 2_000;

interface Window {
  readonly startMs: number;
  readonly endMs: number;
  readonly stepSeconds: number;
}

/**
 * @returns Both variants now and over time; of one metric and variant alone, when both are named.
 * @throws ApiError `SERVICE_UNAVAILABLE` when Prometheus cannot be asked.
 */
export async function readMetrics(call: Call, experiment: Experiment): Promise<Record<string, unknown>> {
  const window = readWindow(call.query, await asked(() => call.context.prometheus.now()));
  const metric = call.query.get("metric") ?? "";
  const variant = call.query.get("variant") ?? "";
  const timelines = timelineQueries(experiment.id);
  if (variant !== "" && variant !== "baseline" && variant !== "candidate") {
    throw new ValidationError([{ path: "variant", message: "must be baseline or candidate" }]);
  }
  if (metric !== "" && !Object.hasOwn(timelines, metric)) {
    throw new ValidationError([
      { path: "metric", message: `must be one of ${Object.keys(timelines).join(", ")}` },
    ]);
  }
  if (metric === "" || variant === "") return overview(call, experiment, window);
  const query = timelines[metric] ?? "";
  const points = pointsOf(await asked(() => call.context.prometheus.range(query, range(window))), variant);
  return {
    timestamp: points.map(({ atMs }) => timeText(atMs)),
    values: points.map(({ value }) => value),
    metric,
    variant,
  };
}

/** @returns Every PromQL answer, or the error that clients get while Prometheus is away. */
export async function asked<Value>(ask: () => Promise<Value>): Promise<Value> {
  try {
    return await ask();
  } catch (error) {
    throw new ApiError("SERVICE_UNAVAILABLE", "metrics are unavailable, try again", {
      cause: errorText(error),
    });
  }
}

async function overview(
  call: Call,
  experiment: Experiment,
  window: Window,
): Promise<Record<string, unknown>> {
  const { prometheus } = call.context;
  const queries = experimentQueries(experiment.id);
  const timelines = Object.entries(timelineQueries(experiment.id));
  const now = (query: string): Promise<Series[]> => prometheus.instant(query, window.endMs);
  const [series, samples, cpu, memory, processes, nodes, ...lines] = await asked(() =>
    Promise.all([
      now(byVariant(queries.series)),
      now(queries.samplesPerSecond),
      now(queries.cpuCores),
      now(queries.memoryBytes),
      now(byVariant(queries.processes)),
      now(nodesQuery(experiment.id)),
      ...timelines.map(([, query]) => prometheus.range(query, range(window))),
    ]),
  );
  const side = (variant: Variant) => ({
    time_series_count: latest(series, variant),
    samples_per_second: latest(samples, variant),
    cpu_usage: latest(cpu, variant),
    memory_usage: latest(memory, variant),
    process_count: latest(processes, variant),
  });
  const timeline = (variant: Variant) =>
    Object.fromEntries(
      timelines.map(([name], index) => [
        name,
        pointsOf(lines[index], variant).map(({ atMs, value }) => ({ time: timeText(atMs), value })),
      ]),
    );
  const baseline = side("baseline");
  const candidate = side("candidate");
  const cardinality = (variant: Variant) =>
    pointsOf(lines[0], variant).map(({ atMs, value }) => ({ timestamp: timeText(atMs), value }));
  return {
    experiment_id: experiment.id,
    timestamp: timeText(window.endMs),
    baseline_metrics: baseline,
    candidate_metrics: candidate,
    labels: { node: nodeNames(nodes) },
    comparison: {
      cardinality_reduction: reductionPercent(baseline.time_series_count, candidate.time_series_count),
      cpu_increase: increasePercent(baseline.cpu_usage, candidate.cpu_usage),
      memory_increase: increasePercent(baseline.memory_usage, candidate.memory_usage),
    },
    baseline: timeline("baseline"),
    candidate: timeline("candidate"),
    series: {
      baseline_cardinality: cardinality("baseline"),
      candidate_cardinality: cardinality("candidate"),
    },
  };
}

// Over all nodes.
function byVariant(query: string): string {
  return `sum by (variant) (${query})`;
}

function timelineQueries(id: string): Readonly<Record<string, string>> {
  const queries = experimentQueries(id);
  return {
    cardinality: byVariant(queries.series),
    cpu_usage: queries.cpuCores,
    memory_usage: queries.memoryBytes,
    network_traffic: `sum by (variant) (rate(phoenix_pipeline_bytes_exported{experiment_id="${id}"}[5m]))`,
  };
}

function readWindow(query: URLSearchParams, nowMs: number): Window {
  const endMs = readTime(query, "end") ?? nowMs;
  const lookBack = query.get("timeRange") || query.get("time_range") || "15m";
  const backMs = parseDurationMs(lookBack);
  if (backMs === undefined)
    throw new ValidationError([{ path: "timeRange", message: `"${lookBack}" is not a duration` }]);
  const startMs = readTime(query, "start") ?? endMs - backMs;
  const resolution = query.get("resolution") ?? "";
  const stepMs = resolution === "" ? undefined : parseDurationMs(resolution);
  if (resolution !== "" && stepMs === undefined) {
    throw new ValidationError([{ path: "resolution", message: `"${resolution}" is not a duration` }]);
  }
  if (endMs < startMs) throw new ValidationError([{ path: "end", message: "is before start" }]);
  // Coarser than asked for, rather than more points than a client can draw.
  const minStepSeconds = Math.ceil((endMs - startMs) / 1000 / pointsMax);
  const wanted = stepMs === undefined ? comparisonStepSeconds : Math.max(1, Math.round(stepMs / 1000));
  return { startMs, endMs, stepSeconds: Math.max(wanted, minStepSeconds) };
}

function readTime(query: URLSearchParams, name: string): number | undefined {
  const text = query.get(name) ?? "";
  if (text === "") return undefined;
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : Date.parse(text);
  if (Number.isFinite(ms) && ms >= 0 && ms <= 8.64e15) return Math.round(ms);
  throw new ValidationError([{ path: name, message: `"${text}" is not a time` }]);
}

function range({ startMs, endMs, stepSeconds }: Window) {
  return { startMs, endMs, stepSeconds };
}

function latest(answer: readonly Series[] | undefined, variant: Variant): number {
  const value = pointsOf(answer, variant).at(-1)?.value ?? 0;
  return Number.isFinite(value) ? value : 0;
}

function pointsOf(answer: readonly Series[] | undefined, variant: string) {
  return answer?.find(({ labels }) => labels["variant"] === variant)?.points ?? [];
}

function nodeNames(answer: readonly Series[] | undefined): string[] {
  return (answer ?? [])
    .map(({ labels }) => labels["node_name"] ?? "")
    .filter((name) => name !== "")
    .sort();
}
