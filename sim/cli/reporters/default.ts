/** What people read: a row as each scenario ends, and each finding as soon as it is minimized. */
import type { ScenarioResult } from "../../scenarios/index.js";
import { formatFinding } from "./finding.js";
import type { ReporterOutput } from "./output.js";
import type { PlannedRun, ReportEvent, Reporter } from "./report-event.js";
import { createRunTable, formatFailure, formatTotal } from "./table.js";
import { wrap } from "./text-table.js";

export function defaultReporter(output: ReporterOutput): Reporter {
  const { out, err, color, width } = output;
  const results: (ScenarioResult & { readonly again: string })[] = [];
  let table: ReturnType<typeof createRunTable> | undefined;

  function end({ leftOut, reason }: Extract<ReportEvent, { type: "end" }>): void {
    if (table === undefined) return;
    out(formatTotal(results));
    for (const { name, figures } of results) {
      const list = figures.map(([key, value]) => `${key} ${value}`).join(", ");
      if (list !== "") out(wrap(`${name}: ${list}`, width));
    }
    for (const result of results) if (!result.ok) err(`\n${formatFailure(result, result.again, color)}`);
    if (leftOut.length > 0) err(wrap(describeLeftOut(leftOut, reason), width));
  }

  return {
    report(event) {
      if (event.type === "start" && event.command === "run") {
        table = createRunTable(event.planned, output);
        out(table.head());
      }
      if (event.type === "result") {
        results.push(event);
        out(table?.row(event) ?? "");
      }
      if (event.type === "finding") out(`${formatFinding(event)}\n`);
      if (event.type === "end") end(event);
    },
  };
}

const shownMax = 10;

function describeLeftOut(
  leftOut: readonly Partial<PlannedRun>[],
  reason: Extract<ReportEvent, { type: "end" }>["reason"],
): string {
  const names = leftOut.slice(0, shownMax).map(({ name, seed }) => `${name} (seed ${seed})`);
  const more = leftOut.length > shownMax ? ` and ${leftOut.length - shownMax} more` : "";
  const why = reason === "budget" ? "because the budget of real time was spent" : `because of ${reason}`;
  return `Left out, ${why}: ${names.join(", ")}${more}.`;
}
