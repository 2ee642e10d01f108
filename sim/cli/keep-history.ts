/** Appends the results of a run to its history as they come, so that an interrupted run loses only its last one. */
import { type HistoryRecord, appendToHistory, runRecord, scenarioRecord } from "../history/index.js";
import type { ScenarioResult } from "../scenarios/index.js";
import { version } from "../version.js";
import type { Terminal } from "./terminal.js";

export interface HistoryKeeper {
  add(result: ScenarioResult): void;
  /** Adds the line of the whole run. @param complete - Whether every scenario took part. */
  end(complete: boolean): void;
}

/** @param file - False keeps nothing. A file that cannot be written is a warning, once, and not a failure. */
export function keepHistory(file: string | false, terminal: Terminal): HistoryKeeper {
  const startedAt = Date.now();
  const at = new Date(startedAt).toISOString();
  const stamp = { run: `${at}/${process.pid}`, at, version };
  const results: ScenarioResult[] = [];
  let writable = true;

  function append(record: HistoryRecord): void {
    if (file === false || !writable) return;
    try {
      appendToHistory(file, [record], { nowMs: Date.now() });
    } catch (error) {
      writable = false;
      terminal.err(
        `Warning: this run is missing from the history, because ${file} cannot be written: ` +
          `${(error as Error).message}. Name another file with --history, or leave it out with --no-history.`,
      );
    }
  }

  return {
    add(result) {
      results.push(result);
      append(scenarioRecord(result, stamp));
    },
    end(complete) {
      append(runRecord(results, complete, stamp));
    },
  };
}
