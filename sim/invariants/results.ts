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
