/**
 * Partial order sampling: every event has a random priority, the highest goes first, and the events that race
 * with it draw again.
 *
 * Orders that differ only in independent events come up as one, so that small partial orders are met more
 * often than by a walk: Yuan, Yang and Gu, "Partial Order Aware Concurrency Sampling", CAV 2018. Two events
 * race here when they run on one host, because hosts share no memory.
 */
import type { Candidate } from "../kernel/index.js";
import { createDraws } from "./draws.js";
import { indexOfHighest } from "./pct.js";
import { type LatencyPolicy, sideQuestions } from "./side-questions.js";
import type { Strategy } from "./strategy.js";

/** @param latency - How delays are chosen. @default "varied" */
export function posStrategy({ latency = "varied" }: { latency?: LatencyPolicy } = {}): Strategy {
  return {
    name: "pos",
    driverFor({ seed }) {
      const draws = createDraws(seed, "pos");
      const side = sideQuestions(seed, latency);
      const priorities = new Map<number, number>();

      function priorityOf({ sequence }: Candidate): number {
        let priority = priorities.get(sequence);
        if (priority === undefined) {
          priority = draws.unit();
          priorities.set(sequence, priority);
        }
        return priority;
      }

      return {
        strategy: "pos",
        seed,
        choose(point) {
          const { candidates } = point;
          if (candidates === undefined) return side.choose(point);
          const index = indexOfHighest(candidates, priorityOf);
          const host = candidates[index]?.owner?.name;
          for (const { sequence, owner } of candidates) if (owner?.name === host) priorities.delete(sequence);
          return index;
        },
        entropy: side.entropy,
      };
    },
  };
}
