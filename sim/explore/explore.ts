/**
 * Runs the body of one test in many worlds, each with another schedule, until one breaks it; then tells the smallest
 * story that does. What every test runner's way to explore stands on.
 */
import { SimError, type SimErrorCode } from "../errors.js";
import { formatDuration, realNowMs } from "../kernel/index.js";
import { failuresFolder } from "../shared/folders.js";
import { version } from "../shared/version.js";
import { runCampaign, type Progress } from "./campaign.js";
import { casesIn, storeCase, type Case } from "./case-file.js";
import { differenceError } from "./compare-runs.js";
import { createExecutor, type Executor, type RunReport } from "./executor.js";
import { shrinkCase } from "./minimize.js";
import { localPool } from "./pool.js";
import { replay, type Recording } from "./replay.js";
import { neverReached } from "./report.js";
import { identityOf } from "./run.js";
import { runsFromEnvironment, tokenFromEnvironment, withReport } from "./test-runners.js";
import { failureHashOf, formatToken, parseToken } from "./token.js";
import {
  profileOf,
  replayWithTrace,
  scenarioOf,
  type Exploration,
  type ExploreReport,
  type TracedReplay,
  type Worlds,
} from "./worlds.js";

// An executor that does nothing more once a run has failed, so that a test ends at the first failure.

/**
 * @param stop - Aborted by the first failure, or by whoever wants no further run.
 */
function stopEarly(executor: Executor, stop: AbortController): Executor {
  return {
    async execute(job) {
      const reports: (RunReport | undefined)[] = [];
      for (const run of job.runs) {
        const [report] = stop.signal.aborted ? [] : await executor.execute({ ...job, runs: [run] });
        if (report?.failure !== undefined || report?.difference !== undefined) stop.abort();
        reports.push(report);
      }
      return reports;
    },
    replay: executor.replay,
  };
}

/** Codes of errors that no other run of the same test can change. */
const callerErrorCodes = new Set<SimErrorCode>([
  "SIM_OPTION_INVALID",
  "SIM_PROFILE_UNKNOWN",
  "SIM_STRATEGY_UNKNOWN",
  "SIM_GLOBALS_BUSY",
  "SIM_TOKEN_INVALID",
  "SIM_TOKEN_VERSION",
]);

/** A failure, and how it was found. */
interface Found {
  readonly how: string;
  readonly first: Case;
}

/**
 * @throws What the test throws in the minimized run, and SimErrors that say why a campaign failed; each with the report
 *   and the command that runs it again.
 */
export async function explore(exploration: Exploration, worlds: Worlds): Promise<ExploreReport> {
  const token = tokenFromEnvironment();
  if (token !== undefined) return replayOne(token, exploration, worlds);
  const known = await firstKnown(exploration, worlds);
  const result = known ?? (await search(exploration, worlds));
  if (!("first" in result)) return result;
  return reportFinding(result, exploration, worlds);
}

async function reportFinding(
  { how, first }: Found,
  exploration: Exploration,
  worlds: Worlds,
): Promise<never> {
  const { shrinkRuns = 300 } = exploration.settings;
  const run = worlds.makeRun(() => {});
  const { minimized, shrunk } = await shrinkCase(first, shrinkRuns, async (recording) =>
    replay(run, recording),
  );
  const failure = identityOf(minimized.failure);
  const replayed = await replayWithTrace(
    { ...minimized, failureHash: failureHashOf(failure) },
    worlds.makeRun,
  );
  const report = [
    `${how}; minimized from ${first.decisions.length} to ${minimized.decisions.length} decisions in ` +
      `${shrunk.runs} runs: ${failure}`,
    ...replayed.story.map((line) => `  ${line}`),
    ...(exploration.store ? [stored(minimized)] : []),
    ...commandsFor(formatToken({ ...minimized, version, failure }), exploration),
  ];
  return failWith(worlds.thrown ?? new Error(minimized.failure.message), report, exploration);
}

/** How to bring the run of a token back: by one command, and from editors and scripts that run tests their own way. */
function commandsFor(token: string, { again }: Exploration): readonly string[] {
  return [`Token: PHOENIX_SIM_TOKEN=${token}`, `Run it again: ${again(token)}`];
}

async function failWith(
  thrown: unknown,
  report: readonly string[],
  { onReport }: Exploration,
): Promise<never> {
  const text = report.join("\n");
  await onReport?.(text);
  throw withReport(thrown, text);
}

function stored(found: Case): string {
  try {
    return `Kept in ${storeCase(found).file.replaceAll("\\", "/")}, which the next run tries first.`;
  } catch (error) {
    return `It could not be kept: ${(error as Error).message.split("\n")[0]}`;
  }
}

