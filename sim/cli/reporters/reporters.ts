/** The reporters that a command was asked for. */
import { SimError } from "../../errors.js";
import type { Terminal } from "../terminal.js";
import { defaultReporter } from "./default.js";
import { githubReporter } from "./github.js";
import { jsonReporter } from "./json.js";
import { jsonlReporter } from "./jsonl.js";
import { junitReporter } from "./junit.js";
import { openOutput } from "./output.js";
import type { ReporterSpec } from "./reporter-spec.js";
import type { Reporter } from "./report-event.js";

const makers = {
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
  const reporters = specs.map(({ name, file }) => makers[name](openOutput(file, terminal)));
  return {
    report(event) {
      for (const each of reporters) each.report(event);
    },
  };
}

const forPeople: ReadonlySet<string> = new Set(["default", "github"]);

function refuseMixtures(specs: readonly ReporterSpec[]): void {
  const onStdout = specs.filter(({ file }) => file === undefined).map(({ name }) => name);
  const document = onStdout.find((name) => !forPeople.has(name));
  if (document === undefined || onStdout.length === 1) return;
  throw new SimError(
    "SIM_OPTION_INVALID",
    `Cannot write the reports ${onStdout.join(" and ")} to stdout at once: "${document}" is one document.`,
    `Write all but one to files, such as --reporter ${document}=report.${document === "junit" ? "xml" : document}.`,
  );
}
