/** Faults whose victim is told by numbers, so that they can be made before there is a world. */
import { faultKindNamed } from "./catalogue.js";
import type { Fault } from "./fault.js";

/**
 * @param kind - Name of the kind.
 * @param picks - Which of its possible hosts, times and so on it takes, in order; counted from 0, the dullest, and
 *   round again beyond the last. What is missing is 0.
 * @throws SimError `SIM_FAULT_UNKNOWN` with the nearest name.
 */
export function drawnFault(kind: string, picks: readonly number[]): Fault {
  const { draw } = faultKindNamed(kind);
  return {
    kind,
    name: [kind, ...picks].join(" "),
    inject(world) {
      let next = 0;
      const fault = draw((_name, options) => {
        const index = (picks[next++] ?? 0) % options.length;
        return options[index] as (typeof options)[number];
      }, world);
      return fault.inject(world);
    },
  };
}
