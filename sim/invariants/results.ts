/** A completed experiment has results, one set, with a recommendation and finite figures. */
import { type Invariant, jsonOf } from "./watch.js";

export const results: Invariant = {
  name: "results",
  summary: "a completed experiment has one set of results, with a recommendation and finite figures",
  watch({ fail, rows }) {
    return {
      committed(changes) {
        for (const { table, key, before, after } of changes) {
          if (table === "experiment_results") {
            if (before !== null || after === null) fail(`the results of ${key} were changed`);
            else {
              const stored = (jsonOf(after["results"]) ?? {}) as Readonly<Record<string, unknown>>;
              if (!after["recommendation"]) fail(`the results of ${key} recommend nothing`);
              for (const name of ["cardinality_reduction", "latency_increase", "critical_process_coverage"])
                if (!Number.isFinite(stored[name])) fail(`${name} of ${key} is ${String(stored[name])}`);
              checkFigures(key, stored, fail);
            }
          }
          if (
            table !== "experiments" ||
            after?.["state"] !== "completed" ||
            before?.["state"] === "completed"
          )
            continue;
          if (!rows("experiment_results").some((row) => row["experiment_id"] === key))
            fail(`experiment ${key} completed without results`);
        }
      },
    };
  },
};

const figures = [
  "time_series_count",
  "process_count",
  "samples_per_second",
  "hourly_cost_usd",
  "cpu_usage",
  "memory_usage",
  "latency_p95_ms",
] as const;

type Figures = Readonly<Record<string, unknown>>;

// Formulas written out once more, so that a mistake in the platform's own shows.
function checkFigures(key: string, stored: Figures, fail: (problem: string) => void): void {
  const sides = ["baseline_metrics", "candidate_metrics"].map((side) => (stored[side] ?? {}) as Figures);
  for (const metrics of sides) {
    for (const name of figures) {
      const value = metrics[name];
      if (!Number.isFinite(value) || Number(value) < 0) fail(`${name} of ${key} is ${String(value)}`);
    }
    // Each process tells several series.
    if (Number(metrics["time_series_count"]) < Number(metrics["process_count"]))
      fail(`${key} has more processes than series`);
  }
  const [baseline = 0, candidate = 0] = sides.map((metrics) => Number(metrics["time_series_count"]));
  const reduction = baseline === 0 ? 0 : ((baseline - candidate) / baseline) * 100;
  if (Math.abs(reduction - Number(stored["cardinality_reduction"])) > 1)
    fail(`the reduction of ${key} is ${String(stored["cardinality_reduction"])}, and not ${reduction}`);
}
