/** The same run as one JSON document. */
import type { ScenarioResult } from "../../scenarios/index.js";

/** Shape: `{ version, scenarios: [{ name, seed, ok, virtualMs, wallMs, events, traceHash, ..., error? }] }`. */
export function formatJson(version: string, results: readonly ScenarioResult[]): string {
  return JSON.stringify({ version, scenarios: results }, null, 2);
}
