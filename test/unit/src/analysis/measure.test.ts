import { expect, test } from "vitest";
import { measure, type PrometheusClient, type Series } from "../../../../src/analysis/index.js";

const nowMs = 1_000_000_000;
const points = (values: readonly number[]) =>
  values.map((value, index) => ({ atMs: nowMs + index * 15_000, value }));
const series = (variant: string, node: string, values: readonly number[]): Series => ({
  labels: { variant, node },
  points: points(values),
});

function answering(answers: Readonly<Record<string, readonly Series[]>>): PrometheusClient {
  const find = async (query: string): Promise<Series[]> => [
    ...(Object.entries(answers).find(([part]) => query.includes(part))?.[1] ?? []),
  ];
  return { now: async () => nowMs, instant: find, range: find };
}

const scraped = "max by (variant, node)";
const counted = `count by (variant, node) ({experiment_id="x",__name__=~"phoenix_process_.+",__name__!=`;

test("only nodes whose two collectors were scraped are compared", async () => {
  const client = answering({
    [scraped]: [
      series("baseline", "node1", [1, 1]),
      series("baseline", "node2", [1, 1]),
      series("candidate", "node1", [1, 1]),
    ],
    [counted]: [
      series("baseline", "node1", [100, 100]),
      series("baseline", "node2", [900, 900]),
      series("candidate", "node1", [40, 40]),
    ],
  });
  const { baseline, candidate } = await measure(client, "x", 0);
  expect(baseline.metrics.time_series_count).toBe(100);
  expect(candidate.metrics.time_series_count).toBe(40);
});

test("a collector that exports nothing counts as zero, and is no gap", async () => {
  const client = answering({
    [scraped]: [series("baseline", "node1", [1, 1]), series("candidate", "node1", [1, 1])],
    [counted]: [series("baseline", "node1", [100, 100])],
  });
  const { candidate } = await measure(client, "x", 0);
  expect(candidate.seriesSamples).toEqual([0, 0]);
});

test("points at which one variant is missing, or is no number, do not count", async () => {
  const cores = (variant: string, values: readonly number[]): Series => ({
    labels: { variant },
    points: points(values),
  });
  const client = answering({
    phoenix_collector_cpu_usage_cores: [cores("baseline", [9, 1, 1]), cores("candidate", [Number.NaN, 2, 4])],
  });
  const { baseline, candidate } = await measure(client, "x", 0);
  expect(baseline.metrics.cpu_usage).toBe(1);
  expect(candidate.metrics.cpu_usage).toBe(3);
});

test("the window ends when the run did, by the clock of Prometheus", async () => {
  const ends: number[] = [];
  const client: PrometheusClient = {
    now: async () => nowMs,
    instant: async () => [],
    range: async (_query, { startMs, endMs }) => {
      ends.push(endMs);
      expect(endMs - startMs).toBe(165_000);
      return [];
    },
  };
  await measure(client, "x", 5_000);
  expect(new Set(ends)).toEqual(new Set([nowMs - 5_000]));
});
