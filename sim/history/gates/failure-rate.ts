/**
 * How often a scenario fails. One failure in three runs says little, so it is an alert only once the rate lies
 * above the limit with confidence; until then there are not enough runs.
 */
import type { GateLimits } from "../gate-limits.js";
import { percent } from "../percent.js";
import type { ScenarioRecord } from "../record.js";
import { failureRateAtLeast, runsToShow } from "../statistics.js";
import { type Verdict, allScenarios } from "../verdict.js";

// The quantile is computed to about 15 digits: one failure in one run must not pass for more than 5 %.
const rounding = 1e-9;

export function checkFailureRate(
  scenario: string,
  records: readonly ScenarioRecord[],
  limits: GateLimits,
): Verdict {
  return judge(scenario, records.slice(-limits.failureRuns), limits);
}

/** The same over all scenarios together: one window over the latest runs of any of them. */
export function checkFailureRateOfAll(records: readonly ScenarioRecord[], limits: GateLimits): Verdict {
  return judge(allScenarios, records.slice(-limits.failureRuns), limits);
}

function judge(
  subject: string,
  records: readonly ScenarioRecord[],
  { failureRateMax, confidence }: GateLimits,
): Verdict {
  const runs = records.length;
  const failures = records.filter(({ ok }) => !ok);
  const failed = failures.length;
  const atLeast = failureRateAtLeast(failed, runs, confidence);
  const certainly = `with ${percent(confidence)} confidence the rate is at least ${percent(atLeast)}`;
  const found = `${failed} of ${runs} runs failed, ${percent(failed / runs)}`;
  const limit = `the limit is ${percent(failureRateMax)}`;
  const verdict = {
    gate: "failure-rate",
    subject,
    values: { failed, runs, rate: failed / runs, atLeast, limit: failureRateMax },
  } as const;
  if (atLeast > failureRateMax + rounding) {
    const reason = `${found}; ${certainly}, and ${limit}. ${describeFailures(failures)}`;
    return { ...verdict, outcome: "alert", reason };
  }
  if (failed / runs > failureRateMax) {
    const reason = `${found}, but not enough runs to mean it: ${certainly}, and ${limit}. ${describeFailures(failures)}`;
    return { ...verdict, outcome: "not-enough-runs", reason };
  }
  const needed = runsToShow(failureRateMax, confidence);
  if (runs < needed) {
    const reason =
      failed === 0
        ? `No run has failed, but it takes ${needed} to show a rate of at most ${percent(failureRateMax)}.`
        : `${found}; ${limit}. It takes ${needed} runs to tell.`;
    return { ...verdict, outcome: "not-enough-runs", reason };
  }
  return { ...verdict, outcome: "ok", reason: `${found}; ${limit}.` };
}

function describeFailures(failures: readonly ScenarioRecord[]): string {
  const latest = failures.at(-1);
  if (latest === undefined) return "";
  const codes = [...new Set(failures.map(({ error }) => error ?? "unknown"))].join(", ");
  return `Errors: ${codes}. The latest again: npx phoenix-sim run ${latest.scenario} --seed ${latest.seed} --verbose`;
}
