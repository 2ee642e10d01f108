/**
 * The run loop: runs the next event, lets the code it woke come to rest, and takes the next.
 *
 * Time moves only when nothing is due, and only while somebody holds the loop: a pending fetch, a wait, a
 * timer of the test. While nobody does, virtual time stands still and the loop costs nothing.
 */
import { SimError } from "../errors.js";
import { type Agenda, type EventOwner, type LoopEvent, createAgenda } from "./agenda.js";
import type { ChoiceLog } from "./choice.js";
import type { VirtualClock } from "./clock.js";
import { type Ledger, createLedger } from "./ledger.js";
import { type Limits, timeLimitError } from "./limits.js";
import { type Origin, type Origins, createOrigins } from "./origins.js";
import { createDrain, realNowMs, yieldToProcess } from "./quiescence.js";
import { ScheduledEvent } from "./scheduled-event.js";
import type { Step, StepKind } from "./step.js";
import { createStrands } from "./strand.js";

/** Somebody who needs time to move. */
export interface Holder {
  /** What is awaited, what was last seen, and what could end the wait; shown when it never ends. */
  describe(): string;
  /** Called after each event has come to rest. */
  poll?(): void;
  /** Ends the wait with an error. */
  fail(error: Error): void;
}

export interface Loop
  extends Pick<Ledger, "steps" | "recent" | "traceHash" | "counts">, Pick<Agenda, "pending"> {
  readonly clock: VirtualClock;
  readonly choices: ChoiceLog;
  /**
   * Schedules `run`, `delayMs` virtual milliseconds from now.
   *
   * @param label - Stable name, without ids: it names the step, and counts.
   * @param digest - 32-bit digest of what the event carries; enters the trace hash.
   */
  schedule(
    delayMs: number,
    kind: StepKind,
    label: string,
    run: () => void,
    owner?: EventOwner,
    digest?: number,
  ): LoopEvent;
  /** Puts a parked event back, to run `delayUs` microseconds from now. */
  reschedule(event: LoopEvent, delayUs: number): void;
  /** Cancelling twice, or after it ran, does nothing. */
  cancel(event: LoopEvent): void;
  /** Keeps time moving until the returned function is called. */
  hold(holder: Holder): () => void;
  /** Starts moving if there is a reason to: call it after a timer was set on a face of the clock. */
  kick(): void;
  /**
   * From now on waits between events until the process has had a turn; needed once real stream code takes part.
   *
   * @param between - Gets what it must call, once, for the loop to go on. @default a native `setImmediate`
   */
  drainDeep(between?: (next: () => void) => void): void;
  /** Everything that holds the loop at this moment, described. */
  waiting(): readonly string[];
  /** The same, with where each wait began. */
  waits(): readonly { readonly what: string; readonly origin: Origin | undefined }[];
  /** Where things were started that may be left open: each that is not a wait takes its own. */
  readonly origins: Origins;
  /** Ends every wait with `error`, and the world with it. The first failure stays. */
  fail(error: Error): void;
  /** The error that ended the world, if one did. */
  readonly failure: Error | undefined;
  /** The same, while nobody waited who could have been told: whoever ends the world must not pass over it. */
  readonly untoldFailure: Error | undefined;
  /** Ends every wait with `SIM_WORLD_CLOSED` and forgets all events. */
  close(): void;
}

export interface LoopOptions {
  readonly clock: VirtualClock;
  readonly choices: ChoiceLog;
  readonly limits: Limits;
  /** Called with each step as it begins. */
  readonly onStep?: ((step: Step) => void) | undefined;
  /** @default none are kept */
  readonly origins?: Origins;
}

const realSliceMs = 8;
const foreignTimer = {
  kind: "foreign",
  label: "timer-of-the-test",
  owner: undefined,
  cause: 0,
  digest: 0,
  strand: undefined,
} as const;

