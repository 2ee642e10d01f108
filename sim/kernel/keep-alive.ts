/** Everybody who waits: those who hold the loop, so that time moves, and those whom no passing of time helps. */
import type { Origin } from "./origins.js";

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
