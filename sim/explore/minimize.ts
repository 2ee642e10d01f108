/** Shrinks a failure to the least that still fails the same way. */
import type { Decision } from "../kernel/index.js";
import type { Case } from "./case-file.js";
import { yieldToEventLoop } from "./pool.js";
import { replay, type Recording, type Replay } from "./replay.js";
import { identityOf } from "./run.js";
import { failureHashOf } from "./token.js";
import { createWorldRun } from "./world-run.js";

// The least part of a list that still fails.
//
// One needed item after the other is found by halving: the shortest beginning of the list that still fails,
// together with what is known to be needed, ends with an item that is needed too (the progression of
// Marques-Silva, Janota and Belov, "Minimal Sets over Monotone Predicates in Boolean Formulae", CAV 2013). For k
// needed items of n that is k log n tries. Delta debugging (Zeller and Hildebrandt, IEEE TSE 28(2), 2002) takes
// two to four times as many when few of very many are needed, as with the decisions of a run.

/** @returns Whether this part of the list still fails. Must say yes for the whole list. */
type Fails<T> = (part: readonly T[]) => Promise<boolean>;

/**
 * @returns A part that fails. No single item of it can be left out, provided that what fails with a part also
 *   fails with more; where that is not so, the caller has to try it.
 */
async function minimize<T>(items: readonly T[], fails: Fails<T>): Promise<readonly T[]> {
  let needed: readonly T[] = [];
  let rest = items;
  while (rest.length > 0 && !(await fails(needed))) {
    const known = needed;
    const open = rest;
    const length = await smallestFailing(open.length, async (count) =>
      fails([...open.slice(0, count), ...known]),
    );
    needed = [...open.slice(length - 1, length), ...known];
    rest = open.slice(0, length - 1);
  }
  return needed;
}

/**
 * Finds the least number above 0 that fails, by halving. It takes for granted that what fails with a number fails
 * with larger ones; where that is not so, it finds one that fails but is not the least.
 *
 * @param enough - A number that is known to fail.
 */
async function smallestFailing(enough: number, fails: (number: number) => Promise<boolean>): Promise<number> {
  let [low, high] = [0, enough];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (await fails(middle)) high = middle;
    else low = middle;
  }
  return high;
}

// Shrinking: from a run that failed to the fewest decisions that differ from the default run that still fail the same way.
//
// Faults go first, because a failure without faults is the simplest to tell; then everything else; then the
// values come down. Every step is verified by a run.

/** How one try ended. */
interface Trial {
  /** Whether it failed the same way: same invariant or error code. */
  readonly failed: boolean;
  /** The decisions that the run really took, where it is known; those never asked for fall away. */
  readonly taken?: readonly Decision[];
}

export interface ShrinkOptions {
  readonly decisions: readonly Decision[];
  /** Runs the world with these decisions. */
  readonly run: (decisions: readonly Decision[]) => Promise<Trial>;
  /** How often `run` may be called. @default 300 */
  readonly runsMax?: number;
  /** Called with the size after each step that made it smaller. */
  readonly onSmaller?: (count: number) => void;
}

export interface Shrunk {
  readonly decisions: readonly Decision[];
  /** Whether the failure came again at the first try; if not, nothing was shrunk. */
  readonly reproduced: boolean;
  /** Whether it is proven that without any single one of them the failure is gone. */
  readonly minimal: boolean;
  /** Runs that it took. */
  readonly runs: number;
}

export async function shrink({ decisions, run, runsMax = 300, onSmaller }: ShrinkOptions): Promise<Shrunk> {
  const tried = new Map<string, boolean>();
  let best = decisions;
  let runs = 0;
  let limited = false;

  // Remembers, keeps the best so far, and answers no once the limit is reached, so that every search ends.
  async function fails(candidate: readonly Decision[]): Promise<boolean> {
    if (runs >= runsMax) {
      limited = true;
      return false;
    }
    const key = keyOf(candidate);
    const known = tried.get(key);
    if (known !== undefined) return known;
    runs += 1;
    const { failed, taken = candidate } = await run(candidate);
    tried.set(key, failed);
    if (!failed) return false;
    const reduced = taken.length < candidate.length ? taken : candidate;
    tried.set(keyOf(reduced), true);
    if (reduced.length < best.length) onSmaller?.(reduced.length);
    if (reduced.length <= best.length) best = reduced;
    return true;
  }

  async function reduce(part: (decision: Decision) => boolean): Promise<void> {
    const start = best;
    await minimize(start.filter(part), async (kept) => {
      const keep = new Set(kept);
      return fails(start.filter((decision) => !part(decision) || keep.has(decision)));
    });
  }

  /** Leaves runs to prove that what is left is needed, which is worth more than low values. */
  async function lower(): Promise<void> {
    for (let index = 0; index < best.length && runsMax - runs > 3 * best.length; index++) {
      const withValue = (value: number): readonly Decision[] => changed(best, index, value);
      const value = best[index]?.value ?? 0;
      if (value > 1 && !(await fails(withValue(1)))) {
        await smallestFailing(value, async (lower) => lower > 1 && fails(withValue(lower)));
      }
    }
  }

  /** Leaves out one after the other, until none can be: what was needed with another may not be without it. */
  async function dropAll(): Promise<void> {
    for (let smaller = true; smaller;) {
      smaller = false;
      for (let index = 0; index < best.length;) {
        const without = best.filter((_, at) => at !== index);
        if (await fails(without)) smaller = true;
        else index++;
      }
    }
  }

  if (!(await fails(decisions))) return { decisions, reproduced: false, minimal: false, runs };
  if (!(await fails([]))) {
    await reduce(({ kind }) => kind === "fault");
    await reduce(({ kind }) => kind !== "fault");
    await lower();
    await dropAll();
  }
  return { decisions: best, reproduced: true, minimal: !limited, runs };
}

function changed(decisions: readonly Decision[], index: number, value: number): readonly Decision[] {
  return decisions.map((decision, at) => (at === index ? { ...decision, value } : decision));
}

function keyOf(decisions: readonly Decision[]): string {
  return decisions.map(({ label, occurrence, value }) => `${label}#${occurrence}=${value}`).join("\n");
}

/**
 * Every try is a run; see `shrink`.
 *
 * @param tryOne - Brings a recording back, or gives undefined to end it early. @default in this thread, in the worlds of
 *   the scenarios
 * @param signal - Ends it early, with the least that was found by then.
 */
export async function shrinkCase(
  found: Case,
  runsMax: number,
  tryOne: (recording: Recording) => Promise<Replay | undefined> = async (recording) =>
    replay(createWorldRun(), recording),
  signal?: AbortSignal,
): Promise<{ readonly shrunk: Shrunk; readonly minimized: Case }> {
  const failureHash = failureHashOf(identityOf(found.failure));
  let { failure } = found;
  const shrunk = await shrink({
    decisions: found.decisions,
    runsMax,
    run: async (decisions) => {
      await yieldToEventLoop();
      if (signal?.aborted === true) return { failed: false };
      const tried = await tryOne({ ...found, decisions, failureHash });
      if (tried === undefined) return { failed: false };
      const { verdict, outcome } = tried;
      if (verdict === "same" && outcome.failure !== undefined) failure = outcome.failure;
      return { failed: verdict === "same", taken: outcome.decisions };
    },
  });
  const minimal = shrunk.minimal && signal?.aborted !== true;
  return {
    shrunk: { ...shrunk, minimal },
    minimized: { ...found, failure, decisions: shrunk.decisions, minimal },
  };
}
