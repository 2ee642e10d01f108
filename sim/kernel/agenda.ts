/**
 * What is still to happen: events in the future, and events that are due and wait for their turn.
 *
 * Which of several due events goes next is a choice point; that is the whole of scheduling.
 */
import type { Candidate, ChoiceLog } from "./choice.js";
import type { VirtualClock } from "./clock.js";
import { createEventQueue } from "./event-queue.js";
import type { StepKind } from "./step.js";

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
}

export interface Agenda {
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

export function createAgenda(clock: VirtualClock, choices: ChoiceLog): Agenda {
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
    else due.splice(index, 1);
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
export function nameOfEvent(event: Pick<Candidate, "label" | "owner">): string {
  return event.owner === undefined ? event.label : `${event.owner.name}/${event.label}`;
}
