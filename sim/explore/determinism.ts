/** Whether a run and its replay were the same, and if not, where they first differed. */
import { SimError } from "../errors.js";
import { type Step, formatStep } from "../kernel/index.js";
import { type RunInput, type RunOnce, type RunOutcome, identityOf } from "./run.js";

/** Two runs of the same answers that were not the same. Plain data. */
export interface Difference {
  readonly seed: number;
  /** The first step in which they differ; undefined when they agreed on being looked at. */
  readonly at:
    | {
        readonly index: number;
        readonly first: string;
        readonly second: string;
      }
    | undefined;
  /** Steps before it, the same in both. */
  readonly before: readonly string[];
  /** Uses of real time, randomness or I/O that were noticed in either run. */
  readonly suspects: readonly string[];
}

const beforeMax = 5;
const ended = "(the run had ended)";

/** @returns Whether two runs took the same steps and ended the same way. */
export function sameRun(one: RunOutcome, other: RunOutcome): boolean {
  const [a, b] = [one.failure, other.failure];
  if (one.traceHash !== other.traceHash || (a === undefined) !== (b === undefined)) return false;
  return a === undefined || b === undefined || identityOf(a) === identityOf(b);
}

/** Runs both once more, and compares them step by step. */
export async function locateDifference(
  runOnce: RunOnce,
  first: Omit<RunInput, "onStep">,
  second: Omit<RunInput, "onStep">,
): Promise<Difference> {
  const steps: Step[] = [];
  const one = await runOnce({ ...first, onStep: (step) => steps.push(step) });
  let seen = 0;
  let at: Difference["at"];
  let before: readonly string[] = [];

  function differ(index: number, other: Step | undefined): void {
    const mine = steps[index];
    before = steps.slice(Math.max(0, index - beforeMax), index).map(formatStep);
    at = {
      index: index + 1,
      first: mine === undefined ? ended : describe(mine),
      second: other === undefined ? ended : describe(other),
    };
  }

  const other = await runOnce({
    ...second,
    onStep(step) {
      const mine = steps[seen];
      if (at === undefined && (mine === undefined || !sameStep(mine, step))) differ(seen, step);
      seen += 1;
    },
  });
  if (at === undefined && seen < steps.length) differ(seen, undefined);
  const suspects = [...new Set([...(one.suspects ?? []), ...(other.suspects ?? [])])];
  return { seed: first.seed, at, before, suspects };
}

/** Prints a difference side by side, for people. */
export function formatDifference({ seed, at, before, suspects }: Difference): string {
  const culprits =
    suspects.length === 0
      ? ["No use of real time, randomness or I/O was noticed."]
      : ["Likely culprits:", ...suspects.map((suspect) => `  ${suspect}`)];
  if (at === undefined) {
    return [`Two runs of seed ${seed} differed, but not when they were compared.`, ...culprits].join("\n");
  }
  return [
    `Two runs of seed ${seed} differ at step ${at.index}:`,
    ...before.map((line) => `    both    ${line}`),
    `    first   ${at.first}`,
    `    second  ${at.second}`,
    ...culprits,
  ].join("\n");
}

/** @returns The error for code that is not deterministic: `SIM_NOT_DETERMINISTIC`, with both runs side by side. */
export function differenceError(difference: Difference): SimError {
  return new SimError(
    "SIM_NOT_DETERMINISTIC",
    formatDifference(difference),
    "Take time, randomness and I/O from the world: the clock, the random source and the network of the ports.",
  );
}

function sameStep(a: Step, b: Step): boolean {
  return (
    a.atUs === b.atUs &&
    a.host === b.host &&
    a.kind === b.kind &&
    a.label === b.label &&
    a.digest === b.digest
  );
}

function describe(step: Step): string {
  return step.digest === 0 ? formatStep(step) : `${formatStep(step)}  digest ${step.digest.toString(16)}`;
}
