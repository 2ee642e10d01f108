/** When the loop has its next turn: after everything that the last one woke has come to rest. */
import { afterRealMs, createDrain, realNowMs, yieldToProcess } from "./quiescence.js";
import { createSpinWatch } from "./spin-watch.js";

export interface Turns {
  /** Arranges the first turn of a loop that stood still. */
  begin(): void;
  /**
   * Arranges the turn after an event.
   *
   * @param steps - Events so far. @param testRan - Whether code of the test may have run in it.
   */
  afterEvent(steps: number, testRan: boolean): void;
  /** Code of the test began something before a turn that is arranged already. */
  testActs(): void;
  /** Arranges one for after the process has had a turn of its own. */
  afterProcess(): void;
  /** The same while real I/O is awaited; the longer in a row, the more seldom. */
  afterLook(): void;
  /** From now on gives the process a turn after each event. */
  deepen(between?: (next: () => void) => void): void;
}

export interface TurnsOptions {
  readonly turn: () => void;
  /** The process had a turn of its own, so that any code may have run. */
  readonly processRan: () => unknown;
  /** The test polls and lets nothing real end, so that there is no use in waiting for that. */
  readonly testSpins: () => unknown;
}

const realSliceMs = 8;
/** Turns of the process in which real I/O is awaited before looking for it only every few real milliseconds. */
const quickLooksMax = 100;
export const slowLookMs = 2;

export function createTurns({ turn, processRan, testSpins }: TurnsOptions): Turns {
  const spin = createSpinWatch(turnDespiteSpin);
  const drain = createDrain(resume);
  let giveTurn: ((next: () => void) => void) | undefined;
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
      spin.rested();
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
    testSpins();
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
      if (giveTurn !== undefined) {
        watchForSpin();
        giveTurn(resumeAfterProcess);
      } else if ((steps & 31) === 0 && realNowMs() > sliceEndsAt) {
        watchForSpin();
        yieldToProcess(resumeAfterProcess);
      } else {
        if (testRan || stale > 0) watchForSpin();
        drain();
      }
    },
    testActs() {
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
    deepen(between) {
      giveTurn ??= between ?? yieldToProcess;
    },
  };
}
