/** Tells how far a campaign is: a bar on a terminal, a line at times anywhere else. */
import type { Progress } from "../explore/index.js";
import { formatDuration } from "../kernel/index.js";
import type { Terminal } from "./terminal.js";

const lineEveryMs = 5_000;
const barEveryMs = 100;
const barWidth = 24;

/**
 * @returns What to call after each batch. Lines come at most every five seconds, and none in the first five; the
 *   bar is drawn at most ten times a second.
 */
export function tellProgress(scenario: string, terminal: Terminal): (progress: Progress) => void {
  const { status } = terminal;
  const everyMs = status === undefined ? lineEveryMs : barEveryMs;
  let nextMs = status === undefined ? everyMs : 0;
  return (progress) => {
    if (progress.elapsedMs < nextMs && progress.runs < progress.runsMax) return;
    if (status === undefined && progress.elapsedMs < nextMs) return;
    nextMs = progress.elapsedMs + everyMs;
    if (status === undefined) terminal.err(`${scenario}: ${lineOf(progress)}`);
    else status(`${scenario} ${barOf(progress)}`);
  };
}

function lineOf({ runs, runsMax, findings, covered, elapsedMs }: Progress): string {
  const of = Number.isFinite(runsMax) ? ` of ${runsMax}` : "";
  return `${runs}${of} runs, ${rateOf(runs, elapsedMs)} a second, ${findings} findings, ${covered} pairs covered`;
}

function barOf(progress: Progress): string {
  const { runs, runsMax, elapsedMs } = progress;
  // Only time ends it: there is no whole of which a bar could show a part.
  if (!Number.isFinite(runsMax)) return lineOf(progress);
  const filled = Math.floor((runs / Math.max(1, runsMax)) * barWidth);
  const leftMs = runs === 0 ? 0 : (elapsedMs / runs) * (runsMax - runs);
  const left = leftMs >= 1_000 ? `, ${formatDuration(Math.round(leftMs / 1000) * 1000)} left` : "";
  return `[${"=".repeat(filled)}${" ".repeat(barWidth - filled)}] ${lineOf(progress)}${left}`;
}

function rateOf(runs: number, elapsedMs: number): string {
  return ((runs * 1000) / Math.max(1, elapsedMs)).toFixed(1);
}
