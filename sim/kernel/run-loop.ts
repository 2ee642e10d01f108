/**
 * The run loop: runs the next event, waits for quiescence, and takes the next.
 *
 * Time moves only when nothing is due, and only while somebody holds the loop: a pending fetch, a wait, a
 * timer of the test. While nobody does, virtual time stands still and the loop costs nothing. While real I/O of the
 * test is in flight nothing runs, so that it ends at the same virtual moment each time; and for clients in real time
 * time moves no faster than theirs. docs/time.md has the whole rule.
 */
import v8 from "node:v8";

import type { ChoiceLog } from "./choice-log.js";
import type { VirtualClock } from "./clock.js";
import { createImmediates, type ImmediateHandle } from "./immediates.js";
import { createKeepAlives, createOrigins, type KeepAlive } from "./keep-alive.js";
import { closedError, deadlockError, timeLimitError, type Limits } from "./limits.js";
import { afterRealMs, createDrain, realNowMs, yieldToProcess } from "./quiescence.js";
import { watchRealIo } from "./real-io.js";
import type { Loop, LoopOptions } from "./run-loop-api.js";
import {
  ScheduledEvent,
  createRunQueue,
  type EventOwner,
  type LoopEvent,
  type RunQueue,
} from "./run-queue.js";
import { createStepLog, type StepLog } from "./step-log.js";
import { createTasks, type StepKind } from "./task.js";

// The real time that a world keeps up with while only clients in real time wait for it.

interface RealTime {
  /** Whether anybody wants virtual time to follow. */
  readonly followed: boolean;
  /**
   * Lets virtual time follow. Several may want it: the fastest decides.
   *
   * @param speed - Virtual seconds in a real one. @default as the others want it, or 1
   * @returns What ends it.
   */
  follow(speed?: number): () => void;
  /** How far virtual time may have come by now, in microseconds. Counts from `nowUs` when it did not follow before. */
  allowedUs(nowUs: number): number;
  /** Virtual time has a reason of its own, or none: the next to follow begins anew. */
  leave(): void;
  /** Calls `then` once virtual time may have come to `atUs`, and after `msMax` real milliseconds at the latest. */
  sleepUntil(atUs: number, msMax: number, then: () => void): void;
  /** Ends the sleep, if it sleeps, without calling `then`. */
  wake(): void;
}

function createRealTime(): RealTime {
  const followers = new Map<object, number>();
  let anchor: { readonly ms: number; readonly us: number } | undefined;
  let speed = 1;
  let cancelSleep: (() => void) | undefined;

  function allowedUs(nowUs: number): number {
    anchor ??= { ms: realNowMs(), us: nowUs };
    return anchor.us + Math.floor((realNowMs() - anchor.ms) * 1000 * speed);
  }

  function setSpeed(): void {
    if (anchor !== undefined) anchor = { us: allowedUs(anchor.us), ms: realNowMs() };
    speed = Math.max(...followers.values(), 0) || 1;
  }

  function wake(): void {
    cancelSleep?.();
    cancelSleep = undefined;
  }

  return {
    get followed() {
      return followers.size > 0;
    },
    follow(wanted = 0) {
      const follower = {};
      followers.set(follower, wanted);
      setSpeed();
      return () => {
        followers.delete(follower);
        setSpeed();
      };
    },
    allowedUs,
    leave() {
      anchor = undefined;
    },
    sleepUntil(atUs, msMax, then) {
      const ms = (atUs - allowedUs(atUs)) / 1000 / speed;
      cancelSleep = afterRealMs(Math.max(1, Math.min(Math.ceil(ms), msMax)), then);
    },
    wake,
  };
}

// Takes the next step of a world: which event, immediate or timer that is, and running it.

