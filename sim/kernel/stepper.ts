/** Takes the next step of a world: which event, immediate or timer that is, and running it. */
import type { Agenda, EventOwner, LoopEvent } from "./agenda.js";
import type { ChoiceLog } from "./choice.js";
import type { VirtualClock } from "./clock.js";
import { type ImmediateHandle, createImmediates } from "./immediates.js";
import type { Ledger } from "./ledger.js";
import { type Limits, timeLimitError } from "./limits.js";
import { ScheduledEvent } from "./scheduled-event.js";
import type { StepKind } from "./step.js";
import { createStrands } from "./strand.js";

export interface Stepper {
  /** When something is due at the earliest, in microseconds; undefined when nothing ever is. */
  nextUs(): number | undefined;
  /** How many immediates of the test keep time moving. */
  readonly immediates: number;
  /** Runs one event, or moves time to one. @returns False when there is nothing left to move to. */
  step(): boolean;
  /** What is scheduled from now on comes from outside of all events. */
  leave(): void;
  /** As `schedule` of the loop. */
  schedule(
    delayMs: number,
    kind: StepKind,
    label: string,
    run: () => void,
    owner?: EventOwner,
    digest?: number,
  ): LoopEvent;
  setImmediate(run: () => void): ImmediateHandle;
  clearImmediate(handle: unknown): void;
}

export interface StepperOptions {
  readonly clock: VirtualClock;
  readonly choices: ChoiceLog;
  readonly agenda: Agenda;
  readonly ledger: Ledger;
  readonly limits: Limits;
  /** What is awaited, for the error of a run that goes on for too long. */
  readonly waits: () => readonly string[];
  /** Code of the test may have run. */
  readonly testRan: () => unknown;
  readonly fail: (error: Error) => void;
  /** An immediate was queued. */
  readonly onImmediate: () => void;
}

const foreignTimer = {
  kind: "foreign",
  label: "timer-of-the-test",
  owner: undefined,
  cause: 0,
  digest: 0,
  strand: undefined,
} as const;

export function createStepper(options: StepperOptions): Stepper {
  const { clock, choices, agenda, ledger, limits, testRan, fail, onImmediate } = options;
  const strands = createStrands();
  const immediates = createImmediates(onImmediate);
  let immediatesUsed = false;
  let current = 0;

  function execute(event: LoopEvent | typeof foreignTimer, run = () => {}): void {
    if ("run" in event) event.run = undefined;
    if (event.owner === undefined || event.owner.runsTestCode === true) testRan();
    const limitError = ledger.begin(event);
    current = ledger.steps;
    strands.enter(event.strand, event.kind);
    choices.asker = event.strand;
    if (limitError !== undefined) fail(limitError);
    try {
      run();
    } catch (error) {
      fail(error instanceof Error ? error : new Error(String(error)));
    }
  }

  function isTooLate(atUs: number): boolean {
    if (atUs <= limits.virtualMsMax * 1000) return false;
    const waits = options.waits().join("; ") || "a timer of the test";
    fail(timeLimitError(limits.virtualMsMax, waits, ledger.counts()));
    return true;
  }

  return {
    nextUs() {
      if (immediatesUsed && immediates.pending()) return clock.nowUs;
      const nextUs = agenda.nextUs();
      const foreignUs = clock.nextForeignUs();
      if (nextUs === undefined || foreignUs === undefined) return nextUs ?? foreignUs;
      return Math.min(nextUs, foreignUs);
    },
    get immediates() {
      return immediates.holding;
    },
    step() {
      const nextUs = agenda.nextUs();
      const foreignUs = clock.nextForeignUs();
      const atUs = Math.min(nextUs ?? Infinity, foreignUs ?? Infinity);
      if (immediatesUsed && nextUs !== clock.nowUs && immediates.pending()) {
        if (immediates.goFirst(atUs - clock.nowUs)) {
          execute(foreignTimer, immediates.runNext);
          return true;
        }
      }
      if (atUs === Infinity || isTooLate(atUs)) return false;
      clock.moveTo(atUs);
      if (nextUs === atUs) {
        const event = agenda.take();
        if (event !== undefined) execute(event, event.run);
      } else execute(foreignTimer, clock.fireForeign);
      return true;
    },
    leave() {
      current = 0;
      strands.enter(undefined, "foreign");
      choices.asker = undefined;
    },
    schedule(delayMs, kind, label, run, owner, digest = 0) {
      const delayUs = delayMs > 0 ? Math.round(delayMs * 1000) : 0;
      const strand = strands.next(kind, owner?.name ?? "", label);
      const event = new ScheduledEvent(kind, label, owner, current, digest, strand, run);
      agenda.add(event, delayUs);
      return event;
    },
    setImmediate(run) {
      immediatesUsed = true;
      return immediates.add(run);
    },
    clearImmediate: immediates.clear,
  };
}
