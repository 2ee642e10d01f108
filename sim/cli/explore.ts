/** `phoenix-sim explore`: hunts for schedules and faults that break scenarios. */
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";

import { SimError } from "../errors.js";
import {
  caseId,
  casesIn,
  createExecutor,
  localPool,
  parseShard,
  runCampaign,
  threadPool,
  wholeCampaign,
  type CampaignReport,
  type Case,
  type Finding,
  type Pool,
  type Progress,
  type Shard,
} from "../explore/index.js";
import { formatDuration, realNowMs } from "../kernel/index.js";
import { failuresFolder } from "../shared/folders.js";
import { version } from "../shared/version.js";
import { loadCustomWorlds, type CustomWorlds } from "./custom-worlds.js";
import { planExploration, type ExploreFlags } from "./explore-plan.js";
import type { WorkerSettings } from "./explore-worker.js";
import {
  caseOf,
  conclude,
  isHang,
  reportFindings,
  storeFound,
  writeReport,
  type StoredCase,
} from "./findings.js";
import type { Reporter } from "./reporters/reporter.js";
import { openReporters } from "./reporters/reporters.js";
import { codeOfInterrupt, createInterrupt, exitCodes, type Interrupt, type Terminal } from "./terminal.js";

// The pool of an exploration: threads where the package is built, this thread where it runs from its sources.

export interface PoolSettings {
  /** Threads that are wanted; without it, one a core, at most eight. */
  readonly workers?: number;
  /** Runs of a campaign: more threads than that would have nothing to do. */
  readonly runs: number;
  readonly custom: Pick<CustomWorlds, "file" | "makeRun">;
  /** Real milliseconds after which a run counts as one that never ends; only threads can be given up. */
  readonly runMsMax: number;
}

// A thread takes some hundred MiB: a machine with many cores may have less memory than that for each.
const workersMaxByItself = 8;

/** One thread, too, is a thread of its own: a run that loops for ever then costs that thread, not the exploration. */
export function openPool({ workers, runs, custom, runMsMax }: PoolSettings, terminal: Terminal): Pool {
  const threads = Math.min(runs, workers ?? Math.min(availableParallelism(), workersMaxByItself));
  const worker = new URL("./explore-worker.js", import.meta.url);
  if (existsSync(fileURLToPath(worker))) {
    const workerData: WorkerSettings = custom.file === undefined ? {} : { worldFile: custom.file };
    return threadPool({ filename: worker.href, workers: threads, workerData, runMsMax });
  }
  if ((workers ?? 1) > 1)
    terminal.err("Runs in one thread: the package is not built. The results are the same.");
  return localPool(createExecutor(custom.makeRun(() => {})));
}

// Tells how far a campaign is: a bar on a terminal, a line at times anywhere else.

const lineEveryMs = 5_000;
const barEveryMs = 100;
const barWidth = 24;

/**
 * @returns What to call after each batch. Lines come at most every five seconds, and none in the first five; the
 *   bar is shown at most ten times a second.
 */
export function reportProgress(scenario: string, terminal: Terminal): (progress: Progress) => void {
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
  const remainingMs = runs === 0 ? 0 : (elapsedMs / runs) * (runsMax - runs);
  const remaining =
    remainingMs >= 1_000 ? `, ${formatDuration(Math.round(remainingMs / 1000) * 1000)} left` : "";
  return `[${"=".repeat(filled)}${" ".repeat(barWidth - filled)}] ${lineOf(progress)}${remaining}`;
}

function rateOf(runs: number, elapsedMs: number): string {
  return ((runs * 1000) / Math.max(1, elapsedMs)).toFixed(1);
}

// Reads which part of a campaign this machine runs.

/**
 * @param text - `i/n` from 1, or `auto`: index from `JOB_COMPLETION_INDEX` (Kubernetes, from 0), number of parts
 *   from `PHOENIX_SIM_SHARDS`.
 * @throws SimError `SIM_SHARD_INVALID`.
 */
