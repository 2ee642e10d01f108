/** Faults whose target is given by numbers, so that they can be made before there is a world. */
import { faultKindNamed } from "./catalogue.js";
import type { Fault } from "./fault.js";

/**
 * @param kind - Name of the kind.
 * @param choices - Which of its possible hosts, times and so on it takes, in order; counted from 0, the default, and
 *   round again beyond the last. What is missing is 0.
 * @throws SimError `SIM_FAULT_UNKNOWN` with the nearest name.
 */
export function sampledFault(kind: string, choices: readonly number[]): Fault {
  const { sample } = faultKindNamed(kind);
  return {
    kind,
    name: [kind, ...choices].join(" "),
    inject(world) {
      let next = 0;
      const fault = sample((_name, options) => {
        const index = (choices[next++] ?? 0) % options.length;
        return options[index] as (typeof options)[number];
      }, world);
      return fault.inject(world);
    },
  };
}
