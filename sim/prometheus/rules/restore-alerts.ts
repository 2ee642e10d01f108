/** Takes up alerts where an earlier process left them, so that a restart does not begin `for` anew. */
import { METRIC_NAME } from "../labels/index.js";
import type { Storage } from "../storage/index.js";
import type { RuleState } from "./group-evaluator.js";

const OUTAGE_TOLERANCE_MS = 3_600_000;
const GRACE_MS = 600_000;

/** Changes `activeAtMs` of the alerts that ALERTS_FOR_STATE remembers from the last hour. */
export function restoreAlerts(state: RuleState, storage: Storage, timeMs: number): void {
  if (state.rule.kind !== "alerting") return;
  const { forMs } = state.rule;
  for (const alert of state.alerts.values()) {
    const series = storage.series(alert.labels.with(METRIC_NAME, "ALERTS_FOR_STATE"));
    const last = series.firstAfter(timeMs) - 1;
    if (last < 0 || series.isStale(last)) continue;
    const downAtMs = series.timeAt(last);
    if (downAtMs < timeMs - OUTAGE_TOLERANCE_MS) continue;
    const activeAtMs = series.valueAt(last) * 1000;
    const remainingMs = forMs - (downAtMs - activeAtMs);
    if (remainingMs <= 0) alert.activeAtMs = activeAtMs;
    else if (remainingMs < GRACE_MS) alert.activeAtMs = timeMs + GRACE_MS - forMs;
    else alert.activeAtMs = activeAtMs + (timeMs - downAtMs);
  }
}
