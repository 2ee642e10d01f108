/** Whether a run and its replay were the same, and if not, where they first differed and what made the difference. */
import {
  type LeakWatch,
  type Payloads,
  type Use,
  differentParts,
  guessUntracked,
  keepPayloads,
} from "./determinism/index.js";
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
        /** `file:line` that sent what the step carried, where it is known. */
        readonly site?: string;
      }
    | undefined;
  /** Steps before it, the same in both. */
  readonly before: readonly string[];
  /** Uses of real time, randomness or I/O that were noticed in either run: API and call site, the likeliest first. */
  readonly suspects: readonly string[];
}

/** What two runs of one seed showed. */
export interface Comparison {
  /** Undefined when they were the same. */
  readonly difference: Difference | undefined;
  /** Uses that were noticed and made no difference. */
  readonly benign: readonly string[];
}

/** One of two runs to compare; its driver is made anew each time. */
export interface RunToCompare extends Omit<RunInput, "onStep" | "driver" | "between"> {
  readonly driver: () => RunInput["driver"];
}

const beforeMax = 5;
const ended = "(the run had ended)";
const excerptMax = 100;

/** @returns Whether two runs took the same steps and ended the same way. */
function sameRun(one: RunOutcome, other: RunOutcome): boolean {
  const [a, b] = [one.failure, other.failure];
  if (one.traceHash !== other.traceHash || (a === undefined) !== (b === undefined)) return false;
  return a === undefined || b === undefined || identityOf(a) === identityOf(b);
}

/**
 * Runs `second` and compares it with the outcome of `first`. When they differ, runs both again and compares them step
 * by step.
 *
 * The second run is made as if on another machine, on another day, where real I/O comes at other moments.
 */
export async function compareRuns(
  runOnce: RunOnce,
  watch: LeakWatch,
  outcome: RunOutcome,
  first: RunToCompare,
  second: RunToCompare,
): Promise<Comparison> {
  const { result: again, uses } = await instrumentedRun(runOnce, watch, second, true, () => {});
  if (sameRun(outcome, again)) return { difference: undefined, benign: uses.map(formatUse) };
  return { difference: await locateDifference(runOnce, watch, first, second), benign: [] };
}

async function locateDifference(
  runOnce: RunOnce,
  watch: LeakWatch,
  first: RunToCompare,
  second: RunToCompare,
): Promise<Difference> {
  const payloads = keepPayloads();
  try {
    const steps: Step[] = [];
    const one = await instrumentedRun(runOnce, watch, first, false, (step) => steps.push(step));
    const place = findPlace(steps);
    const other = await instrumentedRun(runOnce, watch, second, true, place.compare);
    payloads.end();
    const found = place.end();
    const named = [...(one.result.suspects ?? []), ...(other.result.suspects ?? [])];
    const used = usesUpTo(found?.index, [...one.uses, ...other.uses]).map(formatUse);
    const seen = [...new Set([...named, ...used])];
    return describeDifference(first.seed, found, payloads, seen);
  } finally {
    payloads.end();
  }
}

async function instrumentedRun(
  runOnce: RunOnce,
  watch: LeakWatch,
  { driver, ...input }: RunToCompare,
  elsewhere: boolean,
  onStep: (step: Step) => void,
): Promise<{ readonly result: RunOutcome; readonly uses: readonly Use[] }> {
  const recording = watch.begin({ elsewhere });
  let result: RunOutcome;
  let uses: readonly Use[] = [];
  try {
    result = await runOnce({
      ...input,
      driver: driver(),
      ...(elsewhere ? { between: recording.settle } : {}),
      onStep(step) {
        recording.step(step.index);
        onStep(step);
      },
    });
  } finally {
    uses = recording.end();
  }
  return { result, uses };
}

interface Place {
  /** From 1. */
  readonly index: number;
  readonly first: Step | undefined;
  readonly second: Step | undefined;
  readonly before: readonly Step[];
}

function findPlace(steps: readonly Step[]): { compare(step: Step): void; end(): Place | undefined } {
  let seen = 0;
  let found: Place | undefined;

  function differ(second: Step | undefined): void {
    const before = steps.slice(Math.max(0, seen - beforeMax), seen);
    found = { index: seen + 1, first: steps[seen], second, before };
  }

  return {
    compare(step) {
      const mine = steps[seen];
      if (found === undefined && (mine === undefined || !sameStep(mine, step))) differ(step);
      if (found === undefined) seen += 1;
    },
    end() {
      if (found === undefined && seen < steps.length) differ(undefined);
      return found;
    },
  };
}

// What came after the difference has not made it.
function usesUpTo(index: number | undefined, uses: readonly Use[]): readonly Use[] {
  const before = uses.filter(({ step }) => step <= (index ?? Infinity));
  return [...(before.length > 0 ? before : uses)].sort((a, b) => b.step - a.step);
}

function describeDifference(
  seed: number,
  place: Place | undefined,
  payloads: Payloads,
  seen: readonly string[],
): Difference {
  if (place === undefined) {
    return {
      seed,
      at: undefined,
      before: [],
      suspects: seen.length > 0 ? seen : [guessUntracked(undefined)],
    };
  }
  const { index, first, second, before } = place;
  const sent = first && payloads.find(first.digest);
  const sentAgain = second && payloads.find(second.digest);
  const parts = sent && sentAgain && differentParts(sent.text, sentAgain.text);
  const site = sentAgain?.site ?? sent?.site;
  const at = {
    index,
    first: describe(first, sent?.text, parts?.first),
    second: describe(second, sentAgain?.text, parts?.second),
    ...(site === undefined ? {} : { site }),
  };
  const suspects = seen.length > 0 ? seen : [guessUntracked(parts)];
  return { seed, at, before: before.map(formatStep), suspects };
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
    ...(at.site === undefined ? [] : [`    sent at ${at.site}`]),
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

function formatUse({ api, site }: Use): string {
  return `${api} at ${site}`;
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

function describe(step: Step | undefined, text: string | undefined, part = ""): string {
  if (step === undefined) return ended;
  if (step.digest === 0) return formatStep(step);
  if (text === undefined) return `${formatStep(step)}  digest ${step.digest.toString(16)}`;
  const start = Math.max(0, (part === "" ? 0 : text.indexOf(part)) - excerptMax / 2);
  const excerpt = text.slice(start, start + excerptMax);
  const more = start + excerptMax < text.length ? "..." : "";
  return `${formatStep(step)}  ${start > 0 ? "..." : ""}${excerpt}${more}`;
}
