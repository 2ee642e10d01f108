/**
 * Hosts: the machines of a world. Each has a clock of its own and, while it is up, one incarnation.
 *
 * An incarnation is one process on a host, from its start to its end. When it dies its timers and everything it awaits are
 * gone for good: a continuation that belongs to a dead incarnation never runs, so code dies at any await.
 */
import { SimError } from "../errors.js";
import type { Loop } from "./run-loop-api.js";
import type { EventOwner, LoopEvent } from "./run-queue.js";
import type { StepKind } from "./task.js";

// Listeners that come and go by the thousand, each for a short time.
//
// A Set would do, but V8 chains the tables of a growing Set to each other: one that has grown old keeps all that
// came after it, with the listeners of that moment and everything they hold, until the next full collection.

export interface ListenerList {
  /** @returns A function that removes the listener. */
  add(listener: () => void): () => void;
  /** Calls each listener once, in the order they came, and forgets it. One that another removes is not called. */
  callAll(): void;
}

// A class: V8 would put literals that often live long among the old at once, and with them the closures that are
// made beside them, so that each request would be kept until the next full collection.
class Link {
  readonly listener: () => void;
  before: Link | undefined;
  after: Link | undefined;
  listed = true;

  constructor(listener: () => void, before: Link | undefined) {
    this.listener = listener;
    this.before = before;
    this.after = undefined;
  }
}

export function createListenerList(): ListenerList {
  let first: Link | undefined;
  let last: Link | undefined;

  function remove(link: Link): void {
    if (!link.listed) return;
    link.listed = false;
    if (link.before === undefined) first = link.after;
    else link.before.after = link.after;
    if (link.after === undefined) last = link.before;
    else link.after.before = link.before;
    link.before = undefined;
    link.after = undefined;
  }

  return {
    add(listener) {
      const link = new Link(listener, last);
      if (last === undefined) first = link;
      else last.after = link;
      last = link;
      return () => remove(link);
    },
    callAll() {
      for (let link = first; link !== undefined; link = first) {
        remove(link);
        link.listener();
      }
    },
  };
}

/** Whether a host runs code: `down` hosts have no incarnation, `paused` ones have one that is frozen. */
type HostState = "up" | "paused" | "down";

export interface Incarnation extends EventOwner {
  readonly host: Host;
  /** 1 for the first incarnation of a host, one more for each restart. */
  readonly number: number;
  readonly alive: boolean;
  /** Schedules `run` for this incarnation only. @returns A function that cancels it. */
  schedule(delayMs: number, kind: StepKind, label: string, run: () => void, digest?: number): () => void;
  /** Calls `listener` when this incarnation ends. @returns A function that removes the listener. */
  onDeath(listener: () => void): () => void;
}

export interface Host {
  readonly name: string;
  readonly state: HostState;
  /** The incarnation that is on, if any. */
  readonly incarnation: Incarnation | undefined;
  /** Owner of what belongs to the machine and outlives its process: arriving messages. Never dead, only paused. */
  readonly machine: EventOwner;
  /** How far this host's wall clock is off, in milliseconds; may be changed at any time. */
  clockOffsetMs: number;
  /** How much faster than true this host's clocks run: 0.01 gains one percent. */
  clockDrift: number;
  /** Unix milliseconds as this host believes them; whole. */
  now(): number;
  /** Milliseconds since the world began, by this host's own rate; never steps. */
  monotonic(): number;
  /** Begins a new incarnation. @throws SimError `SIM_HOST_STATE` when one is on. */
  boot(): Incarnation;
  /** Ends the incarnation that is on, at once and without a word; does nothing on a host that is down. */
  kill(): void;
  /** Freezes the host: nothing runs on it, its timers and arriving messages wait. */
  pause(): void;
  /** Lets a frozen host go on; what waited runs now, in order. */
  resume(): void;
}

/** @param runsTestCode - Whether code of the test runs on it, as on that of its clients: real I/O may begin there. */
export function createHost(loop: Loop, name: string, runsTestCode = false): Host {
  let incarnations = 0;
  let incarnation: (Incarnation & { die(): void }) | undefined;
  let paused = false;
  let parked: LoopEvent[] = [];

  const park = (event: LoopEvent): void => {
    parked.push(event);
  };
  const isPaused = (): boolean => paused;

  // One microsecond apart, so that nothing overtakes what it waited behind.
  function unpark(): void {
    const waiting = parked;
    parked = [];
    waiting.forEach((event, index) => loop.reschedule(event, index));
  }

  const host: Host = {
    name,
    machine: {
      name,
      park,
      get condition() {
        return paused ? "paused" : "running";
      },
      runsTestCode,
    },
    clockOffsetMs: 0,
    clockDrift: 0,
    get state() {
      if (incarnation === undefined) return "down";
      return paused ? "paused" : "up";
    },
    get incarnation() {
      return incarnation;
    },
    now: () => loop.clock.epochMs + Math.floor(host.monotonic() + host.clockOffsetMs),
    monotonic: () => loop.clock.nowMs * (1 + host.clockDrift),
    boot() {
      if (incarnation !== undefined) {
        throw new SimError(
          "SIM_HOST_STATE",
          `Cannot start ${name}: it is ${host.state}.`,
          "Stop or crash it first; a paused host goes on with resume().",
        );
      }
      incarnations += 1;
      incarnation = createIncarnation(loop, host, incarnations, isPaused, park);
      return incarnation;
    },
    kill() {
      const ending = incarnation;
      incarnation = undefined;
      paused = false;
      ending?.die();
      unpark();
    },
    pause() {
      if (incarnation !== undefined) paused = true;
    },
    resume() {
      if (!paused) return;
      paused = false;
      unpark();
    },
  };
  return host;
}

function createIncarnation(
  loop: Loop,
  host: Host,
  number: number,
  isPaused: () => boolean,
  park: (event: LoopEvent) => void,
): Incarnation & { die(): void } {
  const deathListeners = createListenerList();
  let alive = true;
  const incarnation = {
    host,
    name: host.name,
    number,
    park,
    runsTestCode: host.machine.runsTestCode === true,
    get alive() {
      return alive;
    },
    get condition() {
      if (!alive) return "dead" as const;
      return isPaused() ? ("paused" as const) : ("running" as const);
    },
    schedule(delayMs: number, kind: StepKind, label: string, run: () => void, digest = 0) {
      const trueDelayMs = delayMs / (1 + host.clockDrift);
      const event = loop.schedule(trueDelayMs, kind, label, run, incarnation, digest);
      return () => loop.cancel(event);
    },
    onDeath(listener: () => void) {
      if (alive) return deathListeners.add(listener);
      listener();
      return () => {};
    },
    die() {
      alive = false;
      deathListeners.callAll();
    },
  };
  return incarnation;
}
