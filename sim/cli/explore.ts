/** `phoenix-sim explore`: hunts for schedules and faults that break scenarios. */
import {
  type CampaignReport,
  type Case,
  type Finding,
  type Pool,
  type Shard,
  caseId,
  casesIn,
  runCampaign,
  wholeCampaign,
} from "../explore/index.js";
import { failuresFolder } from "../folders.js";
import { realNowMs } from "../kernel/index.js";
import { version } from "../version.js";
import { conclude } from "./conclude.js";
import { exitCodes } from "./exit-codes.js";
import { openPool } from "./explore-pool.js";
import { type Interrupt, codeOfInterrupt, createInterrupt } from "./interrupt.js";
import { type OwnWorlds, loadOwnWorlds } from "./own-worlds.js";
import { tellProgress } from "./progress.js";
import { readShard } from "./read-shard.js";
import type { Reporter } from "./reporters/report-event.js";
import { openReporters } from "./reporters/reporters.js";
import { type StoredCase, storeFound } from "./store-found.js";
import { caseOf, isEndless, tellFindings } from "./tell-findings.js";
import type { Terminal } from "./terminal.js";
import { type ExploreFlags, whatToExplore } from "./what-to-explore.js";
import { writeReport } from "./write-report.js";

/** Explores what was asked for, and reports it. */
export async function explore(
  named: readonly string[],
  given: ExploreFlags,
  terminal: Terminal,
  exit: (code: number) => void,
): Promise<void> {
  const shard = given.shard === undefined ? wholeCampaign : readShard(given.shard);
  const own = await loadOwnWorlds(given.world);
  let pool: Pool | undefined;
  try {
    const { names, flags } = whatToExplore(named, given, own);
    const reporter = openReporters(flags, terminal);
    const { profile, strategy, seed, runs } = flags;
    reporter.report({
      type: "start",
      command: "explore",
      version,
      scenarios: names,
      profile,
      strategy,
      seed,
      runs,
    });
    const opened = openPool({ ...flags, own, runMsMax: flags.hangAfter }, terminal);
    pool = opened;
    const interrupt = createInterrupt(terminal, () => {
      terminal.err("Stopping; findings are kept. Press Ctrl-C again to end at once.");
      opened.abandon();
    });
    exit(await exploreAll(names, flags, { shard, own, pool: opened, terminal, reporter, interrupt }));
  } finally {
    own.close();
    await pool?.close();
  }
}

interface Surroundings {
  readonly shard: Shard;
  readonly own: OwnWorlds;
  readonly pool: Pool;
  readonly terminal: Terminal;
  readonly reporter: Reporter;
  readonly interrupt: Interrupt;
}

async function exploreAll(
  names: readonly string[],
  flags: ExploreFlags,
  surroundings: Surroundings,
): Promise<number> {
  const { terminal, reporter, interrupt } = surroundings;
  let { findings, failures } = flags;
  const codes: number[] = [];
  const leftOut: { readonly name: string }[] = [];
  for (const name of names) {
    if (interrupt.by !== undefined || findings <= 0 || failures <= 0) {
      leftOut.push({ name });
      if (interrupt.by === undefined)
        terminal.err(`${name}: not explored, because the limit of findings or failures was reached.`);
      continue;
    }
    const report = await exploreOne(name, { ...flags, findings, failures }, surroundings);
    findings -= report.findings.length;
    failures -= report.failed;
    codes.push(conclude(report, terminal));
  }
  const worst = codes.includes(exitCodes.notDeterministic)
    ? exitCodes.notDeterministic
    : Math.max(exitCodes.ok, ...codes);
  const exitCode = interrupt.by === undefined ? worst : codeOfInterrupt(interrupt.by);
  const reason = interrupt.by ?? (leftOut.length > 0 ? "limit" : undefined);
  reporter.report({ type: "end", exitCode, leftOut, reason });
  return exitCode;
}

async function exploreOne(
  name: string,
  flags: ExploreFlags,
  surroundings: Surroundings,
): Promise<CampaignReport> {
  const { own, pool, terminal, reporter, interrupt } = surroundings;
  const startedMs = realNowMs();
  const stored = new Map<string, StoredCase>();
  // At once, in case that somebody ends it now.
  const onFinding = (finding: Finding): void => {
    if (isEndless(finding)) return;
    const { identity, run } = finding;
    const { id, file } = storeFound(caseOf(finding), terminal);
    stored.set(identity, { id, file });
    reporter.report({ type: "found", scenario: name, identity, run, id, file });
  };
  const report = await campaign(name, flags, surroundings, onFinding);
  writeReport(flags.report, report);
  const told = await tellFindings(report, {
    flags,
    own,
    terminal,
    replay: pool.replay,
    interrupt,
    stored,
    report: (finding) => reporter.report({ type: "finding", ...finding }),
  });
  writeReport(flags.report, {
    ...report,
    findings: report.findings.map((finding, index) => {
      const { failure, deviations, minimal = false } = told[index] ?? finding;
      return { ...finding, failure, deviations, minimal };
    }),
  });
  const wallMs = Math.round(realNowMs() - startedMs);
  reporter.report({ type: "campaign", ...report, findings: told, wallMs });
  return report;
}

async function campaign(
  scenario: string,
  flags: ExploreFlags,
  { shard, own, pool, terminal, reporter, interrupt }: Surroundings,
  onFinding: (finding: Finding) => void,
): Promise<CampaignReport> {
  const { runs, seed, strategy, profile, timeBudget, findings, failures } = flags;
  const show = tellProgress(scenario, terminal);
  return runCampaign({
    version,
    scenario,
    profile,
    ...(own.recorded === undefined ? {} : { world: own.recorded }),
    seed,
    runs,
    strategy,
    shard,
    pool,
    timeBudgetMs: timeBudget,
    findingsMax: findings,
    failedMax: failures,
    signal: interrupt.signal,
    cases: casesOf(scenario, own, flags, terminal),
    onFinding,
    onProgress(progress) {
      show(progress);
      reporter.report({ type: "progress", scenario, ...progress });
    },
  });
}

// What was found before in these worlds, and what was kept; each once.
function casesOf(
  scenario: string,
  { recorded }: OwnWorlds,
  { regressions }: ExploreFlags,
  terminal: Terminal,
): readonly Case[] {
  const warn = (text: string): void => terminal.err(text);
  const all = [...casesIn(failuresFolder, warn), ...casesIn(regressions, warn)];
  const byId = new Map(all.map((stored) => [caseId(stored), stored]));
  return [...byId.values()].filter((stored) => stored.scenario === scenario && stored.world === recorded);
}
