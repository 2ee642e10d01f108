/** What the run loop offers to the rest of a world; loop.ts runs it. */
import type { ChoiceLog } from "./choice-log.js";
import type { VirtualClock } from "./clock.js";
import type { ImmediateHandle } from "./immediates.js";
import type { KeepAlive, Origins, Wait } from "./keep-alive.js";
import type { Limits } from "./limits.js";
import type { RealIo } from "./real-io.js";
import type { EventOwner, LoopEvent, RunQueue } from "./run-queue.js";
import type { StepLog } from "./step-log.js";
import type { Step, StepKind } from "./task.js";

export interface Loop
  extends Pick<StepLog, "steps" | "recent" | "traceHash" | "counts">, Pick<RunQueue, "pending"> {
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
  hold(keepAlive: KeepAlive): () => void;
  /**
   * Lists a wait that no passing of time ends, such as `BLPOP` without a limit: it moves nothing, and is shown and
   * failed like the others.
   *
   * @returns A function that takes it off the list.
   */
  waitEndlessly(wait: KeepAlive): () => void;
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
  /** Starts moving if there is a reason to: call it after a timer was set on a clock view. */
  kick(): void;
  /**
   * From now on waits between events until the process has had a turn; needed once real stream code takes part.
   *
   * @param giveTurnBetween - Gets what it must call, once, for the loop to go on. @default a native `setImmediate`
   */
  quiesceMacrotasks(giveTurnBetween?: (next: () => void) => void): void;
  /** Everything that waits at this moment, described: what holds the loop, and the waits without an end. */
  waiting(): readonly string[];
  /** The same, with where each wait began. */
  waits(): readonly Wait[];
  /** Where things were started that may be left open: each that is not a wait takes its own. */
  readonly origins: Origins;
  /** The real I/O for which time stands still at this moment, if there is some. */
  realIo(): RealIo | undefined;
  /** Ends every wait with `error`, and the world with it. The first failure stays. */
  fail(error: Error): void;
  /** The error that ended the world, if one did. */
  readonly failure: Error | undefined;
  /** The same, while nobody waited for it: whoever ends the world must not pass over it. */
  readonly unreportedFailure: Error | undefined;
  /** Ends every wait with `SIM_WORLD_CLOSED` and forgets all events. */
  close(): void;
}

export interface LoopOptions {
  readonly clock: VirtualClock;
  readonly choices: ChoiceLog;
  readonly limits: Limits;
  /** Called with each step as it begins. */
  readonly onStep?: ((step: Step) => void) | undefined;
  /** Called once, with the error that ends the world; not when it is closed. */
  readonly onFailure?: ((error: Error) => void) | undefined;
  /** @default none are kept */
  readonly origins?: Origins;
}
