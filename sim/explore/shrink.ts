/**
 * Shrinking: from a run that failed to the least deviations from the dull run that still fail the same way.
 *
 * Faults go first, because a failure without faults is the simplest to tell; then everything else; then the
 * values come down. Every step is verified by a run.
 */
import type { Deviation } from "../kernel/index.js";
import { leastFailing, minimise } from "./minimise.js";

/** How one try ended. */
export interface Trial {
  /** Whether it failed the same way: same invariant or error code. */
  readonly failed: boolean;
  /** The deviations that the run really took, where it is known; those never asked for fall away. */
  readonly taken?: readonly Deviation[];
}

export interface ShrinkOptions {
  readonly deviations: readonly Deviation[];
  /** Runs the world with these deviations. */
  readonly run: (deviations: readonly Deviation[]) => Promise<Trial>;
  /** How often `run` may be called. @default 300 */
  readonly runsMax?: number;
  /** Called with the size after each step that made it smaller. */
  readonly onSmaller?: (count: number) => void;
}

export interface Shrunk {
  readonly deviations: readonly Deviation[];
  /** Whether the failure came again at the first try; if not, nothing was shrunk. */
  readonly reproduced: boolean;
  /** Whether it is proven that without any single one of them the failure is gone. */
  readonly minimal: boolean;
  /** Runs that it took. */
  readonly runs: number;
}

export async function shrink({ deviations, run, runsMax = 300, onSmaller }: ShrinkOptions): Promise<Shrunk> {
  const tried = new Map<string, boolean>();
  let best = deviations;
  let runs = 0;
  let limited = false;

  // Remembers, keeps the best so far, and answers no once the limit is reached, so that every search ends.
  async function fails(candidate: readonly Deviation[]): Promise<boolean> {
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
    const least = taken.length < candidate.length ? taken : candidate;
    tried.set(keyOf(least), true);
    if (least.length < best.length) onSmaller?.(least.length);
    if (least.length <= best.length) best = least;
    return true;
  }

  async function reduce(part: (deviation: Deviation) => boolean): Promise<void> {
    const start = best;
    await minimise(start.filter(part), async (kept) => {
      const keep = new Set(kept);
      return fails(start.filter((deviation) => !part(deviation) || keep.has(deviation)));
    });
  }

  /** Leaves runs to prove that what is left is needed, which is worth more than low values. */
  async function lower(): Promise<void> {
    for (let index = 0; index < best.length && runsMax - runs > 3 * best.length; index++) {
      const withValue = (value: number): readonly Deviation[] => changed(best, index, value);
      const value = best[index]?.value ?? 0;
      if (value > 1 && !(await fails(withValue(1)))) {
        await leastFailing(value, async (lower) => lower > 1 && fails(withValue(lower)));
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

  if (!(await fails(deviations))) return { deviations, reproduced: false, minimal: false, runs };
  if (!(await fails([]))) {
    await reduce(({ kind }) => kind === "fault");
    await reduce(({ kind }) => kind !== "fault");
    await lower();
    await dropAll();
  }
  return { deviations: best, reproduced: true, minimal: !limited, runs };
}

function changed(deviations: readonly Deviation[], index: number, value: number): readonly Deviation[] {
  return deviations.map((deviation, at) => (at === index ? { ...deviation, value } : deviation));
}

function keyOf(deviations: readonly Deviation[]): string {
  return deviations.map(({ label, occurrence, value }) => `${label}#${occurrence}=${value}`).join("\n");
}