interface Stepper {
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

interface StepperOptions {
  readonly clock: VirtualClock;
  readonly choices: ChoiceLog;
  readonly runQueue: RunQueue;
  readonly stepLog: StepLog;
  readonly limits: Limits;
  /** What is awaited, for the error of a run that goes on for too long. */
  readonly waits: () => readonly string[];
  /** Code of the test may have run. */
  readonly testRan: () => unknown;
  readonly fail: (error: Error) => void;
  /** An immediate was queued. */
  readonly onImmediate: () => void;
}

const userTimer = {
  kind: "user",
  label: "user-timer",
  owner: undefined,
  cause: 0,
  digest: 0,
  task: undefined,
} as const;

function createStepper(options: StepperOptions): Stepper {
  const { clock, choices, runQueue, stepLog, limits, testRan, fail, onImmediate } = options;
  const tasks = createTasks();
  const immediates = createImmediates(onImmediate);
  let immediatesUsed = false;
  let current = 0;

  function execute(event: LoopEvent | typeof userTimer, run = () => {}): void {
    if ("run" in event) event.run = undefined;
    if (event.owner === undefined || event.owner.runsTestCode === true) testRan();
    const limitError = stepLog.begin(event);
    current = stepLog.steps;
    tasks.enter(event.task, event.kind);
    choices.currentTask = event.task;
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
    fail(timeLimitError(limits.virtualMsMax, waits, stepLog.counts()));
    return true;
  }

  return {
    nextUs() {
      if (immediatesUsed && immediates.pending()) return clock.nowUs;
      const nextUs = runQueue.nextUs();
      const userTimerUs = clock.nextUserTimerUs();
      if (nextUs === undefined || userTimerUs === undefined) return nextUs ?? userTimerUs;
      return Math.min(nextUs, userTimerUs);
    },
    get immediates() {
      return immediates.holding;
    },
    step() {
      const nextUs = runQueue.nextUs();
      const userTimerUs = clock.nextUserTimerUs();
      const atUs = Math.min(nextUs ?? Infinity, userTimerUs ?? Infinity);
      if (immediatesUsed && nextUs !== clock.nowUs && immediates.pending()) {
        if (immediates.nextComesFirst(atUs - clock.nowUs)) {
          execute(userTimer, immediates.runNext);
          return true;
        }
      }
      if (atUs === Infinity || isTooLate(atUs)) return false;
      clock.moveTo(atUs);
      if (nextUs === atUs) {
        const event = runQueue.take();
        if (event !== undefined) execute(event, event.run);
      } else execute(userTimer, clock.fireUserTimer);
      return true;
    },
    leave() {
      current = 0;
      tasks.enter(undefined, "user");
      choices.currentTask = undefined;
    },
    schedule(delayMs, kind, label, run, owner, digest = 0) {
      const delayUs = delayMs > 0 ? Math.round(delayMs * 1000) : 0;
      const task = tasks.next(kind, owner?.name ?? "", label);
      const event = new ScheduledEvent(kind, label, owner, current, digest, task, run);
      runQueue.add(event, delayUs);
      return event;
    },
    setImmediate(run) {
      immediatesUsed = true;
      return immediates.add(run);
    },
    clearImmediate: immediates.clear,
  };
}

// Notices code that polls by promises or ticks alone, such as `while (!done) await Promise.resolve()`.
//
// Such a loop lets neither ticks nor the event loop of the process have a turn, so what it waits for never comes. Only
// its own promise jobs still run; counting those is the one way to hear of it.

interface SpinWatch {
  /** Counts from now on. */
  arm(): void;
  disarm(): void;
  /** A turn came by itself: nobody polls any more. */
  onIdleTurn(): void;
}

// Code that computes makes promises by the ten thousand without any need of a turn.
const jobsMaxFirst = 100_000;
/** Once code has been seen to poll, until a turn comes by itself. */
const jobsMaxNext = 1_000;

/** @param onSpin - Called from within a promise job; the watch is off then, and turned on again counts for less long. */
function createSpinWatch(onSpin: () => void): SpinWatch {
  // Bun and Deno have none: there such a loop hangs, as it does without a world.
  const hooks = v8.promiseHooks as typeof v8.promiseHooks | undefined;
  let stop: (() => void) | undefined;
  let jobs = 0;
  let jobsMax = jobsMaxFirst;

  function disarm(): void {
    stop?.();
    stop = undefined;
  }

  function count(): void {
    jobs += 1;
    if (jobs < jobsMax) return;
    disarm();
    jobsMax = jobsMaxNext;
    onSpin();
  }

  return {
    arm() {
      jobs = 0;
      stop ??= hooks?.onBefore(count) as (() => void) | undefined;
    },
    disarm,
    onIdleTurn() {
      jobsMax = jobsMaxFirst;
    },
  };
}

// When the loop has its next turn: after quiescence of the last one.

interface Turns {
  /** Arranges the first turn of a loop that stood still. */
  begin(): void;
  /**
   * Arranges the turn after an event.
   *
   * @param steps - Events so far. @param testRan - Whether code of the test may have run in it.
   */
  afterEvent(steps: number, testRan: boolean): void;
  /** Code of the test began something before a turn that is arranged already. */
  onTestActivity(): void;
  /** Arranges one for after the process has had a turn of its own. */
  afterProcess(): void;
  /** The same while real I/O is awaited; the longer in a row, the more seldom. */
  afterLook(): void;
  /** From now on gives the process a turn after each event. */
  useMacrotasks(giveTurnBetween?: (next: () => void) => void): void;
}

interface TurnsOptions {
  readonly turn: () => void;
  /** Everything that the last event woke by promises and ticks has run; the process gets a turn of its own next. */
  readonly beforeProcess: () => void;
  /** The process had a turn of its own, so that any code may have run. */
  readonly processRan: () => unknown;
  /** The test polls and lets nothing real end, so that there is no use in waiting for that. */
  readonly onTestSpin: () => unknown;
}

const realSliceMs = 8;
/** Turns of the process in which real I/O is awaited before looking for it only every few real milliseconds. */
const quickLooksMax = 100;
const slowLookMs = 2;

function createTurns({ turn, beforeProcess, processRan, onTestSpin }: TurnsOptions): Turns {
  const spin = createSpinWatch(turnDespiteSpin);
  const drain = createDrain(resume);
  let giveTurn: ((next: () => void) => void) | undefined;
  const drainThenGiveTurn = createDrain(() => {
    beforeProcess();
    (giveTurn ?? yieldToProcess)(resumeAfterProcess);
  });
  let sliceEndsAt = 0;
  let looks = 0;
  // Turns that were arranged, and that a spin of the test has made superfluous.
  let stale = 0;
  let watching = false;

  // Each turn that was arranged comes here, also one that a spin has overtaken.
  function resume(): void {
    if (stale > 0) {
      stale -= 1;
      return;
    }
    if (watching) {
      watching = false;
      spin.disarm();
      spin.onIdleTurn();
    }
    turn();
  }

  function resumeAfterProcess(): void {
    sliceEndsAt = realNowMs() + realSliceMs;
    processRan();
    resume();
  }

  function watchForSpin(): void {
    watching = true;
    spin.arm();
  }

  // What was arranged cannot come before the spin ends, and the spin waits for it.
  function turnDespiteSpin(): void {
    stale += 1;
    onTestSpin();
    void Promise.resolve().then(turn);
  }

  return {
    begin() {
      sliceEndsAt = realNowMs() + realSliceMs;
      watchForSpin();
      drain();
    },
    afterEvent(steps, testRan) {
      looks = 0;
      if (giveTurn !== undefined || ((steps & 31) === 0 && realNowMs() > sliceEndsAt)) {
        watchForSpin();
        drainThenGiveTurn();
      } else {
        if (testRan || stale > 0) watchForSpin();
        drain();
      }
    },
    onTestActivity() {
      if (!watching) watchForSpin();
    },
    afterProcess() {
      watchForSpin();
      yieldToProcess(resumeAfterProcess);
    },
    afterLook() {
      looks += 1;
      watchForSpin();
      if (looks < quickLooksMax) yieldToProcess(resumeAfterProcess);
      else afterRealMs(slowLookMs, resumeAfterProcess);
    },
    useMacrotasks(giveTurnBetween) {
      giveTurn ??= giveTurnBetween ?? yieldToProcess;
    },
  };
}

/** Turns of the process that a mock gets for an answer before time moves: what is not done by then waits for time. */
const mockTurnsMax = 25;

/** Real milliseconds without an event after which a world in real time looks at its clock. */
const realPauseMsMax = 1_000;

export function createLoop(options: LoopOptions): Loop {
  const { clock, choices, limits, onStep, onFailure, origins = createOrigins(0) } = options;
  const runQueue = createRunQueue(clock, choices);
  const stepLog = createStepLog(clock, limits, onStep);
  const keepAlives = createKeepAlives();
  const realIo = watchRealIo();
  const realTime = createRealTime();
  const markTestRan = (): unknown => (testRan = true);
  const turns = createTurns({
    turn,
    beforeProcess,
    processRan: markTestRan,
    onTestSpin: () => (testRan = false),
  });
  const stepper = createStepper({
    clock,
    choices,
    runQueue,
    stepLog,
    limits,
    waits: keepAlives.describe,
    testRan: markTestRan,
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
  let reported = false;

  function kick(): void {
    testRan = true;
    if (asleep) wakeUp();
    else if (moving) turns.onTestActivity();
    else if (wanted()) {
      moving = true;
      turns.begin();
    }
  }

  function wanted(): boolean {
    return failure === undefined && (keepAlives.size > 0 || realTime.followed || hasReason());
  }

  /** Whether time may move as fast as it can. */
  function hasReason(): boolean {
    return keepAlives.eager > 0 || stepper.immediates > 0 || clock.userTimersKeepAlive();
  }

  function turn(): void {
    keepAlives.pollAll();
    // The common case, without a question that need not be asked.
    if (!testRan && keepAlives.eager > 0 && failure === undefined) advanceRun();
    else if (!wanted()) {
      moving = false;
      realTime.leave();
      stepper.leave();
    } else checkRealIoAndContinue();
  }

  // Whether code runs inside an event must not depend on when real I/O ends: the world is left before the process has
  // a turn, and not while it stands still for real I/O.
  function beforeProcess(): void {
    if (!wanted()) stepper.leave();
  }

  function checkRealIoAndContinue(): void {
    const io = testRan ? realIo.inFlight() : undefined;
    testRan = io !== undefined;
    const inRealTime = io?.slow === true || keepAlives.size > keepAlives.eager || realTime.followed;
    if (io !== undefined && !inRealTime) {
      realTime.leave();
      turns.afterLook();
    } else if (io === undefined && hasReason()) {
      realTime.leave();
      advanceRun();
    } else stepInRealTime();
  }

  function advanceRun(): void {
    if (mockedRequests > 0 && mockTurns < mockTurnsMax && (stepper.nextUs() ?? Infinity) > clock.nowUs) {
      mockTurns += 1;
      turns.afterProcess();
    } else {
      mockTurns = 0;
      continueRun(stepper.step());
    }
  }

  function continueRun(stepped: boolean): void {
    if (stepped) {
      idleTurns = 0;
      turns.afterEvent(stepLog.steps, testRan);
    } else if (failure === undefined) quiesce();
    else moving = false;
  }

  // Runs what is due by real time; time stands between two events when nothing is.
  function stepInRealTime(): void {
    const nextUs = stepper.nextUs() ?? Infinity;
    if (nextUs <= Math.max(realTime.allowedUs(clock.nowUs), clock.nowUs)) continueRun(stepper.step());
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
  function quiesce(): void {
    idleTurns += 1;
    if (idleTurns <= 2) turns.afterProcess();
    else {
      idleTurns = 0;
      moving = false;
      keepAlives.failHolding(deadlockError(clock.nowMs, keepAlives.describe()));
    }
  }

  function fail(error: Error): void {
    if (failure === undefined) onFailure?.(error);
    end(error);
  }

  function end(error: Error): void {
    failure ??= error;
    if (keepAlives.failHolding(failure) > 0) reported = true;
    keepAlives.failEndless(failure);
    if (asleep) wakeUp();
  }

  function hold(keepAlive: KeepAlive): () => void {
    if (failure !== undefined) {
      reported = true;
      keepAlive.fail(failure);
      return () => {};
    }
    const release = keepAlives.add(keepAlive, origins.take(hold));
    kick();
    return () => {
      testRan = true;
      release();
    };
  }

  function waitEndlessly(wait: KeepAlive): () => void {
    if (failure === undefined) return keepAlives.addEndless(wait, origins.take(waitEndlessly));
    wait.fail(failure);
    return () => {};
  }

  return {
    clock,
    choices,
    origins,
    get steps() {
      return stepLog.steps;
    },
    recent: stepLog.recent,
    traceHash: stepLog.traceHash,
    counts: stepLog.counts,
    pending: runQueue.pending,
    schedule(delayMs, kind, label, run, owner, digest) {
      if (asleep) wakeUp();
      return stepper.schedule(delayMs, kind, label, run, owner, digest);
    },
    reschedule: runQueue.add,
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
    quiesceMacrotasks: turns.useMacrotasks,
    waiting: () => keepAlives.waits().map(({ what }) => what),
    waits: keepAlives.waits,
    realIo: realIo.inFlight,
    fail,
    get failure() {
      return failure;
    },
    get unreportedFailure() {
      return reported ? undefined : failure;
    },
    close() {
      end(closedError());
      runQueue.clear();
    },
  };
}
