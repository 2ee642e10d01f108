/**
 * Small non-cryptographic hashes for labels, payloads and the trace.
 *
 * Mixing steps follow MurmurHash3's 32-bit finaliser (Austin Appleby, public domain).
 */

/** Scrambles 32 bits so that near inputs give far outputs. @returns An unsigned 32-bit integer. */
export function mix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Gets each text that is hashed, and its hash. */
export type HashObserver = (text: string, hash: number) => void;

// Of the process, not of a world: it is on only while two runs that differed are laid side by side.
let observer: HashObserver | undefined;

/** Shows every text that is hashed to `next`, until it is called with nothing. Digests become readable with it. */
export function observeHashes(next?: HashObserver): void {
  observer = next;
}

/** Hashes UTF-16 code units. @returns An unsigned 32-bit integer. */
export function hashString(text: string, seed = 0): number {
  let h = seed ^ 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  const hash = mix32(h ^ text.length);
  if (observer !== undefined) observer(text, hash);
  return hash;
}

/** A running 64-bit hash over a sequence of integers. */
export interface RunningHash {
  /** Adds one integer; only its low 32 bits count. */
  add(value: number): void;
  /** @returns Sixteen hexadecimal digits over everything added so far. */
  digest(): string;
}

export function createRunningHash(): RunningHash {
  let low = 0x243f6a88;
  let high = 0x85a308d3;
  return {
    add(value) {
      low = Math.imul((low ^ value) + 0x9e3779b9, 0x85ebca6b);
      low = (low << 13) | (low >>> 19);
      high = Math.imul((high + low) ^ value, 0xc2b2ae35);
      high = (high << 17) | (high >>> 15);
    },
    digest() {
      return hex(mix32(low ^ (high >>> 3))) + hex(mix32(high + low));
    },
  };
}

function hex(value: number): string {
  return value.toString(16).padStart(8, "0");
}
