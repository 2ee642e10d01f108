/**
 * Coverage of a run: which step came right after which other on the same host.
 *
 * Pairs on one host, because only what happens on one host can disturb each other; so a new pair is a new
 * order of something that matters. Each pair is a 32-bit hash.
 */
import { hashString, mix32 } from "../kernel/index.js";
import type { Step } from "../kernel/index.js";

export interface Coverage {
  /** To be called with each step as it begins. */
  step(step: Pick<Step, "host" | "label">): void;
  /** Hashes of the pairs seen, each once, in the order in which they first came. */
  pairs(): Uint32Array;
}

export function createCoverage(): Coverage {
  const labels = new Map<string, number>();
  const hosts = new Map<string, { readonly hash: number; last: number }>();
  const pairs = new Set<number>();
  return {
    step({ host, label }) {
      let here = hosts.get(host);
      if (here === undefined) {
        here = { hash: hashString(host, 7), last: 0 };
        hosts.set(host, here);
      }
      let hash = labels.get(label);
      if (hash === undefined) {
        hash = hashString(label, 11);
        labels.set(label, hash);
      }
      pairs.add(mix32(here.hash ^ Math.imul(here.last, 0x9e3779b1) ^ hash));
      here.last = hash;
    },
    pairs: () => Uint32Array.from(pairs),
  };
}
