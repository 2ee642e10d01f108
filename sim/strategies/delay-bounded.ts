/**
 * Delay bounding: oldest first, except that a few times the event that would go next is put behind all
 * others that are runnable, or a message takes longer than it must.
 *
 * Most faults need few delays, and what it finds is short: Emmi, Qadeer and Rakamaric, "Delay-Bounded
 * Scheduling", POPL 2011; drawn at random here instead of enumerated.
 */
import type { Candidate, ChoicePoint } from "../kernel/index.js";
import { createDraws, drawDistinct } from "./draws.js";
import { indexOfHighest } from "./pct.js";
import { sideQuestions } from "./side-questions.js";
import type { Strategy } from "./strategy.js";

/** @param delays - How many delays one run may have; half of them, at random, strike messages. @default 3 */
export function delayBoundedStrategy({ delays = 3 }: { delays?: number } = {}): Strategy {
  return {
    name: "delay-bounded",
    driverFor({ seed }, feedback) {
      const draws = createDraws(seed, "delay-bounded");
      const side = sideQuestions(seed, "nominal");
      const ofMessages = draws.below(Math.floor(delays / 2) + 1);
      const orderDelays = drawDistinct(draws, delays - ofMessages, Math.ceil(feedback.orderPoints) + 1);
      const messageDelays = drawDistinct(draws, ofMessages, Math.ceil(feedback.latencyPoints) + 1);
      const behind = new Map<number, number>();
      let orderPoints = 0;
      let latencyPoints = 0;

      // Older is higher; what was put back counts as younger than everything it was put behind.
      const age = (candidate: Candidate): number => -(behind.get(candidate.sequence) ?? candidate.sequence);

      function order(candidates: readonly Candidate[]): number {
        const index = indexOfHighest(candidates, age);
        if (!orderDelays.has(orderPoints++)) return index;
        const youngest = Math.max(...candidates.map((candidate) => -age(candidate)));
        const delayed = candidates[index];
        if (delayed !== undefined) behind.set(delayed.sequence, youngest + 0.5);
        return indexOfHighest(candidates, age);
      }

      function latency(point: ChoicePoint): number {
        return messageDelays.has(latencyPoints++) ? 1 + draws.below(point.n - 1) : 0;
      }

      return {
        strategy: "delay-bounded",
        seed,
        choose(point) {
          if (point.candidates !== undefined) return order(point.candidates);
          return point.kind === "latency" ? latency(point) : side.choose(point);
        },
        entropy: side.entropy,
      };
    },
  };
}
