/** Analyses and configurations that are not whole. */
import { judge, measure, type Measurement, type PrometheusClient } from "../../src/analysis/index.js";
import { createGeneratorClient } from "../../src/shared/index.js";
import { type Mutant, rewrite, skip } from "./mutant.js";
import { controllerSql, gatewaySql } from "./twists.js";

type Results = ReturnType<typeof judge>["results"];

function judged(change: (results: Results) => Partial<Results>): Mutant["platform"] {
  return {
    controller: {
      parts: {
        judge: (measurement, criteria) => {
          const verdict = judge(measurement, criteria);
          return { ...verdict, results: { ...verdict.results, ...change(verdict.results) } };
        },
      },
    },
  };
}

type Metrics = Measurement["baseline"]["metrics"];

/** @returns A platform whose controllers measure with other figures for each variant. */
function measured(
  change: (
    side: Measurement["baseline"],
    ask: (metric: string) => ReturnType<PrometheusClient["range"]>,
  ) => Promise<Partial<Metrics>>,
): Mutant["platform"] {
  return {
    controller: {
      parts: {
        measure: async (prometheus, id, agoMs) => {
          const { baseline, candidate } = await measure(prometheus, id, agoMs);
          const endMs = (await prometheus.now()) - agoMs;
          const range = { startMs: endMs - 75_000, endMs, stepSeconds: 15 };
          const side = async (
            variant: string,
            given: Measurement["baseline"],
          ): Promise<Measurement["baseline"]> => {
            const ask = async (metric: string) =>
              prometheus.range(metric.replace("$", `experiment_id="${id}",variant="${variant}"`), range);
            return { ...given, metrics: { ...given.metrics, ...(await change(given, ask)) } };
          };
          return {
            baseline: await side("baseline", baseline),
            candidate: await side("candidate", candidate),
          };
        },
      },
    },
  };
}

export const resultMutants: readonly Mutant[] = [
  {
    name: "division-by-zero",
    shows: "always",
    wrong: "a reduction without a baseline is no number",
    caughtBy: ["invariant/results"],
    platform: judged(() => ({ cardinality_reduction: Number.NaN })),
  },
  {
    name: "no-recommendation",
    shows: "always",
    wrong: "the recommendation may be empty",
    caughtBy: ["invariant/results"],
    platform: judged(() => ({ recommendation: "" as Results["recommendation"] })),
  },
  {
    name: "results-are-not-stored",
    wrong: "results are computed and thrown away",
    caughtBy: ["invariant/results"],
    platform: controllerSql(() => skip("insert-results")),
  },
  {
    name: "half-a-configuration",
    shows: "always",
    wrong: "a configuration without a candidate is stored",
    caughtBy: ["invariant/config-versions"],
    platform: {
      controller: {
        parts: ({ http }) => {
          const inner = createGeneratorClient(http, {
            generatorUrl: "http://generator:8082",
            requestTimeoutMs: 5_000,
          });
          return {
            generator: {
              generate: async (...args) => ({ ...(await inner.generate(...args)), candidate_config: "" }),
            },
          };
        },
      },
    },
  },
  {
    name: "configuration-is-not-stored",
    shows: "always",
    wrong: "the version is raised and the configuration is missing",
    caughtBy: ["invariant/config-versions", "invariant/acknowledged-writes"],
    platform: gatewaySql(() => skip("insert-generated-config")),
  },
  {
    name: "first-configuration-is-not-stored",
    shows: "always",
    wrong: "an experiment is initializing without configurations",
    caughtBy: ["invariant/config-versions"],
    platform: controllerSql(() => skip("insert-generated-config")),
  },
  {
    name: "versions-with-gaps",
    shows: "always",
    wrong: "a change of the configuration skips a version",
    caughtBy: ["invariant/config-versions"],
    platform: gatewaySql(() =>
      rewrite("update-experiment-config-version", (text) =>
        text.replace("config_version + 1", "config_version + 2"),
      ),
    ),
  },
  {
    name: "applied-before-it-exists",
    shows: "always",
    wrong: "a version is recorded as applied that was never generated",
    caughtBy: ["invariant/config-versions", "invariant/running-means-deployed"],
    platform: controllerSql(() =>
      rewrite("note-applied-version", (text) =>
        text.replace("applied_version = $3", "applied_version = $3 + 1"),
      ),
    ),
  },
  {
    name: "no-data-is-no-number",
    wrong: "the mean of nothing is no number",
    caughtBy: ["invariant/results"],
    platform: measured(async ({ seriesSamples }) =>
      seriesSamples.length === 0 ? { time_series_count: Number.NaN } : {},
    ),
  },
  {
    name: "counters-are-subtracted",
    wrong: "the growth of a counter is its last value less its first, also when it began again in between",
    caughtBy: ["invariant/results"],
    platform: measured(async (_side, ask) => {
      const collectors = await ask("otelcol_exporter_sent_metric_points{$}");
      const grown = collectors.map(({ points }) => (points.at(-1)?.value ?? 0) - (points.at(-3)?.value ?? 0));
      return { samples_per_second: grown.length === 0 ? 0 : Math.min(...grown) / 30 };
    }),
  },
  {
    name: "slow-is-no-number",
    wrong: "a latency above the last bucket is no number",
    caughtBy: ["invariant/results"],
    platform: measured(async ({ metrics }) =>
      metrics.latency_p95_ms > 12 ? { latency_p95_ms: Number.NaN } : {},
    ),
  },
  {
    name: "names-are-counted",
    wrong: "names of metrics are counted instead of series",
    caughtBy: ["invariant/results"],
    platform: measured(async (_side, ask) => {
      const [series] = await ask("count(count by (__name__) ({$}))");
      return { time_series_count: series?.points.at(-1)?.value ?? 0 };
    }),
  },
  {
    name: "fractions-for-percents",
    wrong: "a reduction is stored as a fraction",
    caughtBy: ["invariant/results"],
    platform: judged(({ cardinality_reduction: percent }) => ({ cardinality_reduction: percent / 100 })),
  },
  {
    name: "metrics-of-all-experiments",
    wrong: "queries do not say which experiment",
    caughtBy: ["invariant/own-nodes"],
    platform: {
      gateway: {
        ports: (ports) => ({
          ...ports,
          http: {
            request: async (url, options) =>
              ports.http.request(url.replaceAll(/experiment_id%3D%22[0-9a-f-]+%22(?:%2C)?/g, ""), options),
          },
        }),
      },
    },
  },
];
