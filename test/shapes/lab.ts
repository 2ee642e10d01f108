/** The laboratory in which shapes run: tasks over a bare kernel loop, and the few things they share. */
import { SimError } from "../../sim/errors.js";
import {
  type Decision,
  type Driver,
  type Loop,
  type Step,
  createChoiceLog,
  createLoop,
  createVirtualClock,
  holdWhile,
  resolveLimits,
} from "../../sim/kernel/index.js";

/** Waits until it is this task's turn to touch `object`. What follows runs at once, up to the next `at`. */
export type At = (object: string) => Promise<void>;

export interface Lab {
  /** Starts a task; the run ends when all have ended. */
  task(name: string, body: (at: At) => Promise<void>): void;
  /** Delivers a message: runs `arrive` at `host` after `delayMs` and up to `jitterMs` more. */
  send(name: string, host: string, times: { delayMs: number; jitterMs: number }, arrive: () => void): void;
  /** Runs `act` at `host` after exactly `delayMs`, unless cancelled by the returned function. */
  timer(name: string, host: string, delayMs: number, act: () => void): () => void;
  /** Asks whether something bad strikes. */
  strikes(name: string, probability: number): boolean;
  /** Virtual milliseconds since the run began. */
  now(): number;
}

/** A small program with a fault that only some schedules show. */
export interface Shape {
  readonly name: string;
  /** What is wrong with it. */
  readonly fault: string;
  /** Sets the program up. @returns What is broken once all tasks have ended; undefined when nothing is. */
  readonly build: (lab: Lab) => () => string | undefined;
}

export interface ShapeRun {
  /** What broke; undefined when the fault did not show. */
  readonly failure: string | undefined;
  readonly decisions: readonly Decision[];
  readonly traceHash: string;
}

const latencyLevels = 16;
const turnJitterMs = 2;

/** Runs a shape once. @param onStep - Gets each step as it begins. */
export async function runShape(
  shape: Shape,
  driver: Driver,
  onStep?: (step: Step) => void,
): Promise<ShapeRun> {
  const clock = createVirtualClock();
  const choices = createChoiceLog(driver, { record: true });
  const loop = createLoop({ clock, choices, limits: resolveLimits({ stepsMax: 20_000 }), onStep });
  const tasks: Promise<void>[] = [];
  const check = shape.build(createLab(loop, tasks));
  let failure: string | undefined;
  try {
    await holdWhile(loop, "the tasks to end", Promise.all(tasks));
    failure = check();
  } catch (error) {
    failure = error instanceof SimError ? error.code : String(error);
  }
  return { failure, decisions: choices.decisions, traceHash: loop.traceHash() };
}

function createLab(loop: Loop, tasks: Promise<void>[]): Lab {
  const hosts = new Map<string, { name: string; condition: "running"; park: () => void }>();

  function host(name: string): { name: string; condition: "running"; park: () => void } {
    const known = hosts.get(name) ?? { name, condition: "running" as const, park: () => {} };
    hosts.set(name, known);
    return known;
  }

  function delay(label: string, jitterMs: number): number {
    const level = loop.choices.choose("latency", `${label}/latency`, latencyLevels) / (latencyLevels - 1);
    return jitterMs * level * level;
  }

  return {
    task(name, body) {
      const at: At = async (object) =>
        new Promise((resolve) => {
          loop.schedule(delay(name, turnJitterMs), "task", name, resolve, host(object));
        });
      tasks.push(body(at));
    },
    send(name, to, { delayMs, jitterMs }, arrive) {
      loop.schedule(delayMs + delay(name, jitterMs), "message", name, arrive, host(to));
    },
    timer(name, at, delayMs, act) {
      const event = loop.schedule(delayMs, "timer", name, act, host(at));
      return () => loop.cancel(event);
    },
    strikes: (name, probability) => loop.choices.chance("fault", name, probability),
    now: () => loop.clock.nowMs,
  };
}

/** Lets a task pass `count` turns at an object of its own: work that disturbs nobody. */
export async function work(at: At, object: string, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await at(object);
}

/** A lock that tasks take in the order in which they came. */
export interface Lock {
  acquire(at: At): Promise<void>;
  release(at: At): Promise<void>;
}

export function createLock(name: string): Lock {
  const waiting: (() => void)[] = [];
  let held = false;
  return {
    async acquire(at) {
      await at(name);
      if (held) await new Promise<void>((resolve) => waiting.push(resolve));
      held = true;
    },
    async release(at) {
      await at(name);
      const next = waiting.shift();
      if (next === undefined) held = false;
      else next();
    },
  };
}
