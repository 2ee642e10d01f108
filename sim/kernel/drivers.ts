/** The three drivers that every run needs: seeded random, always 0, and replay. Search strategies live elsewhere. */
import type { Decision, Driver } from "./choice-log.js";
import { hashString, mix32 } from "./hash.js";

// Named streams of random numbers under one seed.
//
// Each name has a stream of its own, so that one more sample in one place does not move the samples of others.
// The generator is a Weyl sequence through a 32-bit mixer, as in SplitMix (Steele, Lea, Flood 2014).

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

/**
 * Answers at random from a seed. Choices sample from one stream a label, so an extra question in one place
 * leaves the answers of all others alone.
 *
 * @param seed - Any safe integer.
 */
export function seededDriver(seed: number): Driver {
  const choices = createStreams(seed);
  const entropy = createStreams(seed ^ 0x3c6ef372);
  return {
    choose({ label, n, probability }) {
      const sample = choices.next(label);
      if (probability !== undefined) return sample / 2 ** 32 < probability ? 1 : 0;
      return Math.floor((sample / 2 ** 32) * n);
    },
    entropy: (stream) => entropy.next(stream),
  };
}

/** Answers 0 to everything; ids still differ from each other, sampled as under `seed`. @default seed 0 */
export function defaultDriver(seed = 0): Driver {
  const { entropy } = seededDriver(seed);
  return { choose: () => 0, entropy };
}

export interface ReplayDriver extends Driver {
  /** Recorded answers that no question has asked for: empty when the run took the recorded path to its end. */
  readonly unused: readonly Decision[];
}

/**
 * Answers as recorded, and 0 wherever nothing is recorded. A recorded answer that is too large for today's
 * question becomes 0 and counts as unused, so that a caller can say where the code has changed.
 */
export function replayDriver(seed: number, decisions: readonly Decision[]): ReplayDriver {
  const { entropy } = defaultDriver(seed);
  const pending = new Map(decisions.map((decision) => [keyOf(decision), decision]));
  return {
    choose(point) {
      const key = keyOf(point);
      const decision = pending.get(key);
      if (decision === undefined || decision.value >= point.n) return 0;
      pending.delete(key);
      return decision.value;
    },
    entropy,
    get unused() {
      return [...pending.values()];
    },
  };
}

function keyOf({ label, occurrence }: Pick<Decision, "label" | "occurrence">): string {
  return `${label}#${occurrence}`;
}
