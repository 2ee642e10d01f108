/**
 * Tasks: chains of events in which each was scheduled by the one before it.
 *
 * A request on its way through the services, a background job, a ticking timer: each is one task. To a search over
 * schedules they are what threads are elsewhere (the causal chains of Ozkan et al., "Randomized Testing of
 * Distributed Systems with Probabilistic Guarantees", OOPSLA 2018).
 */
import type { StepKind } from "./step.js";

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
  let born = 0;
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
      return { id: born++, host, label, length: 1 };
    },
  };
}
