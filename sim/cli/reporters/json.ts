/** Everything as one JSON document, at the end. */
import type { ScenarioResult } from "../../scenarios/index.js";
import { version } from "../../version.js";
import type { ReporterOutput } from "./output.js";
import type { Reporter } from "./report-event.js";

/**
 * Of `run`: `{ version, scenarios: [{ name, seed, ok, virtualMs, wallMs, events, traceHash, ..., error? }], leftOut,
 * reason? }`. Of `explore`: the list of the reports of all campaigns.
 */
export function jsonReporter({ out }: ReporterOutput): Reporter {
  const results: ScenarioResult[] = [];
  const campaigns: unknown[] = [];
  let exploring = false;
  return {
    report(event) {
      if (event.type === "start") exploring = event.command === "explore";
      if (event.type === "result") {
        const { type: _type, again: _again, ...result } = event;
        results.push(result);
      }
      if (event.type === "campaign") {
        const { type: _type, ...campaign } = event;
        campaigns.push(campaign);
      }
      if (event.type !== "end") return;
      const { leftOut, reason } = event;
      if (exploring) out(JSON.stringify(campaigns));
      else out(JSON.stringify({ version, scenarios: results, leftOut, reason }, null, 2));
    },
  };
}
