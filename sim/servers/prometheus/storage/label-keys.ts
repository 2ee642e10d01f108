/**
 * Short keys for label sets: a number for each different text, a few code units for each number. The texts of a
 * set, joined, would take five times the memory, once for each series.
 */
import type { Labels } from "../labels.js";

export interface LabelKeys {
  /** @returns Equal texts for equal sets, and only for those. */
  keyOf(labels: Labels): string;
}

const moreFollows = 0x80_00;
const bitsPerUnit = 15;

/** @returns Keys that agree with each other, not with those of another call. */
export function createLabelKeys(): LabelKeys {
  const numbers = new Map<string, number>();
  const units: number[] = [];

  function write(text: string): void {
    let number = numbers.get(text);
    if (number === undefined) {
      number = numbers.size;
      numbers.set(text, number);
    }
    for (; number >= moreFollows; number >>>= bitsPerUnit) {
      units.push((number & (moreFollows - 1)) | moreFollows);
    }
    units.push(number);
  }

  return {
    keyOf({ pairs }) {
      units.length = 0;
      pairs.forEach(write);
      return String.fromCharCode(...units);
    },
  };
}
