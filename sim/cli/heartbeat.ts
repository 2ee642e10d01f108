/** Tells at times how far a campaign is. */
import type { Progress } from "../explore/index.js";
import type { Terminal } from "./terminal.js";

const everyMs = 5_000;

/** @returns What to call after each batch; it writes at most every five seconds. */
export function heartbeat(scenario: string, terminal: Terminal): (progress: Progress) => void {
  let nextMs = everyMs;
  return ({ runs, runsMax, findings, covered, elapsedMs }) => {
    if (elapsedMs < nextMs) return;
    nextMs = elapsedMs + everyMs;
    const of = Number.isFinite(runsMax) ? ` of ${runsMax}` : "";
    const rate = ((runs * 1000) / Math.max(1, elapsedMs)).toFixed(1);
    terminal.err(
      `${scenario}: ${runs}${of} runs, ${rate} a second, ${findings} findings, ${covered} pairs covered`,
    );
  };
}
