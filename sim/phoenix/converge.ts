/** The second phase of a run: faults have ended, and the world must come to rest. */
import { SimError } from "../errors.js";
import type { InvariantHub } from "../invariants/index.js";
import { type Duration, type Loop, advance, formatDuration, parseDuration } from "../kernel/index.js";
import type { Recorder } from "../trace/index.js";
import { complaintsOf } from "./complaints.js";

/** Thrown when a healed world does not come to rest; `invariant` names what is still to come. */
export class ConvergenceError extends SimError {
  readonly invariant: string;

  /** @param complaints - The last that services logged, for a look at the cause. */
  constructor(invariant: string, within: string, reason: string, complaints: readonly string[] = []) {
    const logged = complaints.length === 0 ? [] : ["The last that services complained of:", ...complaints];
    super(
      "SIM_NOT_CONVERGED",
      [
        `The world did not come to rest within ${within} after its faults had ended: ${reason} (${invariant}).`,
        ...logged,
      ].join("\n  "),
      "Look at what waits: a lost hint that no tick repairs, a lease that nobody takes over, a retry that ended.",
    );
    this.invariant = invariant;
  }
}

/** How often it is asked, in virtual milliseconds. */
const lookEveryMs = 2_000;

export interface Converging {
  readonly loop: Loop;
  readonly hub: InvariantHub;
  /** What services logged. */
  readonly recorder: Pick<Recorder, "lines">;
}

/** Lets time pass until nothing is pending. @throws ConvergenceError when that takes too long. */
export async function converge({ loop, hub, recorder }: Converging, within: Duration): Promise<void> {
  const startMs = loop.clock.nowMs;
  const withinMs = parseDuration(within, "the limit of a convergence");
  let sinceMs = new Map<string, number>();
  for (let pending = hub.pending(); pending.length > 0; pending = hub.pending()) {
    const { nowMs } = loop.clock;
    sinceMs = new Map(pending.map(({ reason }) => [reason, sinceMs.get(reason) ?? nowMs]));
    const late = pending.find(
      ({ reason, msMax }) => nowMs >= startMs + withinMs || nowMs > (sinceMs.get(reason) ?? nowMs) + msMax,
    );
    if (late !== undefined) {
      const allowedMs = Math.min(withinMs, late.msMax);
      throw new ConvergenceError(
        late.invariant,
        formatDuration(allowedMs),
        late.reason,
        complaintsOf(recorder),
      );
    }
    await advance(loop, lookEveryMs);
  }
  hub.finished();
  // Throws what an invariant found just now, and so that the end of the world does not tell it once more.
  await advance(loop, 0);
}
