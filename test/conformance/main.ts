/**
 * The command behind `npm run promql`.
 *
 * `--json` prints one document; `--cases <folder>` runs another folder; `--queries <n>` sets how many random
 * queries the real server is asked (0: none); `--verbose` lists what failed.
 */
import { parseArgs } from "node:util";
import { decideRealArm, missingProgram, realPrograms } from "../support/real-programs.js";
import { runDifferential } from "./differential.js";
import { caseSets, CASES_FOLDER, LEFT_OUT, runFolder } from "./report.js";

const { values } = parseArgs({
  options: {
    json: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
    cases: { type: "string", default: CASES_FOLDER },
    queries: { type: "string", default: "10000" },
    seed: { type: "string", default: "1" },
  },
});

const summary: Record<string, unknown> = {};
const say = (line: string): void => {
  if (!values.json) console.log(line);
};

for (const set of caseSets(values.cases)) {
  const reports = runFolder(set.folder, set.dialect);
  const total = reports.reduce((sum, report) => sum + report.total, 0);
  const failed = reports.reduce((sum, report) => sum + report.failures.length, 0);
  summary[set.name] = { passed: total - failed, total };
  for (const report of reports) {
    say(`${set.name}/${report.file}: ${report.total - report.failures.length} / ${report.total}`);
    for (const { line, query, reason } of values.verbose ? report.failures : []) {
      say(`  line ${line}: ${query}\n    ${reason}`);
    }
  }
  say(`${set.name}: ${total - failed} / ${total} cases\n`);
}

const { action, reason: missing } = decideRealArm(missingProgram([realPrograms.prometheus]));
if (Number(values.queries) > 0 && action !== "run") {
  console.error(
    `differential: ${action === "fail" ? "FAILED" : "skipped"}, no query was compared: ${missing}`,
  );
  if (action === "fail") process.exitCode = 1;
} else if (Number(values.queries) > 0) {
  const report = await runDifferential(Number(values.queries), Number(values.seed));
  summary["differential"] = { queries: report.queries, different: report.different.length };
  say(
    `differential: ${report.queries} queries against Prometheus ${report.version}, ${report.different.length} different, ${report.explained.length} explained`,
  );
  for (const { request, reason } of report.explained) say(`  ${request.query}\n    ${reason ?? ""}`);
  for (const { request, real, ours } of report.different) {
    say(`  ${JSON.stringify(request)}\n    real ${real.slice(0, 300)}\n    ours ${ours.slice(0, 300)}`);
  }
  say("");
}

say("Left out, by reason:");
for (const { reason, names } of LEFT_OUT) say(`  ${reason}: ${names.join(", ")}`);
if (values.json) console.log(JSON.stringify(summary));
