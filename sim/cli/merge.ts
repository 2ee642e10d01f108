/** `phoenix-sim merge`: puts the reports of all shards together, and judges the campaign as one. */
import { readFileSync } from "node:fs";

import { SimError } from "../errors.js";
import { mergeAll, parseReport, type CampaignReport, type Finding } from "../explore/index.js";
import { version } from "../shared/version.js";
import { conclude, storeFound, writeReport } from "./findings.js";
import { formatFinding, replayCommand } from "./reporters/reporter.js";
import type { Terminal } from "./terminal.js";

/** What the command line gives. */
export interface MergeFlags {
  readonly out?: string;
  readonly json?: boolean;
}

/** Merges the reports, stores their findings and tells them. */
export function merge(
  files: readonly string[],
  { out, json = false }: MergeFlags,
  terminal: Terminal,
  exit: (code: number) => void,
): void {
  const merged = mergeAll(files.map((file) => parseReport(readReport(file), file, version)));
  writeReport(out, merged);
  for (const finding of merged.findings) {
    const described = formatMerged(finding, merged, terminal);
    if (!json) terminal.out(`${described}\n`);
  }
  if (json) terminal.out(JSON.stringify(merged));
  exit(conclude(merged, terminal));
}

// The shard that found it has minimized it.
function formatMerged(finding: Finding, { runs, shardCount }: CampaignReport, terminal: Terminal): string {
  const { run, strategy, times, minimal = false } = finding;
  const found = { ...finding, version, minimal };
  const { id, file } = storeFound(found, terminal);
  const history =
    `Run ${run} (${strategy}), ${times} of ${runs} runs in ${shardCount} shards; ` +
    `${finding.decisions.length} decisions${minimal ? "" : ", perhaps not minimal"}.`;
  return formatFinding({ ...finding, id, file, history, again: replayCommand(found) });
}

function readReport(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new SimError(
      "SIM_SHARD_INVALID",
      `Cannot read the report ${file}: ${(error as Error).message}.`,
      "Name files that phoenix-sim explore --report wrote.",
      { cause: error },
    );
  }
}
