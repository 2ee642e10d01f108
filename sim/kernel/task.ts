/** Tasks: chains of events that cause one another; and the record of each event that ran. */

/** What kind of event ran. */
export type StepKind = "timer" | "message" | "task" | "fault" | "user";

/** One executed event. */
export interface Step {
  /** Position in the run, from 1. */
  readonly index: number;
  /** Virtual microseconds since the world began. */
  readonly atUs: number;
  /** The host it ran on; empty for the world itself. */
  readonly host: string;
  readonly kind: StepKind;
  /** Stable name, such as `sql/insert-experiment`. */
  readonly label: string;
  /** Index of the step during which this one was scheduled; 0 when it came from the test. */
  readonly cause: number;
  /** 32-bit digest of what was carried; 0 when nothing was. */
  readonly digest: number;
}

/** Prints a step on one line: time, host, kind and label. */
export function formatStep(step: Step): string {
  const time = (step.atUs / 1000).toFixed(3).padStart(12);
  return `${time} ms  ${step.host.padEnd(14)} ${step.kind.padEnd(8)} ${step.label}`;
}

// Tasks: chains of events in which each was scheduled by the one before it.
//
// A request on its way through the services, a background job, a ticking timer: each is one task. To a search over
// schedules they are what threads are elsewhere (the causal chains of Ozkan et al., "Randomized Testing of
// Distributed Systems with Probabilistic Guarantees", OOPSLA 2018).

export interface Task {
  /** Unique within a run, in order of birth from 0. */
  readonly id: number;
  /** Host and label of its first event; tasks of the same kind of work share them. */
  readonly host: string;
  readonly label: string;
  /** Events scheduled on it so far. */
  length: number;
}

export interface Tasks {
  /** The task whose event runs now. */
  readonly current: Task | undefined;
  /** From now on events are scheduled by an event of this task; by nobody's when undefined. */
  enter(task: Task | undefined, kind: StepKind): void;
  /**
   * The task for the next event that is scheduled. The first one that is no timer continues the current
   * task, so that a deadline set beside a request does not take its place; a timer continues only a timer.
   */
  next(kind: StepKind, host: string, label: string): Task;
}

export function createTasks(): Tasks {
  let current: Task | undefined;
  let timer = false;
  let taken = true;
  let nextId = 0;
  return {
    get current() {
      return current;
    },
    enter(task, kind) {
      current = task;
      timer = kind === "timer";
      taken = task === undefined;
    },
    next(kind, host, label) {
      if (current !== undefined && !taken && (timer || kind !== "timer")) {
        taken = true;
        current.length += 1;
        return current;
      }
      return { id: nextId++, host, label, length: 1 };
    },
  };
}
