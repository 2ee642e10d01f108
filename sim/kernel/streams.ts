/**
 * Named streams of random numbers under one seed.
 *
 * Each name has a stream of its own, so that one more draw in one place does not move the draws of others.
 * The generator is a Weyl sequence through a 32-bit mixer, as in SplitMix (Steele, Lea, Flood 2014).
 */
import { hashString, mix32 } from "./hash.js";

export interface Streams {
  /** @returns The next unsigned 32-bit integer of the stream called `name`. */
  next(name: string): number;
}

export function createStreams(seed: number): Streams {
  const states = new Map<string, Uint32Array>();
  const seedMixed = mix32(seed ^ 0x5bf03635) ^ mix32(Math.floor(seed / 2 ** 32) + 0x1b873593);
  return {
    next(name) {
      let state = states.get(name);
      if (state === undefined) {
        // The second word keeps streams apart whose first words happen to meet.
        state = Uint32Array.of(hashString(name, seedMixed), hashString(name, seedMixed ^ 0x2545f491) | 1);
        states.set(name, state);
      }
      const position = ((state[0] ?? 0) + (state[1] ?? 1)) >>> 0;
      state[0] = position;
      return mix32(position);
    },
  };
}
