/**
 * What is still to happen: events in the future, and events that are due and wait for their turn.
 *
 * Which of several due events goes next is a choice point; that is the whole of scheduling.
 */
import type { Candidate, ChoiceLog } from "./choice-log.js";
import type { VirtualClock } from "./clock.js";
import type { StepKind, Task } from "./task.js";

// Pending events, earliest first; events of one instant keep the order in which they were scheduled.

export interface Ordered {
  readonly atUs: number;
  readonly sequence: number;
}

export interface EventQueue<T extends Ordered> {
  readonly size: number;
  push(item: T): void;
  peek(): T | undefined;
  pop(): T | undefined;
  /** Everything pending, in no particular order. */
  items(): readonly T[];
}

/** A binary heap over a plain array. */
export function createEventQueue<T extends Ordered>(): EventQueue<T> {
  const heap: T[] = [];

  function siftUp(item: T, from: number): void {
    let index = from;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = heap[parentIndex] as T;
      if (!before(item, parent)) break;
      heap[index] = parent;
      index = parentIndex;
    }
    heap[index] = item;
  }

  function siftDown(item: T): void {
    const half = heap.length >> 1;
    let index = 0;
    while (index < half) {
      let childIndex = 2 * index + 1;
      const right = heap[childIndex + 1];
      if (right !== undefined && before(right, heap[childIndex] as T)) childIndex += 1;
      const child = heap[childIndex] as T;
      if (!before(child, item)) break;
      heap[index] = child;
      index = childIndex;
    }
    heap[index] = item;
  }

  return {
    get size() {
      return heap.length;
    },
    push(item) {
      heap.push(item);
      siftUp(item, heap.length - 1);
    },
    peek: () => heap[0],
    pop() {
      const first = heap[0];
      const last = heap.pop();
      if (last !== undefined && heap.length > 0) siftDown(last);
      return first;
    },
    items: () => heap,
  };
}

function before(a: Ordered, b: Ordered): boolean {
  return a.atUs < b.atUs || (a.atUs === b.atUs && a.sequence < b.sequence);
}

/** Whoever an event belongs to; decides at the due time whether it may still run. */
export interface EventOwner {
  readonly name: string;
  /** `dead` owners lose their events; `paused` ones get them back later through `park`. */
  readonly condition: "running" | "paused" | "dead";
  /** Whether code of the test may run in its events. @default false */
  readonly runsTestCode?: boolean;
  park(event: LoopEvent): void;
}

/** One pending event. Treat it as opaque; cancel it with `loop.cancel`. */
export interface LoopEvent extends Candidate {
  atUs: number;
  sequence: number;
  readonly kind: StepKind;
  readonly owner: EventOwner | undefined;
  /** Index of the step that scheduled it; 0 for the test. */
  readonly cause: number;
  readonly digest: number;
  /** Gone once it ran or was cancelled. */
  run: (() => void) | undefined;
  /** What it carries, for people; most events say it by their label. */
  describe: (() => string) | undefined;
}

export interface RunQueue {
  /** Adds an event, new or again, to fall due `delayUs` microseconds from now; sets its time and sequence. */
  add(event: LoopEvent, delayUs: number): void;
  /** When the next event falls due, in microseconds; now when one already is; undefined when there is none. */
  nextUs(): number | undefined;
  /** Takes the next event that is due now and whose owner lives; undefined when there is none. */
  take(): LoopEvent | undefined;
  /** Labels of pending events, and how many there are of each. */
  pending(): ReadonlyMap<string, number>;
  clear(): void;
}

export function createRunQueue(clock: VirtualClock, choices: ChoiceLog): RunQueue {
  const future = createEventQueue<LoopEvent>();
  const due: LoopEvent[] = [];
  let sequence = 0;

  function discardCancelled(): LoopEvent | undefined {
    let first = future.peek();
    while (first !== undefined && first.run === undefined) {
      future.pop();
      first = future.peek();
    }
    return first;
  }

  function collectDue(): void {
    let first = discardCancelled();
    while (first !== undefined && first.atUs <= clock.nowUs) {
      future.pop();
      due.push(first);
      first = discardCancelled();
    }
  }

  function pick(): LoopEvent {
    let index = 0;
    if (due.length > 1) {
      index = choices.choose("order", `order/${nameOfEvent(due[0] as LoopEvent)}`, due.length, due);
    }
    const event = due[index] as LoopEvent;
    if (index === 0) due.shift();
    else {
      const oldest = due[0] as LoopEvent;
      choices.explain(() => describeOrder(event, oldest));
      due.splice(index, 1);
    }
    return event;
  }

  return {
    add(event, delayUs) {
      sequence += 1;
      event.sequence = sequence;
      event.atUs = clock.nowUs + delayUs;
      future.push(event);
    },
    nextUs() {
      return due.length > 0 ? clock.nowUs : discardCancelled()?.atUs;
    },
    take() {
      collectDue();
      // Cancelled events and those of dead or paused owners are no candidates: they must not cost a choice.
      for (let i = due.length - 1; i >= 0; i--) if (!admit(due[i] as LoopEvent)) due.splice(i, 1);
      return due.length === 0 ? undefined : pick();
    },
    pending() {
      const found = new Map<string, number>();
      for (const { run, label } of [...due, ...future.items()]) {
        if (run !== undefined) found.set(label, (found.get(label) ?? 0) + 1);
      }
      return found;
    },
    clear() {
      due.length = 0;
      while (future.pop() !== undefined);
    },
  };
}

function admit(event: LoopEvent): boolean {
  if (event.run === undefined) return false;
  const { owner } = event;
  if (owner === undefined || owner.condition === "running") return true;
  if (owner.condition === "paused") owner.park(event);
  return false;
}

/** @returns The event's host and label, such as `postgres/sql/insert-experiment`; only the label without a host. */
function nameOfEvent(event: Pick<Candidate, "label" | "owner">): string {
  return event.owner === undefined ? event.label : `${event.owner.name}/${event.label}`;
}

function describeOrder(first: LoopEvent, second: LoopEvent): string {
  const [one, other] = [describeEvent(first), describeEvent(second)];
  return one === other ? `of two times ${one} the later ran first` : `${one} ran before ${other}`;
}

function describeEvent(event: LoopEvent): string {
  const { owner, describe } = event;
  if (describe === undefined) return nameOfEvent(event);
  return owner === undefined ? describe() : `${describe()} at ${owner.name}`;
}

// One event of the run queue.

/**
 * A class: V8 would put literals that often live long among the old at once, and with them the closures that are
 * made beside them. Then every request with its body would be kept until the next full collection.
 */
export class ScheduledEvent implements LoopEvent {
  atUs = 0;
  sequence = 0;
  readonly kind: StepKind;
  readonly label: string;
  readonly owner: EventOwner | undefined;
  readonly cause: number;
  readonly digest: number;
  readonly task: Task;
  readonly place: number;
  run: (() => void) | undefined;
  describe: (() => string) | undefined = undefined;

  constructor(
    kind: StepKind,
    label: string,
    owner: EventOwner | undefined,
    cause: number,
    digest: number,
    task: Task,
    run: () => void,
  ) {
    this.kind = kind;
    this.label = label;
    this.owner = owner;
    this.cause = cause;
    this.digest = digest;
    this.task = task;
    this.place = task.length - 1;
    this.run = run;
  }
}
