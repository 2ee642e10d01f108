/**
 * The label sets that one body has shown, by their text: the metrics of one process all carry the same.
 *
 * Plain arrays whose places are emptied, and no Map: V8 chains the tables of a growing Map, so that one which has
 * grown old keeps the texts, and with them the body they are cut from, until the next full collection.
 */
import type { Labels } from "../labels/index.js";

/** What braces hold. */
export interface LabelSet {
  /** The metric's name is among them when it stands in the braces. */
  readonly labels: readonly (readonly [name: string, value: string])[];
  /** What storing made of them, for the next sample with the same labels. */
  stored?: Labels | "differs by name";
}

export interface LabelSets {
  find(text: string): LabelSet | undefined;
  /** Remembers a set that is not known yet. */
  add(text: string, set: LabelSet): void;
  forgetAll(): void;
}

// Metrics list the same processes in the same order: the next set is nearly always the one after the last.
const lookedAtMost = 64;

/** @returns A memory without sets. */
export function createLabelSets(): LabelSets {
  const texts: string[] = [];
  const sets: (LabelSet | undefined)[] = [];
  let count = 0;
  let next = 0;
  return {
    find(text) {
      const looks = Math.min(count, lookedAtMost);
      for (let look = 0; look < looks; look += 1) {
        if (next >= count) next = 0;
        const at = next;
        next += 1;
        if (texts[at] === text) return sets[at];
      }
      return undefined;
    },
    add(text, set) {
      texts[count] = text;
      sets[count] = set;
      count += 1;
      next = count;
    },
    forgetAll() {
      texts.fill("", 0, count);
      sets.fill(undefined, 0, count);
      count = 0;
      next = 0;
    },
  };
}
