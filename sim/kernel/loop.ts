/**
 * The run loop: runs the next event, lets the code it woke come to rest, and takes the next.
 *
 * Time moves only when nothing is due, and only while somebody holds the loop: a pending fetch, a wait, a
 * timer of the test. While nobody does, virtual time stands still and the loop costs nothing. While real I/O of the
 * test is in flight nothing runs, so that it ends at the same virtual moment each time; and for clients in real time
 * time moves no faster than theirs. docs/time.md has the whole rule.
 */
import { type Agenda, type EventOwner, type LoopEvent, createAgenda } from "./agenda.js";
import type { ChoiceLog } from "./choice.js";
import type { VirtualClock } from "./clock.js";
import { type Holder, createHolders } from "./holders.js";
import { type Ledger, createLedger } from "./ledger.js";
import type { ImmediateHandle } from "./immediates.js";
import { type Limits, closedError, deadlockError } from "./limits.js";
import { type Origin, type Origins, createOrigins } from "./origins.js";
import { type RealIo, watchRealIo } from "./real-io.js";
import { createRealTime } from "./real-time.js";
import type { Step, StepKind } from "./step.js";
import { createStepper } from "./stepper.js";
import { createTurns, slowLookMs } from "./turns.js";

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
  /** Lets virtual time follow real time, `speed` (1) virtual seconds in a real one, until what it returns is called. */
  followRealTime(speed?: number): () => void;
  /** Queues what a test's own `setImmediate` was given. */
  setImmediate(run: () => void): ImmediateHandle;
  /** Forgets one that has not run; anything else is ignored. */
  clearImmediate(handle: unknown): void;
  /**
   * Says that real work is in flight of which Node does not tell, such as compressing: time stands still until the
   * returned function is called.
   */
  beginRealWork(what: string): () => void;
  /**
   * Says that a request is under way which a mock in this process may answer: before time moves, the code of the mock
   * gets a number of turns. Ends when the returned function is called.
   */
  beginMockedRequest(): () => void;
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

/** Turns of the process that a mock gets for an answer before time moves: what is not done by then waits for time. */
const mockTurnsMax = 25;

/** Real milliseconds without an event after which a world in real time looks at its clock. */
const realPauseMsMax = 1_000;

