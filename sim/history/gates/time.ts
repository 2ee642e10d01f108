/**
 * Whether a scenario takes longer than it used to. Wall time also measures the machine and whatever else runs on
 * it, so one slow run is only noted; an alert needs several in a row.
 */
import type { GateLimits } from "../gate-limits.js";
import type { ScenarioRecord } from "../record.js";
import { median } from "../statistics.js";
import type { Verdict } from "../verdict.js";

export function checkTime(
  scenario: string,
  records: readonly ScenarioRecord[],
  { timeFactorMax, slowRuns, baselineRuns, baselineRunsMin }: GateLimits,
): Verdict {
  // A run that failed stopped somewhere: its time says nothing.
  const times = records.filter(({ ok }) => ok).map(({ wallMs }) => wallMs);
  const recent = times.slice(-slowRuns);
  const before = times.slice(0, -slowRuns).slice(-baselineRuns);
  const baselineMs = median(before);
  const limitMs = baselineMs * timeFactorMax;
  const lastMs = recent.at(-1) ?? Number.NaN;
  const verdict = {
    gate: "time",
    subject: scenario,
    values: { lastMs, baselineMs, baselineRuns: before.length, limitMs },
  } as const;
  if (before.length < baselineRunsMin) {
    const reason = `It takes ${baselineRunsMin + slowRuns} runs that passed to compare their wall times.`;
    return { ...verdict, outcome: "not-enough-runs", reason };
  }
  const baseline = `the median of the ${before.length} runs before is ${show(baselineMs)}`;
  const slow = recent.filter((ms) => ms > limitMs).length;
  if (slow === slowRuns) {
    const reason =
      `The last ${slowRuns} runs each took more than ${timeFactorMax} x their usual time ` +
      `(${recent.map(show).join(", ")}; ${baseline}). This is wall time: if the machine was busy, run again.`;
    return { ...verdict, outcome: "alert", reason };
  }
  if (lastMs > limitMs) {
    const reason =
      `The last run took ${show(lastMs)}; ${baseline}. One slow run may be the machine: ` +
      `it is an alert after ${slowRuns} in a row.`;
    return { ...verdict, outcome: "note", reason };
  }
  return { ...verdict, outcome: "ok", reason: `The last run took ${show(lastMs)}; ${baseline}.` };
}

function show(ms: number): string {
  return `${Number(ms.toFixed(ms < 100 ? 1 : 0))} ms`;
}
