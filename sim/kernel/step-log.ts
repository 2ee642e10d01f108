/** Counts and hashes what happened, keeps the last steps for reports, and says when a limit is crossed. */
import type { LoopEvent } from "./run-queue.js";
import type { VirtualClock } from "./clock.js";
import { createRunningHash, hashString } from "./hash.js";
import { type Limits, stepLimitError } from "./limits.js";
import type { Step } from "./task.js";

export interface StepLog {
  /** Events run so far. */
  readonly steps: number;
  /** Records that `event` begins. @returns An error when it is one too many. */
  begin(event: Pick<LoopEvent, "kind" | "label" | "owner" | "cause" | "digest">): Error | undefined;
  /** The last steps, oldest first; at most 32. */
  recent(): readonly Step[];
  /** Sixteen hexadecimal digits over every step so far. */
  traceHash(): string;
  /** How often each label ran. */
  counts(): ReadonlyMap<string, number>;
}

const recentMax = 32;

interface Name {
  readonly hash: number;
  count: number;
}

export function createStepLog(
  clock: VirtualClock,
  limits: Limits,
  onStep: ((step: Step) => void) | undefined,
): StepLog {
  const labels = new Map<string, Name>();
  const hosts = new Map<string, Name>();
  const hash = createRunningHash();
  const recent: Step[] = [];
  let steps = 0;
  let instantUs = 0;
  let stepsAtInstant = 0;

  function limitCrossed(): Error | undefined {
    if (steps > limits.stepsMax) return stepLimitError(limits.stepsMax, "in all", counts());
    if (clock.nowUs !== instantUs) {
      instantUs = clock.nowUs;
      stepsAtInstant = 0;
    }
    stepsAtInstant += 1;
    if (stepsAtInstant <= limits.stepsAtOneInstantMax) return undefined;
    const where = `at one instant, ${clock.nowMs} ms, without time moving`;
    return stepLimitError(limits.stepsAtOneInstantMax, where, counts());
  }

  function counts(): ReadonlyMap<string, number> {
    return new Map([...labels].map(([label, { count }]) => [label, count]));
  }

  return {
    get steps() {
      return steps;
    },
    begin({ kind, label, owner, cause, digest }) {
      steps += 1;
      const host = owner?.name ?? "";
      const name = nameOf(labels, label);
      name.count += 1;
      hash.add(clock.nowUs);
      hash.add(name.hash ^ nameOf(hosts, host).hash);
      hash.add(digest);
      const step: Step = { index: steps, atUs: clock.nowUs, host, kind, label, cause, digest };
      recent[(steps - 1) % recentMax] = step;
      onStep?.(step);
      return limitCrossed();
    },
    recent: () => [...recent].sort((a, b) => a.index - b.index),
    traceHash: () => hash.digest(),
    counts,
  };
}

function nameOf(names: Map<string, Name>, text: string): Name {
  let name = names.get(text);
  if (name === undefined) {
    name = { hash: hashString(text, 1), count: 0 };
    names.set(text, name);
  }
  return name;
}
