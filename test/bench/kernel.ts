/** What the kernel alone sustains: events that do nothing, one after the other and many at once. */
import { advance, seededDriver } from "../../sim/kernel/index.js";
import { createBareWorld } from "../support/world.js";
import type { Suite } from "./harness/suite.js";
import { timed } from "./harness/time.js";

const steps = 300_000;

export function addKernelBenches({ bench }: Suite): void {
  bench("kernel: empty steps, a chain", { unit: "steps/s", goal: 1_000_000 }, async () => {
    const { loop } = bareLoop();
    let left = steps;
    const next = (): void => {
      left -= 1;
      if (left > 0) loop.schedule(0.01, "task", "empty", next);
    };
    loop.schedule(0.01, "task", "empty", next);
    const ms = await timed(async () => advance(loop, steps * 0.01 + 1));
    return (steps / ms) * 1000;
  });

  bench("kernel: empty steps, 1,000 timers pending", { unit: "steps/s" }, async () => {
    const { loop } = bareLoop();
    let left = steps;
    const next = (): void => {
      left -= 1;
      if (left >= 1_000) loop.schedule(10, "task", "empty", next);
    };
    for (let timer = 0; timer < 1_000; timer++) loop.schedule(timer * 0.01, "task", "empty", next);
    const ms = await timed(async () => advance(loop, (steps / 1_000) * 10 + 20));
    return (steps / ms) * 1000;
  });

  bench("kernel: 8 due at once, order drawn from a seed", { unit: "steps/s" }, async () => {
    const { loop } = bareLoop();
    const rounds = steps / 8;
    for (let lane = 0; lane < 8; lane++) {
      let left = rounds;
      const next = (): void => {
        left -= 1;
        if (left > 0) loop.schedule(0.01, "task", `lane-${lane}`, next);
      };
      loop.schedule(0.01, "task", `lane-${lane}`, next);
    }
    const ms = await timed(async () => advance(loop, rounds * 0.01 + 1));
    return (steps / ms) * 1000;
  });
}

function bareLoop(): Pick<ReturnType<typeof createBareWorld>, "loop"> {
  return createBareWorld({ driver: seededDriver(1), keepSteps: false });
}
