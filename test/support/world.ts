/** Bare worlds for unit tests of the kernel and the network: no platform, only what a test builds. */
import {
  type Driver,
  type LimitOptions,
  type Loop,
  type Step,
  createChoiceLog,
  createLoop,
  createVirtualClock,
  dullDriver,
  resolveLimits,
} from "../../sim/kernel/index.js";
import { type LinkOptions, type Network, createNetwork } from "../../sim/network/index.js";

export interface BareWorld {
  readonly loop: Loop;
  readonly network: Network;
  readonly steps: Step[];
}

/** @returns A loop and a network under the dull driver, unless another is given. */
export function createBareWorld(
  options: { driver?: Driver; limits?: LimitOptions; link?: LinkOptions } = {},
): BareWorld {
  const clock = createVirtualClock();
  const choices = createChoiceLog(options.driver ?? dullDriver(), { record: true });
  const steps: Step[] = [];
  const limits = resolveLimits(options.limits);
  const loop = createLoop({ clock, choices, limits, onStep: (step) => steps.push(step) });
  return { loop, network: createNetwork(loop, options.link), steps };
}
