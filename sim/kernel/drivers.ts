/** The three drivers that every run needs: seeded random, always 0, and replay. Search strategies live elsewhere. */
import type { Deviation, Driver } from "./choice.js";
import { createStreams } from "./streams.js";

/**
 * Answers at random from a seed. Choices draw from one stream a label, so an extra question in one place
 * leaves the answers of all others alone.
 *
 * @param seed - Any safe integer.
 */
export function seededDriver(seed: number): Driver {
  const choices = createStreams(seed);
  const entropy = createStreams(seed ^ 0x3c6ef372);
  return {
    choose({ label, n, probability }) {
      const draw = choices.next(label);
      if (probability !== undefined) return draw / 2 ** 32 < probability ? 1 : 0;
      return Math.floor((draw / 2 ** 32) * n);
    },
    entropy: (stream) => entropy.next(stream),
  };
}

/** Answers 0 to everything; ids still differ from each other, drawn as under `seed`. @default seed 0 */
export function dullDriver(seed = 0): Driver {
  const { entropy } = seededDriver(seed);
  return { choose: () => 0, entropy };
}

export interface ReplayDriver extends Driver {
  /** Recorded answers that no question has asked for: empty when the run took the recorded path to its end. */
  readonly unused: readonly Deviation[];
}

/**
 * Answers as recorded, and 0 wherever nothing is recorded. A recorded answer that is too large for today's
 * question becomes 0 and counts as unused, so that a caller can say where the code has changed.
 */
export function replayDriver(seed: number, deviations: readonly Deviation[]): ReplayDriver {
  const { entropy } = dullDriver(seed);
  const pending = new Map(deviations.map((deviation) => [keyOf(deviation), deviation]));
  return {
    choose(point) {
      const key = keyOf(point);
      const deviation = pending.get(key);
      if (deviation === undefined || deviation.value >= point.n) return 0;
      pending.delete(key);
      return deviation.value;
    },
    entropy,
    get unused() {
      return [...pending.values()];
    },
  };
}

function keyOf({ label, occurrence }: Pick<Deviation, "label" | "occurrence">): string {
  return `${label}#${occurrence}`;
}
