/**
 * Time order: random delays, and events of one instant in the order in which they were scheduled.
 *
 * What most simulators do. Here as a yardstick, and because a fault that it finds has a short explanation.
 */
import { type LatencyPolicy, sideQuestions } from "./side-questions.js";
import type { Strategy } from "./strategy.js";

/** @param latency - `nominal` without faults is the dullest run there is. @default "spread" */
export function fifoStrategy({ latency = "spread" }: { latency?: LatencyPolicy } = {}): Strategy {
  return {
    name: "fifo",
    driverFor({ seed }) {
      const side = sideQuestions(seed, latency);
      return {
        strategy: "fifo",
        seed,
        choose: (point) => (point.kind === "order" ? 0 : side.choose(point)),
        entropy: side.entropy,
      };
    },
  };
}
