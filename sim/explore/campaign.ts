/**
 * A campaign: many runs of one scenario, to find the schedule and the faults that break it.
 *
 * What it finds depends on its options alone, not on the pool: see batches.ts and learner.ts. Only a time
 * budget, an interrupt or code that is not deterministic can make two campaigns differ.
 */
import { SimError } from "../errors.js";
import { mix32, realNowMs } from "../kernel/index.js";
import { caseId, type Case } from "./case-file.js";
import type { RunJob, RunReport } from "./executor.js";
import type { Pool } from "./pool.js";
import {
  createTally,
  globalRun,
  shardRuns,
  wholeCampaign,
  type CampaignReport,
  type CaseResult,
  type Finding,
  type Shard,
} from "./report.js";
import { identityOf, type RunTarget } from "./run.js";
import { createFeedbackCollector, strategyNamed } from "./strategies/index.js";
import { failureHashOf } from "./token.js";

// Batches: fixed pieces of a campaign, at whose borders what was learnt is passed on.
//
// The first batch is one run, so that the sizes of the world are known soon. A batch sees what all batches up
// to the last but one taught (the second sees the first), so that workers need not wait at every border.

export interface Batch {
  readonly index: number;
  /** Runs `firstRun` to `firstRun + count - 1`. */
  readonly firstRun: number;
  readonly count: number;
  /** How many batches must have been learnt before this one starts. */
  readonly sees: number;
}

/** Runs of every batch but the first. */
const batchRuns = 16;

/** Cuts `runs` runs into batches; `Infinity` gives batches without an end. */
export function* batchesOf(runs: number): Generator<Batch, void> {
  let firstRun = 0;
  for (let index = 0; firstRun < runs; index++) {
    const count = Math.min(index === 0 ? 1 : batchRuns, runs - firstRun);
    yield { index, firstRun, count, sees: index <= 1 ? index : index - 1 };
    firstRun += count;
  }
}

// Seeds of the runs of a campaign.

/**
 * @param run - Position in the whole campaign, not in a shard.
 * @returns A seed of 32 bits. Neighbouring runs and campaigns have nothing in common.
 */
export function runSeed(campaignSeed: number, run: number): number {
  const high = Math.floor(campaignSeed / 2 ** 32);
  return mix32(mix32(mix32(campaignSeed) ^ high) ^ Math.imul(run + 1, 0x9e3779b1));
}

export interface CampaignOptions extends RunTarget {
  readonly version: string;
  /** Any safe integer. */
  readonly seed: number;
  /** Runs of the whole campaign; `Infinity` with a time budget. */
  readonly runs: number;
  readonly pool: Pool;
  /** @default "portfolio" */
  readonly strategy?: string;
  /** Stored cases to run again before all else; shards share them out. @default none */
  readonly cases?: readonly Case[];
  /** @default the whole campaign */
  readonly shard?: Shard;
  /** Real milliseconds after which no further batch starts. @default none */
  readonly timeBudgetMs?: number | undefined;
  /** Different findings after which it ends; runs after that are not counted. @default none */
  readonly findingsMax?: number | undefined;
  /** Failed runs after which no further batch starts: by then it is known what is wrong. @default none */
  readonly failedMax?: number | undefined;
  /** Ends the campaign early; what was found by then is reported. */
  readonly signal?: AbortSignal | undefined;
  /** Called with each different finding, as soon as it is known. */
  readonly onFinding?: ((finding: Finding) => void) | undefined;
  /** Called after each batch. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  /** Every how many runs one that went well is run twice. @default 50 */
  readonly twiceEvery?: number;
  /** Real milliseconds, for the time budget and the progress. @default the machine's */
  readonly nowMs?: () => number;
}

export interface Progress {
  /** Runs done, of this shard. */
  readonly runs: number;
  /** Runs to do, of this shard; `Infinity` when only time ends it. */
  readonly runsMax: number;
  readonly findings: number;
  readonly covered: number;
  readonly elapsedMs: number;
}

