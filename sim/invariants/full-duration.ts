/** An experiment runs as long as it was asked to, and is analyzed once. */
import { type Invariant, jsonOf } from "./watch.js";

export const fullDuration: Invariant = {
  name: "full-duration",
  summary: "an experiment runs for its duration, and not much longer while nothing is wrong",
  watch(view) {
    const startedAtMs = new Map<string, number>();
    return {
      committed(changes) {
        for (const { table, key, before, after } of changes) {
          if (table !== "experiments" || after === null || before?.["state"] === after["state"]) continue;
          if (after["state"] === "running") startedAtMs.set(key, view.nowMs);
          if (after["state"] !== "analyzing") continue;
          const config = jsonOf(after["config"]) as { readonly duration_ms?: number } | undefined;
          const ranMs = view.nowMs - (startedAtMs.get(key) ?? 0);
          // The clock of the database is asked a moment before the commit.
          const slackMs = 12_000;
          if (ranMs + slackMs < (config?.duration_ms ?? 0))
            view.fail(`experiment ${key} ran ${Math.round(ranMs)} ms of ${config?.duration_ms} ms`);
        }
      },
    };
  },
};
