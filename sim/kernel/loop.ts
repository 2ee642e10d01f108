/**
 * The run loop: runs the next event, lets the code it woke come to rest, and takes the next.
 *
 * Time moves only when nothing is due, and only while somebody holds the loop: a pending fetch, a wait, a
 * timer of the test. While nobody does, virtual time stands still and the loop costs nothing. While real I/O of the
 * test is in flight nothing runs, so that it ends at the same virtual moment each time; and for clients in real time
 * time moves no faster than theirs. docs/time.md has the whole rule.
 */
import { createAgenda } from "./agenda.js";
import { type Holder, createHolders } from "./holders.js";
import { createLedger } from "./ledger.js";
import { closedError, deadlockError } from "./limits.js";
import type { Loop, LoopOptions } from "./loop-api.js";
import { createOrigins } from "./origins.js";
import { watchRealIo } from "./real-io.js";
import { createRealTime } from "./real-time.js";
import { createStepper } from "./stepper.js";
import { createTurns, slowLookMs } from "./turns.js";

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
    else if (moving) turns.testActs();
    else if (wanted()) {
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
