/**
 * The run loop: runs the next event, lets the code it woke come to rest, and takes the next.
 *
 * Time moves only when nothing is due, and only while somebody holds the loop: a pending fetch, a wait, a
 * timer of the test. While nobody does, virtual time stands still and the loop costs nothing. While real I/O of the
 * test is in flight nothing runs, so that it ends at the same virtual moment each time; and for clients in real time
 * time moves no faster than theirs. docs/time.md has the whole rule.
 */
import { SimError } from "../errors.js";
import { type Agenda, type EventOwner, type LoopEvent, createAgenda } from "./agenda.js";
import type { ChoiceLog } from "./choice.js";
import type { VirtualClock } from "./clock.js";
import { type Ledger, createLedger } from "./ledger.js";
import { type ImmediateHandle, type Immediates, createImmediates } from "./immediates.js";
import { type Limits, timeLimitError } from "./limits.js";
import { type Origin, type Origins, createOrigins } from "./origins.js";
import { afterRealMs, createDrain, realNowMs, yieldToProcess } from "./quiescence.js";
import { type RealIo, watchRealIo } from "./real-io.js";
import { createRealTime } from "./real-time.js";
import { ScheduledEvent } from "./scheduled-event.js";
import { createSpinWatch } from "./spin-watch.js";
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
  /** Whether it waits in real time, as a client on a real port does: time moves, but no faster than real time. */
  readonly inRealTime?: boolean;
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
  /**
   * Lists a wait that no passing of time ends, such as `BLPOP` without a limit: it moves nothing, and is shown and
   * failed like the others.
   *
   * @returns A function that takes it off the list.
   */
  waitEndlessly(wait: Holder): () => void;
  /** Lets virtual time follow real time until the returned function is called. @param speed - Virtual seconds in a real one. */
  followRealTime(speed: number): () => void;
  /** Queues what a test's own `setImmediate` was given. */
  setImmediate(run: () => void): ImmediateHandle;
  /** Forgets one that has not run; anything else is ignored. */
  clearImmediate(handle: unknown): void;
  /**
   * Says that real work is in flight of which Node does not tell, such as compressing: time stands still until the
   * returned function is called.
   */
  beginRealWork(what: string): () => void;
  /** Starts moving if there is a reason to: call it after a timer was set on a face of the clock. */
  kick(): void;
  /**
   * From now on waits between events until the process has had a turn; needed once real stream code takes part.
   *
   * @param between - Gets what it must call, once, for the loop to go on. @default a native `setImmediate`
   */
  drainDeep(between?: (next: () => void) => void): void;
  /** Everything that waits at this moment, described: what holds the loop, and the waits without an end. */
  waiting(): readonly string[];
  /** The same, with where each wait began. */
  waits(): readonly { readonly what: string; readonly origin: Origin | undefined }[];
  /** Where things were started that may be left open: each that is not a wait takes its own. */
  readonly origins: Origins;
  /** The real I/O for which time stands still at this moment, if there is some. */
  realIo(): RealIo | undefined;
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

