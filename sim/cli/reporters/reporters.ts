/** The reporters that a command was asked for. */
import { SimError } from "../../errors.js";
import type { ScenarioResult } from "../../scenarios/index.js";
import { version } from "../../shared/version.js";
import type { ReporterSpec } from "../options.js";
import type { Terminal } from "../terminal.js";
import { githubReporter } from "./github.js";
import { junitReporter } from "./junit.js";
import {
  formatFinding,
  openOutput,
  type PlannedRun,
  type ReportEvent,
  type Reporter,
  type ReporterOutput,
} from "./reporter.js";
import { createRunTable, formatFailure, formatTotal, wrap } from "./text-table.js";

// What people read: a row as each scenario ends, and each finding as soon as it is minimized.

function defaultReporter(output: ReporterOutput): Reporter {
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

// Everything as one JSON document, at the end.

/**
 * Of `run`: `{ version, scenarios: [{ name, seed, ok, virtualMs, wallMs, events, traceHash, ..., error? }], leftOut,
 * reason? }`. Of `explore`: the list of the reports of all campaigns; what 0.1 called `harmless` has that name beside
 * `benign`, for the programs that read it.
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
        campaigns.push({ ...campaign, harmless: campaign.benign });
      }
      if (event.type !== "end") return;
      const { leftOut, reason } = event;
      if (exploring) out(JSON.stringify(campaigns));
      else out(JSON.stringify({ version, scenarios: results, leftOut, reason }, null, 2));
    },
  };
}

// Each event as one line of JSON, as it happens: for programs that watch.

export function jsonlReporter({ out }: ReporterOutput): Reporter {
  return { report: (event) => out(JSON.stringify(event)) };
}

const factories = {
  default: defaultReporter,
  json: jsonReporter,
  jsonl: jsonlReporter,
  junit: junitReporter,
  github: (output) => githubReporter(output),
} satisfies Record<ReporterSpec["name"], (output: ReturnType<typeof openOutput>) => Reporter>;

/** What of the flags of a command chooses reporters. */
export interface ReporterFlags {
  readonly json?: boolean;
  readonly reporter?: readonly ReporterSpec[];
}

/**
 * @returns One that reports to all of them; to `default` on stdout when none was asked for.
 * @throws SimError `SIM_OPTION_INVALID` when what goes to stdout would be no one document, or a file cannot be written.
 */
export function openReporters({ json = false, reporter = [] }: ReporterFlags, terminal: Terminal): Reporter {
  const asked: readonly ReporterSpec[] = json ? [{ name: "json", file: undefined }, ...reporter] : reporter;
  const specs: readonly ReporterSpec[] = asked.length > 0 ? asked : [{ name: "default", file: undefined }];
  refuseMixtures(specs);
  const reporters = specs.map(({ name, file }) => factories[name](openOutput(file, terminal)));
  return {
    report(event) {
      for (const each of reporters) each.report(event);
    },
  };
}

const humanReadable: ReadonlySet<string> = new Set(["default", "github"]);

function refuseMixtures(specs: readonly ReporterSpec[]): void {
  const onStdout = specs.filter(({ file }) => file === undefined).map(({ name }) => name);
  const document = onStdout.find((name) => !humanReadable.has(name));
  if (document === undefined || onStdout.length === 1) return;
  throw new SimError(
    "SIM_OPTION_INVALID",
    `Cannot write the reports ${onStdout.join(" and ")} to stdout at once: "${document}" is one document.`,
    `Write all but one to files, such as --reporter ${document}=report.${document === "junit" ? "xml" : document}.`,
  );
}
