/** An experiment runs as long as it was asked to, and is analyzed once. */
import { type Invariant, jsonOf } from "./watch.js";

// Finding what was left behind and taking it over takes a tick, a lease and some retries.
const lateMsMax = 180_000;

// The database writes down when it begins, before the event and the COMMIT: each may be late by ten seconds, after
// which the database ends the transaction.
const slackMs = 20_000;

export const fullDuration: Invariant = {
  name: "full-duration",
  summary: "an experiment runs for its duration, and not much longer while nothing is wrong",
  watch(view) {
    const startedAtMs = new Map<string, number>();
    let calmSinceMs = Infinity;
    return {
      committed(changes) {
        for (const { table, key, before, after } of changes) {
          if (table !== "experiments" || after === null || before?.["state"] === after["state"]) continue;
          if (after["state"] === "running") startedAtMs.set(key, view.nowMs);
          if (after["state"] !== "analyzing") continue;
          const config = jsonOf(after["config"]) as { readonly duration_ms?: number } | undefined;
          const ranMs = view.nowMs - (startedAtMs.get(key) ?? 0);
          const dueMs = (startedAtMs.get(key) ?? 0) + (config?.duration_ms ?? 0);
          const lateMs = view.nowMs - Math.max(dueMs, calmSinceMs);
          if (lateMs > lateMsMax) view.fail(`experiment ${key} ended ${Math.round(lateMs)} ms too late`);
          if (ranMs + slackMs < (config?.duration_ms ?? 0))
            view.fail(`experiment ${key} ran ${Math.round(ranMs)} ms of ${config?.duration_ms} ms`);
        }
      },
      // Asked for the first time when all faults have ended: from then on nothing is late.
      pending() {
        calmSinceMs = Math.min(calmSinceMs, view.nowMs);
        return undefined;
      },
    };
  },
};
