/** The command behind `npm run promql`. */
import { caseSets, CASES_FOLDER, runFolder } from "./report.js";

const args = process.argv.slice(2);
const casesAt = args.indexOf("--cases");
const folder = casesAt === -1 ? CASES_FOLDER : (args[casesAt + 1] ?? "");
const asJson = args.includes("--json");
const verbose = args.includes("--verbose");

const summary: Record<string, unknown> = {};
for (const set of caseSets(folder)) {
  const reports = runFolder(set.folder, set.dialect);
  const total = reports.reduce((sum, report) => sum + report.total, 0);
  const failed = reports.reduce((sum, report) => sum + report.failures.length, 0);
  summary[set.name] = { passed: total - failed, total };
  if (asJson) continue;
  for (const report of reports) {
    console.log(`${set.name}/${report.file}: ${report.total - report.failures.length} / ${report.total}`);
    for (const { line, query, reason } of verbose ? report.failures : [])
      console.log(`  ${line}: ${query}\n    ${reason}`);
  }
  console.log(`${set.name}: ${total - failed} / ${total}`);
}
if (asJson) console.log(JSON.stringify(summary));