export function readShard(text: string): Shard {
  if (text !== "auto") return parseShard(text);
  const { JOB_COMPLETION_INDEX: index = "", PHOENIX_SIM_SHARDS: count = "" } = process.env;
  if (/^\d+$/.test(index) && /^\d+$/.test(count)) return parseShard(`${Number(index) + 1}/${count}`);
  throw new SimError(
    "SIM_SHARD_INVALID",
    `Cannot tell the shard: JOB_COMPLETION_INDEX is "${index}", PHOENIX_SIM_SHARDS is "${count}".`,
    "Both must be numbers, as in an Indexed Job of Kubernetes whose spec sets the second; or write --shard 1/4.",
  );
}

/** Explores what was asked for, and reports it. */
export async function explore(
  named: readonly string[],
  given: ExploreFlags,
  terminal: Terminal,
  exit: (code: number) => void,
): Promise<void> {
  const shard = given.shard === undefined ? wholeCampaign : readShard(given.shard);
  const custom = await loadCustomWorlds(given.world);
  let pool: Pool | undefined;
  try {
    const { names, flags } = planExploration(named, given, custom);
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
    const opened = openPool({ ...flags, custom, runMsMax: flags.hangAfter }, terminal);
    pool = opened;
    const interrupt = createInterrupt(terminal, () => {
      terminal.err("Stopping; findings are kept. Press Ctrl-C again to end at once.");
      opened.abandon();
    });
    exit(await exploreAll(names, flags, { shard, custom, pool: opened, terminal, reporter, interrupt }));
  } finally {
    custom.close();
    await pool?.close();
  }
}

interface ExploreContext {
  readonly shard: Shard;
  readonly custom: CustomWorlds;
  readonly pool: Pool;
  readonly terminal: Terminal;
  readonly reporter: Reporter;
  readonly interrupt: Interrupt;
}

async function exploreAll(
  names: readonly string[],
  flags: ExploreFlags,
  context: ExploreContext,
): Promise<number> {
  const { terminal, reporter, interrupt } = context;
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
    const report = await exploreOne(name, { ...flags, findings, failures }, context);
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
  context: ExploreContext,
): Promise<CampaignReport> {
  const { custom, pool, terminal, reporter, interrupt } = context;
  const startedMs = realNowMs();
  const stored = new Map<string, StoredCase>();
  // At once, in case that somebody ends it now.
  const onFinding = (finding: Finding): void => {
    if (isHang(finding)) return;
    const { identity, run } = finding;
    const { id, file } = storeFound(caseOf(finding), terminal);
    stored.set(identity, { id, file });
    reporter.report({ type: "found", scenario: name, identity, run, id, file });
  };
  const report = await campaign(name, flags, context, onFinding);
  writeReport(flags.report, report);
  const reportedFindings = await reportFindings(report, {
    flags,
    custom,
    terminal,
    replay: pool.replay,
    interrupt,
    stored,
    report: (finding) => reporter.report({ type: "finding", ...finding }),
  });
  writeReport(flags.report, {
    ...report,
    findings: report.findings.map((finding, index) => {
      const { failure, decisions, minimal = false } = reportedFindings[index] ?? finding;
      return { ...finding, failure, decisions, minimal };
    }),
  });
  const wallMs = Math.round(realNowMs() - startedMs);
  reporter.report({ type: "campaign", ...report, findings: reportedFindings, wallMs });
  return report;
}

async function campaign(
  scenario: string,
  flags: ExploreFlags,
  { shard, custom, pool, terminal, reporter, interrupt }: ExploreContext,
  onFinding: (finding: Finding) => void,
): Promise<CampaignReport> {
  const { runs, seed, strategy, profile, timeBudget, findings, failures } = flags;
  const show = reportProgress(scenario, terminal);
  return runCampaign({
    version,
    scenario,
    profile,
    ...(custom.recorded === undefined ? {} : { world: custom.recorded }),
    seed,
    runs,
    strategy,
    shard,
    pool,
    timeBudgetMs: timeBudget,
    findingsMax: findings,
    failedMax: failures,
    signal: interrupt.signal,
    cases: casesOf(scenario, custom, flags, terminal),
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
  { recorded }: CustomWorlds,
  { regressions }: ExploreFlags,
  terminal: Terminal,
): readonly Case[] {
  const warn = (text: string): void => terminal.err(text);
  const all = [...casesIn(failuresFolder, warn), ...casesIn(regressions, warn)];
  const byId = new Map(all.map((stored) => [caseId(stored), stored]));
  return [...byId.values()].filter((stored) => stored.scenario === scenario && stored.world === recorded);
}
