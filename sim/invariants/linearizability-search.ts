/** The search behind linearizability.ts: one order for the calls of one key. */
import type { Operation, SequentialModel } from "./linearizability.js";

interface Stuck<Input, Output> {
  readonly explained: readonly Operation<Input, Output>[];
  readonly stuck: readonly Operation<Input, Output>[];
}

/** One call put into the order, and what else could have stood there. */
interface Frame<State> {
  readonly state: State;
  /** Choices not tried yet, best last: index of the call and the state that follows it. */
  readonly choices: (readonly [index: number, next: State])[];
  taken: number;
}

/** @returns `found`, where and why there is none, or `none yet` when the limit came first. */
export function searchOrder<State, Input, Output>(
  operations: readonly Operation<Input, Output>[],
  model: SequentialModel<State, Input, Output>,
  visitsMax: number,
): "found" | "none yet" | Stuck<Input, Output> {
  const calls = [...operations].sort((a, b) => a.calledAt - b.calledAt);
  const open = createOpenCalls(calls);
  const visited = new Set<string>();
  const stack: Frame<State>[] = [];
  let best: Stuck<Input, Output> = { explained: [], stuck: [] };
  let deepest = -1;
  const at = (index: number): Operation<Input, Output> => calls[index] as Operation<Input, Output>;

  /** @returns Whether the whole order is found. */
  function enter(state: State): boolean {
    if (open.answered === 0) return true;
    const choices = choicesAt(state);
    if (stack.length > deepest) {
      deepest = stack.length;
      best = { explained: stack.map((frame) => at(frame.taken)), stuck: open.candidates().map(at) };
    }
    stack.push({ state, choices, taken: -1 });
    return false;
  }

  // Answered calls are tried before lost ones, and earlier before later ones: mostly the first order will do.
  function choicesAt(state: State): (readonly [number, State])[] {
    const found: (readonly [number, State])[] = [];
    const here = model.identify(state);
    const lostSeen = new Set<string>();
    for (const index of open.candidates()) {
      const { input, outcome } = at(index);
      // Of several lost calls that ask the same, any stands for all.
      if (outcome === undefined && !addNew(lostSeen, JSON.stringify(input))) continue;
      for (const next of model.apply(state, input, outcome?.output)) {
        if (outcome === undefined && model.identify(next) === here) continue;
        found.push([index, next]);
      }
    }
    const isLost = ([index]: readonly [number, State]): number => Number(at(index).outcome === undefined);
    return found.sort((a, b) => isLost(a) - isLost(b)).reverse();
  }

  if (enter(model.initial)) return "found";
  for (let frame = stack.at(-1); frame !== undefined; frame = stack.at(-1)) {
    if (frame.taken >= 0) open.putBack(frame.taken);
    const choice = frame.choices.pop();
    if (choice === undefined) {
      stack.pop();
      continue;
    }
    const [index, next] = choice;
    frame.taken = index;
    open.take(index);
    if (!addNew(visited, `${open.identify()}|${model.identify(next)}`)) continue;
    if (visited.size > visitsMax) return "none yet";
    if (enter(next)) return "found";
  }
  return best;
}

interface OpenCalls {
  /** Answered calls that are not in the order yet. */
  readonly answered: number;
  /** Calls that may come next: those that no open call ended before. */
  candidates(): readonly number[];
  take(index: number): void;
  putBack(index: number): void;
  /** A text that differs for different sets of taken calls. */
  identify(): string;
}

// Calls are taken nearly in the order in which they were made, so that a set of taken calls is written as the
// first answered one that is open, and the few taken ones beyond it; the lost ones are written apart.
function createOpenCalls<Input, Output>(calls: readonly Operation<Input, Output>[]): OpenCalls {
  const taken = new Uint8Array(calls.length);
  const lost = calls.flatMap(({ outcome }, index) => (outcome === undefined ? [index] : []));
  let answered = calls.length - lost.length;
  let low = 0;

  const isLost = (index: number): boolean => calls[index]?.outcome === undefined;

  function settle(): void {
    while (low < calls.length && (taken[low] === 1 || isLost(low))) low += 1;
  }

  settle();
  return {
    get answered() {
      return answered;
    },
    candidates() {
      const found: number[] = [];
      let firstEnd = Infinity;
      for (const index of lost) if (index < low && taken[index] === 0) found.push(index);
      for (let index = low; index < calls.length; index++) {
        const { calledAt, outcome } = calls[index] as Operation<Input, Output>;
        if (calledAt > firstEnd) break;
        if (taken[index] === 1) continue;
        found.push(index);
        if (outcome !== undefined) firstEnd = Math.min(firstEnd, outcome.at);
      }
      return found;
    },
    take(index) {
      taken[index] = 1;
      if (!isLost(index)) answered -= 1;
      settle();
    },
    putBack(index) {
      taken[index] = 0;
      if (isLost(index)) return;
      answered += 1;
      low = Math.min(low, index);
    },
    identify() {
      let text = String(low);
      let firstEnd = Infinity;
      for (let index = low; index < calls.length; index++) {
        const { calledAt, outcome } = calls[index] as Operation<Input, Output>;
        if (calledAt > firstEnd) break;
        if (outcome === undefined) continue;
        if (taken[index] === 1) text += `,${index}`;
        else firstEnd = Math.min(firstEnd, outcome.at);
      }
      for (const index of lost) if (taken[index] === 1) text += `;${index}`;
      return text;
    },
  };
}

function addNew(set: Set<string>, text: string): boolean {
  const before = set.size;
  set.add(text);
  return set.size > before;
}
