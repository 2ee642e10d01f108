/** How a campaign ended, in words and as an exit code. */
import { type CampaignReport, formatDifference } from "../explore/index.js";
import { exitCodes } from "./exit-codes.js";
import { missing } from "./reporters/outcome.js";
import type { Terminal } from "./terminal.js";

const differencesShown = 3;

/** Tells of stored cases, leaks, and conditions that never came true. @returns The exit code. */
export function conclude(report: CampaignReport, terminal: Pick<Terminal, "err">): number {
  const { scenario, runs, failed, cases, differences, covered, stoppedBy } = report;
  for (const { id, verdict, left } of cases)
    terminal.err(
      `Stored case ${id}: ${verdict === "same" ? "fails as before" : verdict}${left === undefined ? "" : `; ${left}`}`,
    );
  for (const use of report.harmless)
    terminal.err(`Real (not simulated) source used, without effect on the run: ${use}`);
  for (const difference of differences.slice(0, differencesShown)) terminal.err(formatDifference(difference));
  const unseen = missing(report);
  for (const name of unseen) terminal.err(`The property "${name}" was never observed in ${runs} runs.`);
  terminal.err(
    `${scenario}: ${runs} runs, ${failed} failed, ${covered} pairs of steps covered${stoppedBy === undefined ? "" : `, ended by ${stoppedBy}`}.`,
  );
  if (differences.length > 0) return exitCodes.notDeterministic;
  const again = cases.some(({ verdict }) => verdict !== "no failure");
  return failed > 0 || again || unseen.length > 0 ? exitCodes.finding : exitCodes.ok;
}
