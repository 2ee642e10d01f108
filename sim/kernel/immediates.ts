/**
 * What `setImmediate` of a test's own code has queued.
 *
 * As in Node, a turn runs what was queued before it began, and timers that are due go between two turns. A turn takes
 * no virtual time, so code that polls by `setImmediate` would wait for ever for anything that lies ahead: after
 * `turnsMax` turns at one instant time goes on to whatever comes next, and from then on after each turn, until
 * a turn leaves nothing queued.
 */

/** What `setImmediate` returns. */
export interface ImmediateHandle {
  ref(): this;
  unref(): this;
  hasRef(): boolean;
  [Symbol.dispose](): void;
}

export interface Immediates {
  /** How many are queued that were not `unref`ed: each keeps time moving. */
  readonly holding: number;
  add(run: () => void): ImmediateHandle;
  /** Forgets one that has not run; anything else is ignored. */
  clear(handle: unknown): void;
  /** Whether any is queued. Ask at quiescence: with none, whatever polled has ended. */
  pending(): boolean;
  /**
   * Whether the next of those pending goes before everything that is not an event of the world due now.
   *
   * @param aheadUs - How far ahead that is; `Infinity` when there is nothing.
   */
  nextComesFirst(aheadUs: number): boolean;
  /** Runs the next one of this turn. */
  runNext(): void;
}

/** More than a chain of `setImmediate` has that does not poll. */
const turnsMax = 64;

class QueuedImmediate implements ImmediateHandle {
  readonly #changed: (by: number) => void;
  run: (() => void) | undefined;
  #holds = true;

  constructor(run: () => void, changed: (by: number) => void) {
    this.run = run;
    this.#changed = changed;
    changed(1);
  }

  hasRef(): boolean {
    return this.#holds;
  }

  ref(): this {
    return this.#setRef(true);
  }

  unref(): this {
    return this.#setRef(false);
  }

  [Symbol.dispose](): void {
    this.take();
  }

  /** @returns What it was to run, once. */
  take(): (() => void) | undefined {
    const { run } = this;
    if (run !== undefined && this.#holds) this.#changed(-1);
    this.run = undefined;
    return run;
  }

  #setRef(holds: boolean): this {
    if (holds !== this.#holds && this.run !== undefined) this.#changed(holds ? 1 : -1);
    this.#holds = holds;
    return this;
  }
}

/** @param onHold - Called when one was queued or `ref`ed: time may have a reason to move. */
export function createImmediates(onHold: () => void): Immediates {
  let queued: QueuedImmediate[] = [];
  let turn: QueuedImmediate[] = [];
  let holding = 0;
  let turns = 0;
  let timersNext = false;

  function changed(by: number): void {
    holding += by;
    if (by > 0) onHold();
  }

  // Leaves out those that were cleared.
  function live(list: QueuedImmediate[]): QueuedImmediate[] {
    return list.some(({ run }) => run === undefined) ? list.filter(({ run }) => run !== undefined) : list;
  }

  return {
    get holding() {
      return holding;
    },
    pending() {
      if (turn.length > 0) turn = live(turn);
      if (queued.length > 0) queued = live(queued);
      if (turn.length + queued.length > 0) return true;
      turns = 0;
      return false;
    },
    add(run) {
      const immediate = new QueuedImmediate(run, changed);
      queued.push(immediate);
      return immediate;
    },
    clear(handle) {
      if (handle instanceof QueuedImmediate) handle.take();
    },
    nextComesFirst(aheadUs) {
      if (turn.length > 0) return true;
      if (timersNext && aheadUs === 0) {
        timersNext = false;
        return false;
      }
      if (turns >= turnsMax && aheadUs !== Infinity) {
        // One turn at the next instant, if this one still leaves something queued.
        turns = turnsMax - 1;
        return false;
      }
      turns += 1;
      turn = queued;
      queued = [];
      return true;
    },
    runNext() {
      const run = turn.shift()?.take();
      timersNext = turn.length === 0;
      run?.();
    },
  };
}
