/** What is done with findings, measured on the shapes: shrinking, tokens, replays; and the check of histories. */
import {
  createExecutor,
  formatToken,
  identityOf,
  localPool,
  parseToken,
  replay,
  runCampaign,
  shrink,
} from "../../sim/explore/index.js";
import { checkLinearizable, registerModel } from "../../sim/world/invariants/index.js";
import { replayDriver } from "../../sim/kernel/index.js";
import { runShapeOnce } from "../shapes/run-once.js";
import { rightHistory } from "../support/register-history.js";

/** One measured number and its goal. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly goal: number;
  /** Whether the value must be at most, or at least, the goal. */
  readonly is: "at most" | "at least";
}

interface Shrinking {
  readonly decisions: number;
  readonly runs: number;
  readonly minimal: boolean;
  readonly tokenLength: number;
  readonly replayed: boolean;
}

const version = "0.0.0";

/** Finds and shrinks each shape under `seeds` seeds. */
export async function measureFigures(
  scenarios: readonly string[],
  seeds: number,
): Promise<readonly Figure[]> {
  const found: Shrinking[] = [];
  for (const scenario of scenarios)
    for (let seed = 1; seed <= seeds; seed++) found.push(...(await shrinkOne(scenario, seed)));
  const short = found.filter(({ decisions }) => decisions <= 8);
  const share = (part: readonly unknown[]): number => part.length / found.length;
  return [
    figure("decisions of a shrunk failure, median", median(found.map((each) => each.decisions)), 8),
    figure("re-runs of a shrink, most", Math.max(...found.map((each) => each.runs)), 300),
    figure(
      "tokens of up to 8 decisions, letters, median",
      median(short.map((each) => each.tokenLength)),
      120,
    ),
    atLeast("shrunk failures that are 1-minimal, share", share(found.filter((each) => each.minimal)), 1),
    atLeast("tokens that replay at the first try, share", share(found.filter((each) => each.replayed)), 1),
    figure("linearizability of 10,000 calls on 100 keys, ms", linearizabilityMs(), 1000),
  ];
}

async function shrinkOne(scenario: string, seed: number): Promise<readonly Shrinking[]> {
  const target = { scenario, profile: "calm" };
  const pool = localPool(createExecutor(runShapeOnce));
  const report = await runCampaign({ ...target, version, seed, runs: 2000, pool, findingsMax: 1 });
  const finding = report.findings[0];
  if (finding === undefined) return [];
  const shrunk = await shrink({
    decisions: finding.decisions,
    async run(decisions) {
      const driver = replayDriver(finding.seed, decisions);
      const outcome = await runShapeOnce({ ...target, seed: finding.seed, driver, onStep: () => {} });
      const failed = outcome.failure !== undefined && identityOf(outcome.failure) === finding.identity;
      return { failed, taken: outcome.decisions };
    },
  });
  const { decisions, runs, minimal } = shrunk;
  const token = formatToken({
    ...target,
    version,
    seed: finding.seed,
    failure: finding.identity,
    decisions,
  });
  const { verdict, divergence } = await replay(runShapeOnce, parseToken(token, version));
  const replayed = verdict === "same" && divergence === undefined;
  return [{ decisions: decisions.length, runs, minimal, tokenLength: token.length, replayed }];
}

function linearizabilityMs(): number {
  const history = rightHistory(10_000, 100, 1);
  const startedMs = performance.now();
  checkLinearizable(history, registerModel<number>(0));
  return performance.now() - startedMs;
}

/** @returns The upper of the two in the middle. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Infinity;
}

function figure(name: string, value: number, goal: number): Figure {
  return { name, value, goal, is: "at most" };
}

function atLeast(name: string, value: number, goal: number): Figure {
  return { name, value, goal, is: "at least" };
}

/** @returns Whether the goal is reached. */
export function isReached({ value, goal, is }: Figure): boolean {
  return is === "at most" ? value <= goal : value >= goal;
}
