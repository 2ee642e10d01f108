/** Uniform random: every runnable event is as likely as any other, at every step. */
import { seededDriver } from "../kernel/index.js";
import { type LatencyPolicy, sideQuestions } from "./side-questions.js";
import type { Strategy } from "./strategy.js";

/** @param latency - `nominal` makes it the rule of `fc.scheduler()`. @default "spread" */
export function randomStrategy({ latency = "spread" }: { latency?: LatencyPolicy } = {}): Strategy {
  return {
    name: "random",
    driverFor({ seed }) {
      const seeded = seededDriver(seed);
      const side = sideQuestions(seed, latency);
      return {
        strategy: "random",
        seed,
        choose: (point) => (point.kind === "order" ? seeded.choose(point) : side.choose(point)),
        entropy: side.entropy,
      };
    },
  };
}
