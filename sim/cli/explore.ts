/** `phoenix-sim explore`: hunts for schedules and faults that break scenarios. */
import { writeFileSync } from "node:fs";

import {
  type CampaignReport,
  type Case,
  type Pool,
  type Shard,
  caseId,
  casesIn,
  runCampaign,
  wholeCampaign,
} from "../explore/index.js";
import { failuresFolder } from "../folders.js";
import { version } from "../version.js";
import { conclude } from "./conclude.js";
import { exitCodes } from "./exit-codes.js";
import { openPool } from "./explore-pool.js";
import { loadOwnWorlds } from "./own-worlds.js";
import { tellProgress } from "./progress.js";
import { readShard } from "./read-shard.js";
import { tellFindings } from "./tell-findings.js";
import type { Terminal } from "./terminal.js";
import { type ExploreFlags, whatToExplore } from "./what-to-explore.js";

/** Explores what was asked for, and reports it. */
export async function explore(
  named: readonly string[],
  given: ExploreFlags,
  terminal: Terminal,
  exit: (code: number) => void,
): Promise<void> {
  const shard = given.shard === undefined ? wholeCampaign : readShard(given.shard);
  const own = await loadOwnWorlds(given.world);
  const interrupted = new AbortController();
  void terminal.interrupted().then(() => {
    terminal.err("Ending: what was found is kept. Press Ctrl-C again to end at once.");
    interrupted.abort();
  });
  let pool: Pool | undefined;
  try {
    const { names, flags } = whatToExplore(named, given, own);
    pool = openPool({ ...flags, own, runMsMax: flags.hangAfter }, terminal);
    let { findings, failures } = flags;
    const codes: number[] = [];
    const documents: unknown[] = [];
    for (const name of names) {
      if (interrupted.signal.aborted) break;
      if (findings <= 0 || failures <= 0) {
        terminal.err(`${name}: not explored, as many findings or failures as were asked for are there.`);
        continue;
      }
      const left = { ...flags, findings, failures };
      const report = await campaign(name, left, { shard, pool, terminal, signal: interrupted.signal });
      findings -= report.findings.length;
      failures -= report.failed;
      // At once, in case that somebody ends it now, and again when its findings are shrunk.
      write(report, flags);
      const told = await tellFindings(report, {
        flags,
        own,
        terminal,
        replay: pool.replay,
        signal: interrupted.signal,
      });
      write({ ...report, findings: told.map(({ least }) => least) }, flags);
      documents.push({ ...report, findings: told.map(({ document }) => document) });
      codes.push(conclude(report, terminal));
    }
    if (flags.json === true) terminal.out(JSON.stringify(documents));
    const worst = Math.max(exitCodes.ok, ...codes);
    exit(codes.includes(exitCodes.notDeterministic) ? exitCodes.notDeterministic : worst);
  } finally {
    own.close();
    await pool?.close();
  }
}

function write(report: CampaignReport, { report: file }: Pick<ExploreFlags, "report">): void {
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(report)}\n`);
}

interface Surroundings {
  readonly shard: Shard;
  readonly pool: Pool;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

async function campaign(
  scenario: string,
  flags: ExploreFlags,
  { shard, pool, terminal, signal }: Surroundings,
): Promise<CampaignReport> {
  const { runs, seed, strategy, profile, timeBudget, findings, failures } = flags;
  return runCampaign({
    version,
    scenario,
    profile,
    seed,
    runs,
    strategy,
    shard,
    pool,
    timeBudgetMs: timeBudget,
    findingsMax: findings,
    failedMax: failures,
    signal,
    cases: casesOf(scenario, flags, terminal),
    onProgress: tellProgress(scenario, terminal),
  });
}

// What was found before, and what was kept; each once.
function casesOf(scenario: string, { regressions }: ExploreFlags, terminal: Terminal): readonly Case[] {
  const warn = (text: string): void => terminal.err(text);
  const all = [...casesIn(failuresFolder, warn), ...casesIn(regressions, warn)];
  const byId = new Map(all.map((stored) => [caseId(stored), stored]));
  return [...byId.values()].filter((stored) => stored.scenario === scenario);
}
