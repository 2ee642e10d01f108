/** Bare worlds for unit tests of the kernel and the network: no platform, only what a test builds. */
import {
  type Driver,
  type LimitOptions,
  type Loop,
  type Step,
  createChoiceLog,
  createLoop,
  createVirtualClock,
  defaultDriver,
  resolveLimits,
} from "../../sim/kernel/index.js";
import { type LinkOptions, type Network, createNetwork } from "../../sim/kernel/network/index.js";

export interface BareWorld {
  readonly loop: Loop;
  readonly network: Network;
  readonly steps: Step[];
}

/**
 * A loop and a network under the default driver, unless another is given. Without `keepSteps` neither steps nor
 * decisions are kept, as in a world that keeps no trace.
 */
export function createBareWorld(
  options: { driver?: Driver; limits?: LimitOptions; link?: LinkOptions; keepSteps?: boolean } = {},
): BareWorld {
  const clock = createVirtualClock();
  const { keepSteps = true } = options;
  const choices = createChoiceLog(options.driver ?? defaultDriver(), { record: keepSteps });
  const steps: Step[] = [];
  const limits = resolveLimits(options.limits);
  const loop = createLoop({
    clock,
    choices,
    limits,
    ...(keepSteps ? { onStep: (step: Step) => steps.push(step) } : {}),
  });
  return { loop, network: createNetwork(loop, options.link), steps };
}
