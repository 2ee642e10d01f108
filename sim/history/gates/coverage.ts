/** How much of the API the suite reaches. Only complete runs are judged: one scenario alone cannot reach it all. */
import type { GateLimits } from "../gate-limits.js";
import { percent } from "../percent.js";
import type { RunRecord } from "../record.js";
import { type Verdict, allScenarios } from "../verdict.js";

const missingShownMax = 10;

export function checkCoverage(runs: readonly RunRecord[], { coverageMin }: GateLimits): Verdict {
  const verdict = { gate: "coverage", subject: allScenarios } as const;
  const latest = runs.findLast(({ complete, coverage }) => complete && coverage !== undefined);
  if (latest?.coverage === undefined) {
    const reason = "No run of all scenarios with API coverage is on record.";
    return { ...verdict, outcome: "not-enough-runs", reason, values: {} };
  }
  const { operations, covered, answers, answersSeen, missing } = latest.coverage;
  const share = operations === 0 ? 0 : covered / operations;
  const below = share < coverageMin;
  const shown = missing.slice(0, missingShownMax).join(", ");
  const more = missing.length > missingShownMax ? ` and ${missing.length - missingShownMax} more` : "";
  const reason =
    `${covered} of ${operations} operations answered with success (${percent(share)}), ` +
    `${below ? "below" : "within"} the limit of ${percent(coverageMin)}.` +
    (missing.length === 0 ? "" : ` Missing: ${shown}${more}.`);
  const values = { covered, operations, share, answersSeen, answers, limit: coverageMin, run: latest.run };
  return { ...verdict, outcome: below ? "alert" : "ok", reason, values };
}