/** Turns of the process in which real I/O is awaited before looking for it only every few real milliseconds. */
const quickLooksMax = 100;
const slowLookMs = 2;
/** Real milliseconds without an event after which a world in real time looks at its clock. */
const realPauseMsMax = 1_000;

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
  const pollers = new Set<Required<Pick<Holder, "poll">>>();
  const endless = new Map<Holder, Origin | undefined>();
  const strands = createStrands();
  const immediates: Immediates = createImmediates(kick);
  const realIo = watchRealIo();
  const realTime = createRealTime();
  const spin = createSpinWatch(turnDespiteSpin);
  const drain = createDrain(resume);
  let holdersInRealTime = 0;
  let current = 0;
  let moving = false;
  let giveTurn: ((next: () => void) => void) | undefined;
  let idleTurns = 0;
  let sliceEndsAt = 0;
  // Code of the test may have run since real I/O was looked for.
  let testRan = true;
  let looks = 0;
  // Turns that were arranged, and that a spin of the test made superfluous.
  let staleTurns = 0;
  let paced = false;
  let wake: (() => void) | undefined;
  let failure: Error | undefined;
  let told = false;

  function kick(): void {
    testRan = true;
    if (wake !== undefined) wakeUp();
    else if (!moving && wanted()) {
      moving = true;
      sliceEndsAt = realNowMs() + realSliceMs;
      spin.arm();
      drain();
    }
  }

  function wanted(): boolean {
    return failure === undefined && (holders.size > 0 || realTime.followed || hasReason());
  }

  /** Whether time may move as fast as it can. */
  function hasReason(): boolean {
    return holders.size > holdersInRealTime || immediates.holding > 0 || clock.foreignHolds();
  }

  // Each turn that is arranged comes here, also one that a spin has overtaken.
  function resume(): void {
    if (staleTurns > 0) {
      staleTurns -= 1;
      return;
    }
    spin.disarm();
    spin.rested();
    turn();
  }

  // The turn that is arranged cannot come before the spin ends, and the spin waits for it.
  function turnDespiteSpin(): void {
    staleTurns += 1;
    testRan = false;
    void Promise.resolve().then(turn);
  }

  function turn(): void {
    for (const holder of pollers) holder.poll();
    if (!wanted()) {
      moving = false;
      paced = false;
      leave();
      return;
    }
    const io = testRan ? realIo.inFlight() : undefined;
    testRan = io !== undefined;
    const inRealTime = io?.slow === true || holdersInRealTime > 0 || realTime.followed;
    if (io !== undefined && !inRealTime) awaitRealIo();
    else if (io === undefined && hasReason()) goOn(step());
    else stepInRealTime();
  }

  function goOn(stepped: boolean): void {
    paced = false;
    looks = 0;
    if (stepped) {
      idleTurns = 0;
      if (testRan || staleTurns > 0 || giveTurn !== undefined) spin.arm();
      if (giveTurn !== undefined) giveTurn(processTurn);
      else if ((ledger.steps & 31) === 0 && realNowMs() > sliceEndsAt) {
        spin.arm();
        yieldToProcess(processTurn);
      } else drain();
    } else if (failure === undefined) rest();
    else moving = false;
  }

  // After a turn of the process: whatever it had may have run.
  function processTurn(): void {
    sliceEndsAt = realNowMs() + realSliceMs;
    testRan = true;
    resume();
  }

  function awaitRealIo(): void {
    leave();
    paced = false;
    looks += 1;
    if (looks < quickLooksMax) yieldToProcess(processTurn);
    else afterRealMs(slowLookMs, processTurn);
  }

  // Runs what is due by real time; time stands between two events when nothing is.
  function stepInRealTime(): void {
    if (!paced) realTime.anchor(clock.nowUs);
    const nextUs = immediates.pending() ? clock.nowUs : (nextDueUs() ?? Infinity);
    if (nextUs <= Math.max(realTime.allowedUs(), clock.nowUs)) goOn(step());
    else {
      followRealTime();
      leave();
      const ms = Math.min(Math.ceil(realTime.msUntil(nextUs)), testRan ? slowLookMs : realPauseMsMax);
      const cancel = afterRealMs(Math.max(1, ms), wakeUp);
      wake = cancel;
    }
    paced = true;
  }

  function wakeUp(): void {
    wake?.();
    wake = undefined;
    followRealTime();
    yieldToProcess(processTurn);
  }

  function followRealTime(): void {
    const toUs = Math.min(realTime.allowedUs(), nextDueUs() ?? Infinity, limits.virtualMsMax * 1000);
    if (toUs > clock.nowUs) clock.moveTo(toUs);
  }

  function nextDueUs(): number | undefined {
    const nextUs = agenda.nextUs();
    const foreignUs = clock.nextForeignUs();
    if (nextUs === undefined || foreignUs === undefined) return nextUs ?? foreignUs;
    return Math.min(nextUs, foreignUs);
  }

  // Runs one event, or moves time to one. Returns false when there is nothing left to move to.
  function step(): boolean {
    const nextUs = agenda.nextUs();
    const foreignUs = clock.nextForeignUs();
    const atUs = Math.min(nextUs ?? Infinity, foreignUs ?? Infinity);
    if (immediates.pending() && nextUs !== clock.nowUs && immediates.goFirst(atUs - clock.nowUs)) {
      execute(foreignTimer, immediates.runNext);
      return true;
    }
    if (atUs === Infinity) return false;
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
    if (event.owner === undefined || event.owner.runsTestCode === true) testRan = true;
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
      yieldToProcess(processTurn);
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
    holdersInRealTime = 0;
    for (const holder of failing) holder.fail(error);
  }

  function fail(error: Error): void {
    failure ??= error;
    told ||= holders.size > 0;
    failHolders(failure);
    for (const wait of [...endless.keys()]) wait.fail(failure);
    endless.clear();
    if (wake !== undefined) wakeUp();
  }

  function hold(holder: Holder): () => void {
    if (failure !== undefined) {
      told = true;
      holder.fail(failure);
      return () => {};
    }
    holders.set(holder, origins.take(hold));
    if (hasPoll(holder)) pollers.add(holder);
    if (holder.inRealTime === true) holdersInRealTime += 1;
    kick();
    return () => {
      testRan = true;
      if (!holders.delete(holder)) return;
      if (hasPoll(holder)) pollers.delete(holder);
      if (holder.inRealTime === true) holdersInRealTime -= 1;
    };
  }

  function waitEndlessly(wait: Holder): () => void {
    if (failure === undefined) endless.set(wait, origins.take(waitEndlessly));
    else wait.fail(failure);
    return () => endless.delete(wait);
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
      if (wake !== undefined) wakeUp();
      agenda.add(event, delayUs);
      return event;
    },
    reschedule: agenda.add,
    cancel(event) {
      event.run = undefined;
    },
    hold,
    waitEndlessly,
    followRealTime(speed) {
      const release = realTime.follow(speed);
      kick();
      return release;
    },
    setImmediate: immediates.add,
    clearImmediate: immediates.clear,
    beginRealWork(what) {
      const end = realIo.begin(what);
      testRan = true;
      return end;
    },
    kick,
    drainDeep(between) {
      giveTurn ??= between ?? yieldToProcess;
    },
    waiting: () => [...holders.keys(), ...endless.keys()].map((holder) => holder.describe()),
    waits: () =>
      [...holders, ...endless].map(([holder, origin]) => ({ what: holder.describe(), origin })),
    realIo: realIo.inFlight,
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

function hasPoll(holder: Holder): holder is Holder & Required<Pick<Holder, "poll">> {
  return holder.poll !== undefined;
}