/** @returns The first of the user's examples and of the stored failures that fails. */
async function firstKnown(exploration: Exploration, worlds: Worlds): Promise<Found | undefined> {
  const { settings, name } = exploration;
  const scenario = scenarioOf(name);
  const examples = (settings.examples ?? []).map((text, index) => ({
    how: `Example ${index + 1} of ${name} fails`,
    recording: { ...parseToken(text, version), scenario } as Recording,
    minimal: false,
  }));
  const kept = exploration.store ? casesIn(failuresFolder, () => {}) : [];
  const mine = kept.filter((each) => each.scenario === scenario && each.version === version);
  const failures = mine.map((each) => ({
    how: `A failure of ${name} that was kept in ${failuresFolder.replaceAll("\\", "/")} comes again`,
    recording: { ...each, failureHash: failureHashOf(identityOf(each.failure)) } as Recording,
    minimal: each.minimal,
  }));
  for (const { how, recording, minimal } of [...examples, ...failures]) {
    exploration.signal?.throwIfAborted();
    const { outcome } = await replay(
      worlds.makeRun(() => {}),
      recording,
    );
    const { failure, decisions } = outcome;
    if (failure === undefined) continue;
    const { profile, seed } = recording;
    return { how, first: { version, scenario, profile, seed, failure, decisions, minimal } };
  }
  return undefined;
}

async function search(exploration: Exploration, worlds: Worlds): Promise<Found | ExploreReport> {
  const { name, seed, settings, signal } = exploration;
  const { runs = 100, strategy = "portfolio" } = settings;
  const stop = new AbortController();
  signal?.addEventListener("abort", () => stop.abort());
  const wanted = runsFromEnvironment(runs);
  const report = await failing(exploration, async () =>
    runCampaign({
      version,
      scenario: scenarioOf(name),
      profile: profileOf(exploration),
      seed,
      runs: wanted,
      strategy,
      signal: stop.signal,
      pool: localPool(stopEarly(createExecutor(worlds.makeRun(() => {})), stop)),
      onProgress: progressOf(exploration),
    }),
  );
  const [difference] = report.differences;
  const again = `Run it again: ${exploration.again(seed)}`;
  if (difference !== undefined) return failWith(differenceError(difference), [again], exploration);
  const [finding] = report.findings;
  if (finding !== undefined) {
    const { run, strategy: by, scenario, profile, failure, decisions } = finding;
    const first = { version, scenario, profile, seed: finding.seed, failure, decisions, minimal: false };
    return { how: `Run ${run} of ${name} (${by}) failed`, first };
  }
  // Fewer runs than the test asks for prove nothing about what comes true seldom.
  const missing = wanted < runs || stop.signal.aborted ? [] : neverReached(report);
  if (missing.length === 0) return { runs: report.runs, seed, steps: report.steps };
  const error = new SimError(
    "SIM_NEVER_REACHED",
    `${missing.length === 1 ? "The property" : "The properties"} ${missing.map((name) => `"${name}"`).join(", ")} ${missing.length === 1 ? "was" : "were"} never observed in ${report.runs} runs.`,
    "Give more runs, allow faults, or check whether it can become true at all.",
  );
  return failWith(error, [again], exploration);
}

// An error that is not about a run of the test says how to run the test again, too, unless that could not help.
async function failing<T>(exploration: Exploration, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof SimError && callerErrorCodes.has(error.code)) throw error;
    return failWith(error, [`Run it again: ${exploration.again(exploration.seed)}`], exploration);
  }
}

async function replayOne(text: string, exploration: Exploration, worlds: Worlds): Promise<ExploreReport> {
  const { name, seed } = exploration;
  const scenario = scenarioOf(name);
  const token = parseToken(text, version);
  if (token.scenario !== scenario) {
    throw new SimError(
      "SIM_TOKEN_INVALID",
      `The token is of "${token.scenario}", and this test is "${scenario}".`,
      "Run the test that printed it alone, by its name; unset PHOENIX_SIM_TOKEN to run the others.",
    );
  }
  const replayed: TracedReplay = await replayWithTrace(token, worlds.makeRun);
  const { outcome, verdict, divergence, story } = replayed;
  if (outcome.failure === undefined) {
    console.warn(
      `The recorded failure no longer occurs; this run passed.${divergence === undefined ? "" : ` ${divergence}`}`,
    );
    return { runs: 1, seed, steps: outcome.steps };
  }
  const report = [
    `The run of the token fails ${verdict === "same" ? "as it did" : "in another way"}:`,
    ...story.map((line) => `  ${line}`),
    ...commandsFor(text, exploration),
  ];
  return failWith(worlds.thrown, report, exploration);
}

/** Real milliseconds between two lines of progress. */
const progressEveryMs = 5_000;

function progressOf({ name, onProgress }: Exploration): ((progress: Progress) => void) | undefined {
  if (onProgress === undefined) return undefined;
  let next = realNowMs() + progressEveryMs;
  return ({ runs, runsMax, elapsedMs }) => {
    if (realNowMs() < next) return;
    next = realNowMs() + progressEveryMs;
    const seconds = formatDuration(Math.round(elapsedMs / 1000) * 1000);
    onProgress(`${name}: ${runs} of ${runsMax} runs passed in ${seconds}`);
  };
}