export function createLoop(options: LoopOptions): Loop {
  const { clock, choices, limits, onStep, origins = createOrigins(0) } = options;
  const agenda = createAgenda(clock, choices);
  const ledger = createLedger(clock, limits, onStep);
  const holders = createHolders();
  const realIo = watchRealIo();
  const realTime = createRealTime();
  const noteTestRan = (): unknown => (testRan = true);
  const turns = createTurns({ turn, processRan: noteTestRan, testSpins: () => (testRan = false) });
  const stepper = createStepper({
    clock,
    choices,
    agenda,
    ledger,
    limits,
    waits: holders.describe,
    testRan: noteTestRan,
    fail,
    onImmediate: kick,
  });
  let moving = false;
  let asleep = false;
  let idleTurns = 0;
  let mockedRequests = 0;
  let mockTurns = 0;
  // Code of the test may have run since real I/O was looked for.
  let testRan = true;
  let failure: Error | undefined;
  let told = false;

  function kick(): void {
    testRan = true;
    if (asleep) wakeUp();
    else if (!moving && wanted()) {
      moving = true;
      turns.begin();
    }
  }

  function wanted(): boolean {
    return failure === undefined && (holders.size > 0 || realTime.followed || hasReason());
  }

  /** Whether time may move as fast as it can. */
  function hasReason(): boolean {
    return holders.eager > 0 || stepper.immediates > 0 || clock.foreignHolds();
  }

  function turn(): void {
    holders.pollAll();
    // The common case, without a question that need not be asked.
    if (!testRan && holders.eager > 0 && failure === undefined) moveOn();
    else if (!wanted()) {
      moving = false;
      realTime.leave();
      stepper.leave();
    } else lookAndGoOn();
  }

  function lookAndGoOn(): void {
    const io = testRan ? realIo.inFlight() : undefined;
    testRan = io !== undefined;
    const inRealTime = io?.slow === true || holders.size > holders.eager || realTime.followed;
    if (io !== undefined && !inRealTime) {
      realTime.leave();
      stepper.leave();
      turns.afterLook();
    } else if (io === undefined && hasReason()) {
      realTime.leave();
      moveOn();
    } else stepInRealTime();
  }

  function moveOn(): void {
    if (mockedRequests > 0 && mockTurns < mockTurnsMax && (stepper.nextUs() ?? Infinity) > clock.nowUs) {
      mockTurns += 1;
      turns.afterProcess();
    } else {
      mockTurns = 0;
      goOn(stepper.step());
    }
  }

  function goOn(stepped: boolean): void {
    if (stepped) {
      idleTurns = 0;
      turns.afterEvent(ledger.steps, testRan);
    } else if (failure === undefined) rest();
    else moving = false;
  }

  // Runs what is due by real time; time stands between two events when nothing is.
  function stepInRealTime(): void {
    const nextUs = stepper.nextUs() ?? Infinity;
    if (nextUs <= Math.max(realTime.allowedUs(clock.nowUs), clock.nowUs)) goOn(stepper.step());
    else {
      stepper.leave();
      asleep = true;
      realTime.sleepUntil(nextUs, testRan ? slowLookMs : realPauseMsMax, wakeUp);
    }
  }

  function wakeUp(): void {
    asleep = false;
    realTime.wake();
    const toUs = Math.min(
      realTime.allowedUs(clock.nowUs),
      stepper.nextUs() ?? Infinity,
      limits.virtualMsMax * 1000,
    );
    if (toUs > clock.nowUs) clock.moveTo(toUs);
    turns.afterProcess();
  }

  // What the process itself has in flight gets two turns of its own before this is called a deadlock.
  function rest(): void {
    stepper.leave();
    idleTurns += 1;
    if (idleTurns <= 2) turns.afterProcess();
    else {
      idleTurns = 0;
      moving = false;
      holders.failHolding(deadlockError(clock.nowMs, holders.describe()));
    }
  }

  function fail(error: Error): void {
    failure ??= error;
    if (holders.failHolding(failure) > 0) told = true;
    holders.failEndless(failure);
    if (asleep) wakeUp();
  }

  function hold(holder: Holder): () => void {
    if (failure !== undefined) {
      told = true;
      holder.fail(failure);
      return () => {};
    }
    const release = holders.add(holder, origins.take(hold));
    kick();
    return () => {
      testRan = true;
      release();
    };
  }

  function waitEndlessly(wait: Holder): () => void {
    if (failure === undefined) return holders.addEndless(wait, origins.take(waitEndlessly));
    wait.fail(failure);
    return () => {};
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
    schedule(delayMs, kind, label, run, owner, digest) {
      if (asleep) wakeUp();
      return stepper.schedule(delayMs, kind, label, run, owner, digest);
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
      return () => {
        if (asleep) wakeUp();
        release();
      };
    },
    setImmediate: stepper.setImmediate,
    clearImmediate: stepper.clearImmediate,
    beginRealWork(what) {
      const end = realIo.begin(what);
      testRan = true;
      return end;
    },
    beginMockedRequest() {
      mockedRequests += 1;
      let open = true;
      return () => {
        if (open) mockedRequests -= 1;
        open = false;
      };
    },
    kick,
    drainDeep: turns.deepen,
    waiting: () => holders.waits().map(({ what }) => what),
    waits: holders.waits,
    realIo: realIo.inFlight,
    fail,
    get failure() {
      return failure;
    },
    get untoldFailure() {
      return told ? undefined : failure;
    },
    close() {
      fail(closedError());
      agenda.clear();
    },
  };
}
