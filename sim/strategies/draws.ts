/** Random draws of one strategy in one run, apart from those of the world. */
import { createStreams } from "../kernel/index.js";

export interface Draws {
  /** @returns A number from 0 up to but not including 1. */
  unit(): number;
  /** @returns A whole number from 0 to `n` - 1. */
  below(n: number): number;
}

/** @param purpose - Keeps draws under one seed apart. */
export function createDraws(seed: number, purpose: string): Draws {
  const streams = createStreams(seed);
  const name = `strategy/${purpose}`;
  const unit = (): number => streams.next(name) / 2 ** 32;
  return { unit, below: (n) => Math.floor(unit() * n) };
}

/** @returns `count` different whole numbers from 0 to `n` - 1, or all of them when `n` is smaller. */
export function drawDistinct(draws: Draws, count: number, n: number): ReadonlySet<number> {
  const found = new Set<number>();
  const wanted = Math.min(count, n);
  while (found.size < wanted) found.add(draws.below(n));
  return found;
}
