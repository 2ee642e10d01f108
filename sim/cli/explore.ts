/** `phoenix-sim explore`: hunts for schedules and faults that break scenarios. */
import { writeFileSync } from "node:fs";
import { type Command, Option } from "commander";

import {
  type CampaignReport,
  type Case,
  type Pool,
  caseId,
  casesIn,
  failuresFolder,
  keptFolder,
  runCampaign,
  wholeCampaign,
} from "../explore/index.js";
import { parseDuration } from "../kernel/index.js";
import { version } from "../version.js";
import { conclude } from "./conclude.js";
import { exitCodes } from "./exit-codes.js";
import { openPool } from "./explore-pool.js";
import { loadOwnWorlds, worldOptionHelp } from "./own-worlds.js";
import { parseCount, parseLimit, parseSeed } from "./numbers.js";
import { tellProgress } from "./progress.js";
import { readShard } from "./read-shard.js";
import { tellFindings } from "./tell-findings.js";
import type { Terminal } from "./terminal.js";
import { type ExploreFlags, whatToExplore } from "./what-to-explore.js";

/** Adds the command to `program`. */
export function addExploreCommand(program: Command, terminal: Terminal, exit: (code: number) => void): void {
  program
    .command("explore")
    .description("hunt for schedules and faults that break scenarios, shrink what is found, and keep it")
    .argument("[scenarios...]", "scenarios to explore; without any, two-clients")
    .option("--all", "explore every scenario, and share runs and time budget among them")
    .option("-n, --runs <count>", "runs of each scenario; with --all, of all together", parseCount, 200)
    .option("-s, --seed <number>", "seed of the campaign", parseSeed, 1)
    .option("--strategy <name>", "who answers the questions of a run", "portfolio")
    .option("--profile <name>", "faults that may strike: calm, swarm, hostile or only-<fault>", "swarm")
    .option("-w, --workers <count>", "threads; without it, one a core and at most eight", parseCount)
    .option("--shard <i/n>", "run one part of the campaign; auto reads JOB_COMPLETION_INDEX", readShard)
    .option("--time-budget <duration>", "start no further batch after this much real time", (text) =>
      parseDuration(text, "the time budget"),
    )
    .option(
      "--findings <count>",
      "stop after this many different findings, of all scenarios together",
      parseCount,
      5,
    )
    .option("--failures <count>", "stop after this many failed runs, whatever they found", parseCount, 50)
    .option(
      "--shrink-runs <count>",
      "runs that shrinking one finding may take; 0 shrinks nothing",
      parseLimit,
      300,
    )
    .option("--world <module>", worldOptionHelp)
    .addOption(
      new Option("--hang-after <duration>", "real time after which a run counts as one that never ends")
        .argParser((text) => parseDuration(text, "the time of a run"))
        .default(120_000, "2m"),
    )
    .option("--regressions <folder>", "kept failures, run again first with those found before", keptFolder)
    .option("--report <file>", "write the report of this shard to a file, for merge")
    .option("--json", "print one JSON document")
    .action(async (named: readonly string[], given: ExploreFlags) => {
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
          const report = await campaign(name, left, { pool, terminal, signal: interrupted.signal });
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
    });
}

function write(report: CampaignReport, { report: file }: Pick<ExploreFlags, "report">): void {
  if (file !== undefined) writeFileSync(file, `${JSON.stringify(report)}\n`);
}

interface Surroundings {
  readonly pool: Pool;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

async function campaign(
  scenario: string,
  flags: ExploreFlags,
  { pool, terminal, signal }: Surroundings,
): Promise<CampaignReport> {
  const { runs, seed, strategy, profile, shard = wholeCampaign, timeBudget, findings, failures } = flags;
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