/** @throws SimError `SIM_STRATEGY_UNKNOWN`, `SIM_OPTION_INVALID`. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const { pool, shard = wholeCampaign, findingsMax = Infinity, failedMax = Infinity } = options;
  const { onProgress, nowMs = realNowMs } = options;
  const strategy = options.strategy ?? "portfolio";
  const { version, scenario, profile, world } = options;
  const elsewhere = world === undefined ? {} : { world };
  const campaign = [
    `${scenario} ${profile} seed ${options.seed} runs ${options.runs} ${strategy}`,
    ...(world === undefined ? [] : [`world ${world}`]),
  ].join(" ");
  refuse(options, strategy, shard);
  const collector = createFeedbackCollector();
  const tally = createTally({ version, campaign, scenario, profile, ...elsewhere }, shard);
  const runsMax = shardRuns(shard, options.runs);
  const startedMs = nowMs();
  const cases = await replayCases(options.cases ?? [], shard, pool);
  const pending: Promise<readonly RunReport[]>[] = [];
  let idle = 0;
  let stoppedBy: CampaignReport["stoppedBy"];

  async function addNext(): Promise<void> {
    const reports = (await pending.shift()) ?? [];
    for (const report of reports) {
      // Of runs that were under way when enough was found, how many there were depends on the pool.
      if (enough()) break;
      const finding = tally.add(report);
      if (finding !== undefined) options.onFinding?.(finding);
      collector.add({ ...report, newFailure: finding !== undefined });
    }
    idle = reports.length > 0 ? 0 : idle + 1;
    const { runs, findings } = tally;
    onProgress?.({ runs, runsMax, findings, covered: collector.covered, elapsedMs: nowMs() - startedMs });
  }

  function enough(): "findings" | "failures" | undefined {
    if (tally.findings >= findingsMax) return "findings";
    return tally.failed >= failedMax ? "failures" : undefined;
  }

  function reasonToStop(): CampaignReport["stoppedBy"] {
    if (options.signal?.aborted === true) return "interrupt";
    const found = enough();
    if (found !== undefined) return found;
    if (nowMs() - startedMs >= (options.timeBudgetMs ?? Infinity)) return "time budget";
    // Two batches in a row found no branch to enter, and none can come any more.
    return idle >= 2 && collector.branchesLeft === 0 && !collector.truncated ? "exhausted" : undefined;
  }

  for (const batch of batchesOf(runsMax)) {
    while (batch.index - pending.length < batch.sees) await addNext();
    stoppedBy = reasonToStop();
    if (stoppedBy !== undefined) break;
    const feedback = collector.feedback(batch.firstRun, batch.count);
    const untilFailure = findingsMax === 1;
    const jobs = jobsOf(batch, { ...options, strategy, shard, campaign, untilFailure }, pool.workers);
    const results = Promise.all(jobs.map(async (job) => pool.submit({ ...job, feedback })));
    // Whoever awaits it later gets the error; until then it is not unhandled.
    results.catch(() => {});
    pending.push(results.then((lists) => lists.flat().filter((report) => report !== undefined)));
  }
  while (pending.length > 0) await addNext();
  stoppedBy ??= enough();
  return tally.report({ cases, covered: collector.covered, stoppedBy });
}

async function replayCases(
  cases: readonly Case[],
  { index, count }: Shard,
  pool: Pool,
): Promise<readonly CaseResult[]> {
  const mine = cases.filter((_, position) => position % count === index - 1);
  const results = await Promise.all(
    mine.map(async (stored): Promise<CaseResult | undefined> => {
      const { scenario, profile, seed, decisions, failure } = stored;
      const failureHash = failureHashOf(identityOf(failure));
      const replayed = await pool.replay({ scenario, profile, seed, decisions, failureHash });
      return replayed && { id: caseId(stored), verdict: replayed.verdict, divergence: replayed.divergence };
    }),
  );
  return results.filter((result) => result !== undefined);
}

type JobSettings = Required<Pick<CampaignOptions, "scenario" | "profile" | "seed" | "strategy" | "shard">> &
  Pick<CampaignOptions, "twiceEvery"> &
  Pick<RunJob, "campaign" | "untilFailure">;

// Small enough that no worker waits long at the end of a batch, large enough that feedback is not sent for each run.
function jobsOf(batch: Batch, settings: JobSettings, workers: number): Omit<RunJob, "feedback">[] {
  const { scenario, profile, campaign, strategy, untilFailure, shard, seed, twiceEvery = 50 } = settings;
  const size = Math.max(1, Math.ceil(batch.count / (workers * 2)));
  const jobs: Omit<RunJob, "feedback">[] = [];
  for (let start = 0; start < batch.count; start += size) {
    const count = Math.min(size, batch.count - start);
    const runs = Array.from({ length: count }, (_, index) => {
      const run = batch.firstRun + start + index;
      const global = globalRun(shard, run);
      return { run, seed: runSeed(seed, global), twice: global % twiceEvery === 0 };
    });
    jobs.push({ scenario, profile, campaign, strategy, untilFailure, runs });
  }
  return jobs;
}

function refuse({ runs, timeBudgetMs }: CampaignOptions, strategy: string, shard: Shard): void {
  strategyNamed(strategy);
  const whole = Number.isSafeInteger(runs) && runs >= 1;
  if (!whole && !(runs === Infinity && timeBudgetMs !== undefined)) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot explore ${runs} runs.`,
      "Give a whole number from 1, or a time budget.",
    );
  }
  if (strategy === "exhaustive" && shard.count > 1) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot split an exhaustive search into ${shard.count} shards: each would search the same.`,
      "Run it on one machine, or choose another strategy.",
    );
  }
}
