/**
 * The choice log: every undetermined thing in a world is asked here, and nowhere else.
 *
 * Choice 0 is always the default decision: oldest event first, nominal latency, no fault. A driver answers, so
 * that a seeded run, a replay, a shrink and an exhaustive search are one machine with another driver.
 */

import type { Task } from "./task.js";

/** What is being decided. */
export type ChoiceKind =
  | "order" // which of several runnable events goes next
  | "latency" // how far above its nominal value a delay lies
  | "fault" // whether a fault is injected
  | "target" // which of several equal replicas serves a request
  | "timing"; // when, inside an interval, something planned happens

/** A runnable event, as a driver sees it. */
export interface Candidate {
  /** Unique within a run, ascending in the order of scheduling. */
  readonly sequence: number;
  readonly label: string;
  /** Where it runs; events of different hosts share no memory. */
  readonly owner: { readonly name: string } | undefined;
  readonly task: Task;
  /** Its position on the task, from 0. */
  readonly place: number;
}

/** One question. Labels are stable across runs; `occurrence` counts the questions with the same label from 0. */
export interface ChoicePoint {
  readonly kind: ChoiceKind;
  readonly label: string;
  readonly occurrence: number;
  /** How many answers there are: 0 to `n` - 1. At least 2. */
  readonly n: number;
  /** For yes-or-no questions: how likely an answer other than 0 should be, from 0 to 1. */
  readonly probability: number | undefined;
  /** For `order`: the runnable events, oldest first. A view: it changes once the question is answered. */
  readonly candidates: readonly Candidate[] | undefined;
  /** The task whose event asks; undefined for `order`, and for questions from outside the world. */
  readonly currentTask: Task | undefined;
}

/** Answers choice points. */
export interface Driver {
  /** @returns An integer from 0 to `point.n` - 1. */
  choose(point: ChoicePoint): number;
  /** @returns The next 32 random bits of the stream named `stream`; what services sample their ids from. */
  entropy(stream: string): number;
}

/** One answer that was not 0. */
export interface Decision {
  readonly kind: ChoiceKind;
  readonly label: string;
  readonly occurrence: number;
  readonly value: number;
}

export interface ChoiceLog {
  /** Asks one question. With `n` of 1 or less the answer is 0 and nothing is asked. */
  choose(kind: ChoiceKind, label: string, n: number, candidates?: readonly Candidate[]): number;
  /** Asks a yes-or-no question. @param probability - Chance of yes under a random driver, from 0 to 1. */
  chance(kind: ChoiceKind, label: string, probability: number): boolean;
  /** Says what the last question was about, for `explanationOf`. Does nothing unless the log was made with `explain`. */
  explain(text: () => string): void;
  /** @returns What the question of this decision was about, where somebody has said it. */
  explanationOf(decision: Decision): string | undefined;
  /** @returns 32 random bits of the stream named `stream`. */
  entropy(stream: string): number;
  /** The task whose event runs; kept by the loop. */
  currentTask: Task | undefined;
  /** How many questions were asked. */
  readonly asked: number;
  /** The answers that were not 0, in order; empty unless the log was made with `record`. */
  readonly decisions: readonly Decision[];
}

export interface ChoiceLogOptions {
  /** Keep the answers that are not 0. @default false */
  readonly record?: boolean;
  /** Keep what decisions were about. Needs `record`. @default false */
  readonly explain?: boolean;
}

export function createChoiceLog(
  driver: Driver,
  { record = false, explain = false }: ChoiceLogOptions = {},
): ChoiceLog {
  const occurrences = new Map<string, number>();
  const decisions: Decision[] = [];
  const explanations = new Map<Decision, () => string>();
  let last: Decision | undefined;
  let asked = 0;

  function ask(
    kind: ChoiceKind,
    label: string,
    n: number,
    probability: number | undefined,
    candidates: readonly Candidate[] | undefined,
  ): number {
    asked += 1;
    const occurrence = occurrences.get(label) ?? 0;
    occurrences.set(label, occurrence + 1);
    const value = driver.choose({
      kind,
      label,
      occurrence,
      n,
      probability,
      candidates,
      currentTask: candidates === undefined ? log.currentTask : undefined,
    });
    if (!Number.isInteger(value) || value < 0 || value >= n) {
      throw new RangeError(`The driver answered ${value} to "${label}", which takes 0 to ${n - 1}.`);
    }
    last = undefined;
    if (record && value !== 0) {
      last = { kind, label, occurrence, value };
      decisions.push(last);
    }
    return value;
  }

  const log: ChoiceLog = {
    currentTask: undefined,
    choose: (kind, label, n, candidates) => (n <= 1 ? 0 : ask(kind, label, n, undefined, candidates)),
    chance: (kind, label, probability) =>
      probability > 0 && ask(kind, label, 2, probability, undefined) === 1,
    explain(text) {
      if (explain && last !== undefined) explanations.set(last, text);
    },
    explanationOf: (decision) => explanations.get(decision)?.(),
    entropy: (stream) => driver.entropy(stream),
    get asked() {
      return asked;
    },
    decisions,
  };
  return log;
}
