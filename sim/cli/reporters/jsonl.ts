/** Each event as one line of JSON, as it happens: for programs that watch. */
import type { ReporterOutput } from "./output.js";
import type { Reporter } from "./report-event.js";

export function jsonlReporter({ out }: ReporterOutput): Reporter {
  return { report: (event) => out(JSON.stringify(event)) };
}
