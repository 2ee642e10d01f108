/** Everybody who waits: those who hold the loop, so that time moves, and those whom no passing of time helps. */

/** Somebody who needs time to move. */
export interface KeepAlive {
  /** What is awaited, what was last seen, and what could end the wait; shown when it never ends. */
  describe(): string;
  /** Called at quiescence after each event. */
  poll?(): void;
  /** Ends the wait with an error. */
  fail(error: Error): void;
  /** Whether it waits in real time, as a client on a real port does: time moves, but no faster than real time. */
  readonly inRealTime?: boolean;
  /** Whether it is a socket of a client, which may have something under way for a moment after it was closed. */
  readonly ofClient?: boolean;
  /** Whether anybody would miss what it waits for, when the world ends before. @default true */
  isMissed?(): boolean;
}

/** A wait, for whoever tells of it. */
export interface Wait {
  readonly what: string;
  /** Where it began. */
  readonly origin: Origin | undefined;
  readonly ofClient: boolean;
  readonly isMissed: boolean;
}

export interface KeepAlives {
  /** How many hold the loop. */
  readonly size: number;
  /** How many of them need time to move as fast as it can. */
  readonly eager: number;
  /** @returns A function that lets go. */
  add(keepAlive: KeepAlive, origin: Origin | undefined): () => void;
  /** Adds one whose wait no passing of time ends: it holds nothing. @returns A function that takes it away. */
  addEndless(wait: KeepAlive, origin: Origin | undefined): () => void;
  pollAll(): void;
  /** What those wait for that hold the loop. */
  describe(): readonly string[];
  /** What all wait for. */
  waits(): readonly Wait[];
  /** Ends the waits that hold the loop. @returns How many there were. */
  failHolding(error: Error): number;
  /** Ends the others. */
  failEndless(error: Error): void;
}

export function createKeepAlives(): KeepAlives {
  const holding = new Map<KeepAlive, Origin | undefined>();
  // Apart, because a thousand pending fetches hold the loop and none of them polls.
  const pollers = new Set<Required<Pick<KeepAlive, "poll">>>();
  const endless = new Map<KeepAlive, Origin | undefined>();
  let eager = 0;

  function failAll(waits: Map<KeepAlive, unknown>, error: Error): number {
    const failing = [...waits.keys()];
    waits.clear();
    for (const wait of failing) wait.fail(error);
    return failing.length;
  }

  return {
    get size() {
      return holding.size;
    },
    get eager() {
      return eager;
    },
    add(keepAlive, origin) {
      const by = keepAlive.inRealTime === true ? 0 : 1;
      holding.set(keepAlive, origin);
      eager += by;
      if (hasPoll(keepAlive)) pollers.add(keepAlive);
      return () => {
        if (!holding.delete(keepAlive)) return;
        eager -= by;
        if (hasPoll(keepAlive)) pollers.delete(keepAlive);
      };
    },
    addEndless(wait, origin) {
      endless.set(wait, origin);
      return () => endless.delete(wait);
    },
    pollAll() {
      if (pollers.size > 0) for (const keepAlive of pollers) keepAlive.poll();
    },
    describe: () => [...holding.keys()].map((keepAlive) => keepAlive.describe()),
    waits: () =>
      [...holding, ...endless].map(([wait, origin]) => ({
        what: wait.describe(),
        origin,
        ofClient: wait.ofClient === true,
        isMissed: wait.isMissed?.() ?? true,
      })),
    failHolding(error) {
      eager = 0;
      pollers.clear();
      return failAll(holding, error);
    },
    failEndless(error) {
      failAll(endless, error);
    },
  };
}

function hasPoll(keepAlive: KeepAlive): keepAlive is KeepAlive & Required<Pick<KeepAlive, "poll">> {
  return keepAlive.poll !== undefined;
}

// Where the things were started that somebody may leave open, for the error that says so.
//
// A stack costs a few microseconds to take, and its text much more: so only the first thousands of a world are taken,
// and only what is reported becomes text.

/** Where one thing was started. */
export interface Origin {
  /** The stack of whoever started it, as V8 writes it; formatted when it is read. */
  readonly stack?: string;
}

export interface Origins {
  /**
   * @param above - This function and what it called are left out.
   * @returns Undefined when origins are not kept, or enough were taken.
   */
  take(above: Parameters<typeof Error.captureStackTrace>[1]): Origin | undefined;
}

/** Deep enough for a call through an HTTP client of somebody else. */
const framesMax = 24;

/** @param limit - Origins that are taken; later ones are not, so that a long load does not pay for them. */
export function createOrigins(limit = 2_000): Origins {
  let left = limit;
  return {
    take(above) {
      if (left <= 0) return undefined;
      left -= 1;
      const origin: Origin = {};
      const before = Error.stackTraceLimit;
      Error.stackTraceLimit = framesMax;
      Error.captureStackTrace(origin, above);
      Error.stackTraceLimit = before;
      return origin;
    },
  };
}