export function createLoop({
  clock,
  choices,
  limits,
  onStep,
  origins = createOrigins(0),
}: LoopOptions): Loop {
  const agenda = createAgenda(clock, choices);
  const ledger = createLedger(clock, limits, onStep);
  const holders = new Map<Holder, Origin | undefined>();
  // Apart, because a thousand pending fetches hold the loop and none of them polls.
  const pollers = new Set<Required<Holder>>();
  const strands = createStrands();
  const drain = createDrain(turn);
  let current = 0;
  let moving = false;
  let giveTurn: ((next: () => void) => void) | undefined;
  let idleTurns = 0;
  let sliceEndsAt = 0;
  let failure: Error | undefined;
  let told = false;

  function kick(): void {
    if (moving || !wanted()) return;
    moving = true;
    sliceEndsAt = realNowMs() + realSliceMs;
    drain();
  }

  function wanted(): boolean {
    return failure === undefined && (holders.size > 0 || clock.foreignHolds());
  }

  function turn(): void {
    for (const holder of pollers) holder.poll();
    if (!wanted()) {
      moving = false;
      leave();
    } else if (step()) {
      idleTurns = 0;
      if (giveTurn !== undefined) giveTurn(turn);
      else if ((ledger.steps & 31) === 0 && realNowMs() > sliceEndsAt) yieldToProcess(freshTurn);
      else drain();
    } else if (failure === undefined) rest();
    else moving = false;
  }

  function freshTurn(): void {
    sliceEndsAt = realNowMs() + realSliceMs;
    turn();
  }

  // Runs one event, or moves time to one. Returns false when there is nothing left to move to.
  function step(): boolean {
    const nextUs = agenda.nextUs();
    const foreignUs = clock.nextForeignUs();
    if (nextUs === undefined && foreignUs === undefined) return false;
    const atUs = Math.min(nextUs ?? Infinity, foreignUs ?? Infinity);
    if (atUs > limits.virtualMsMax * 1000) {
      fail(timeLimitError(limits.virtualMsMax, describeWaits(), ledger.counts()));
      return false;
    }
    clock.moveTo(atUs);
    if (nextUs === atUs) {
      const event = agenda.take();
      if (event !== undefined) execute(event, event.run);
    } else execute(foreignTimer, clock.fireForeign);
    return true;
  }

  function execute(event: LoopEvent | typeof foreignTimer, run = () => {}): void {
    if ("run" in event) event.run = undefined;
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

  function leave(): void {
    current = 0;
    strands.enter(undefined, "foreign");
    choices.asker = undefined;
  }

  // What the process itself has in flight gets two turns of its own before this is called a deadlock.
  function rest(): void {
    leave();
    idleTurns += 1;
    if (idleTurns <= 2) {
      yieldToProcess(turn);
      return;
    }
    idleTurns = 0;
    moving = false;
    failHolders(
      new SimError(
        "SIM_DEADLOCK",
        `Nothing can run at ${clock.nowMs} ms, and this waits:\n  ${[...holders.keys()].map((h) => h.describe()).join("\n  ")}`,
        "Something must still be scheduled for a wait to end: a host that is up, a timer, a message on its way.",
      ),
    );
  }

  function describeWaits(): string {
    return [...holders.keys()].map((holder) => holder.describe()).join("; ") || "a timer of the test";
  }

  function failHolders(error: Error): void {
    const failing = [...holders.keys()];
    holders.clear();
    pollers.clear();
    for (const holder of failing) holder.fail(error);
  }

  function fail(error: Error): void {
    failure ??= error;
    told ||= holders.size > 0;
    failHolders(failure);
  }

  function hold(holder: Holder): () => void {
    if (failure !== undefined) {
      told = true;
      holder.fail(failure);
    } else {
      holders.set(holder, origins.take(hold));
      if (hasPoll(holder)) pollers.add(holder);
      kick();
    }
    return () => {
      holders.delete(holder);
      if (hasPoll(holder)) pollers.delete(holder);
    };
  }

  return {
    clock,
    choices,
    origins,
    get steps() {
      return ledger.steps;
    },
    recent: ledger.recent,
    traceHash: ledger.traceHash,
    counts: ledger.counts,
    pending: agenda.pending,
    schedule(delayMs, kind, label, run, owner, digest = 0) {
      const delayUs = delayMs > 0 ? Math.round(delayMs * 1000) : 0;
      const strand = strands.next(kind, owner?.name ?? "", label);
      const event = new ScheduledEvent(kind, label, owner, current, digest, strand, run);
      agenda.add(event, delayUs);
      return event;
    },
    reschedule: agenda.add,
    cancel(event) {
      event.run = undefined;
    },
    hold,
    kick,
    drainDeep(between) {
      giveTurn ??= between ?? yieldToProcess;
    },
    waiting: () => [...holders.keys()].map((holder) => holder.describe()),
    waits: () => [...holders].map(([holder, origin]) => ({ what: holder.describe(), origin })),
    fail,
    get failure() {
      return failure;
    },
    get untoldFailure() {
      return told ? undefined : failure;
    },
    close() {
      fail(
        new SimError(
          "SIM_WORLD_CLOSED",
          "Cannot use this world: it was disposed.",
          "Create a new world, or await the work before the block of `await using` ends.",
        ),
      );
      agenda.clear();
    },
  };
}

function hasPoll(holder: Holder): holder is Required<Holder> {
  return holder.poll !== undefined;
}
