/** An arbitrary of faults: which are injected, when, for how long, and where, as a value that shrinks. */
import { type Arbitrary, array, constantFrom, integer, nat, record, toStringMethod, tuple } from "fast-check";

import { checkOptions } from "../shared/text.js";
import { SimError } from "../errors.js";
import { sampledFault, faultKindNamed, faultKinds } from "../world/faults/index.js";
import { type Duration, formatDuration, parseDuration } from "../kernel/index.js";
import type { Phoenix } from "../world/index.js";

/** One fault of a plan. */
export interface PlannedFault {
  /** Name of its kind, such as `partition`. */
  readonly kind: string;
  /** When it is injected: virtual milliseconds after `inject`. */
  readonly afterMs: number;
  /** How long it lasts, in virtual milliseconds. */
  readonly forMs: number;
  /** Which of the possible hosts, delays and so on it takes, each counted from 0. */
  readonly choices: readonly number[];
}

/** The faults of one run. */
export interface FaultPlan {
  readonly faults: readonly PlannedFault[];
  /** Injects them into a world, from now on; `phoenix.converge()` and `faults.healAll()` end them. */
  inject(phoenix: Pick<Phoenix, "faults">): void;
  /** One line for each fault, with its target once it was injected. */
  toString(): string;
}

export interface FaultPlansOptions {
  /** Names of the kinds that may be injected. @default every kind */
  readonly kinds?: readonly string[];
  /** Most faults in one plan. @default 4 */
  readonly maxLength?: number;
  /** Virtual time within which they begin. @default "60s" */
  readonly window?: Duration;
  /** Longest that one lasts. @default "30s" */
  readonly longest?: Duration;
}

/** Enough for every kind: none asks for more than this many things. */
const choicesMax = 4;

/**
 * Plans of faults. A plan that failed shrinks to fewer faults, that come earlier, are shorter, and hit the target
 * the catalogue names first.
 *
 * @throws SimError `SIM_FAULT_UNKNOWN`, `SIM_OPTION_INVALID`.
 */
export function faultPlans(options: FaultPlansOptions = {}): Arbitrary<FaultPlan> {
  checkOptions("faultPlans", options, ["kinds", "maxLength", "window", "longest"]);
  const { kinds = faultKinds.map(({ kind }) => kind), maxLength = 4 } = options;
  if (kinds.length === 0)
    throw new SimError(
      "SIM_OPTION_INVALID",
      "faultPlans got no kinds of faults.",
      "Name some, or leave kinds out for all.",
    );
  for (const kind of kinds) faultKindNamed(kind);
  const fault = record({
    kind: constantFrom(...kinds),
    afterMs: integer({ min: 0, max: parseDuration(options.window ?? "60s", "the window of a plan") }),
    forMs: integer({ min: 1, max: parseDuration(options.longest ?? "30s", "the longest fault of a plan") }),
    choices: tuple(...Array.from({ length: choicesMax }, () => nat({ max: 63 }))),
  });
  return array(fault, { maxLength }).map(planOf);
}

function planOf(faults: readonly PlannedFault[]): FaultPlan {
  const victims = new Map<PlannedFault, string>();

  function inject(phoenix: Pick<Phoenix, "faults">): void {
    for (const planned of faults) {
      const { kind, choices, afterMs, forMs } = planned;
      const fault = sampledFault(kind, choices);
      const tracked = {
        ...fault,
        inject(world: Parameters<typeof fault.inject>[0]) {
          const handle = fault.inject(world);
          victims.set(planned, handle.name);
          return handle;
        },
      };
      phoenix.faults.plan(tracked, { after: afterMs, for: forMs });
    }
  }

  function text(): string {
    const lines = faults.map((planned) => {
      const { kind, choices, afterMs, forMs } = planned;
      const what = victims.get(planned) ?? `${kind} (${choices.join(", ")})`;
      return `after ${formatDuration(afterMs)} for ${formatDuration(forMs)}: ${what}`;
    });
    return lines.length === 0 ? "no faults" : lines.join("; ");
  }

  return Object.assign({ faults, inject, toString: text }, { [toStringMethod]: text });
}
