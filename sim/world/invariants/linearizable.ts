/**
 * Each experiment behaves towards its clients as one object that does one thing at a time: what they asked and what
 * they were answered has an order that fits, see linearizability.ts for the method and its sources.
 *
 * It looks at requests and answers of gateways alone, not into the database. A request without an answer, or with
 * one of 500 and above, may have had its effect at any time since, or never.
 */
import { successors } from "./legal-transitions.js";
import { readExperimentPath, requestedName } from "./requests.js";
import { testWriter, textOf, type Answer, type Invariant } from "./watch.js";

// Sequential models for the linearizability check: a register, and the life of one experiment.

export type RegisterInput<Value> =
  | { readonly kind: "read" }
  | { readonly kind: "write"; readonly value: Value }
  | { readonly kind: "compare-and-set"; readonly from: Value; readonly to: Value };

/** What a read saw, or whether a compare-and-set was done; `null` for a write. */
export type RegisterOutput<Value> = Value | boolean | null;

/** A cell that holds one value. */
export function registerModel<Value extends string | number>(
  initial: Value,
): SequentialModel<Value, RegisterInput<Value>, RegisterOutput<Value>> {
  return {
    initial,
    apply(state, input, output) {
      if (input.kind === "read") return output === undefined || output === state ? [state] : [];
      if (input.kind === "write") return [input.value];
      const done = state === input.from;
      return output === undefined || output === done ? [done ? input.to : state] : [];
    },
    identify: String,
  };
}

export type ExperimentInput =
  | { readonly kind: "create" }
  | { readonly kind: "read" }
  | { readonly kind: "start" }
  | { readonly kind: "stop" }
  | { readonly kind: "delete" };

export type ExperimentOutput =
  /** It was done. */
  | { readonly kind: "done" }
  /** It was refused, because the state did not allow it. */
  | { readonly kind: "refused" }
  /** There is no such experiment. */
  | { readonly kind: "absent" }
  /** A read saw this state. */
  | { readonly kind: "state"; readonly state: string };

export interface ExperimentRules {
  /** State of a new experiment. */
  readonly first: string;
  /** States that may directly follow a state; the controller moves along them whenever it likes. */
  readonly nextStates: (state: string) => readonly string[];
  /** State that a stop leads to. */
  readonly stopped: string;
}

const absent = "absent";

/**
 * One experiment as clients see it: created, read, started, stopped, deleted, while the controller moves it on
 * between any two calls. It starts by itself, so that a start changes nothing, and is refused once it has ended.
 * Stopping what is stopped is allowed and changes nothing. A deleted one does not come back.
 */
export function experimentModel({
  first,
  nextStates,
  stopped,
}: ExperimentRules): SequentialModel<string, ExperimentInput, ExperimentOutput> {
  const reachable = new Map<string, readonly string[]>();

  // Every state that the controller may have moved it to by now; breadth first, so that the nearest is tried first.
  function moved(state: string): readonly string[] {
    if (state === absent) return [absent];
    let found = reachable.get(state);
    if (found === undefined) {
      const seen = new Set([state]);
      for (const each of seen) for (const next of nextStates(each)) seen.add(next);
      found = [...seen];
      reachable.set(state, found);
    }
    return found;
  }

  const canStop = (state: string): boolean => state === stopped || nextStates(state).includes(stopped);

  function answers(state: string, input: ExperimentInput): readonly [ExperimentOutput["kind"], string][] {
    if (input.kind === "create") return state === absent ? [["done", first]] : [["refused", state]];
    if (state === absent) return [["absent", absent]];
    if (input.kind === "read") return [["state", state]];
    if (input.kind === "delete") return [["done", absent]];
    if (input.kind === "start") return [[nextStates(state).length > 0 ? "done" : "refused", state]];
    return canStop(state) ? [["done", stopped]] : [["refused", state]];
  }

  return {
    initial: absent,
    apply(state, input, output) {
      const next = moved(state)
        .filter((now) => output?.kind !== "state" || output.state === now)
        .flatMap((now) => answers(now, input))
        .filter(([kind]) => output === undefined || output.kind === kind)
        .map(([, after]) => after);
      return [...new Set(next)];
    },
    identify: (state) => state,
  };
}

// The search behind linearizability.ts: one order for the calls of one key.

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
function searchOrder<State, Input, Output>(
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

// Whether a history of calls could have happened one call at a time, each at some moment between its start
// and its end.
//
// The search is that of Wing and Gong, "Testing and Verifying Concurrent Objects", JPDC 17, 1993, with the
// memory of visited configurations of Lowe, "Testing for Linearizability", CCPE 29(4), 2017. Each key is
// checked by itself (P-compositionality: Horn and Kroening, FORTE 2015). A call whose answer was lost may have
// taken effect at any time after it was made, or never.

/** One call of a client. Times need one scale only; virtual microseconds or step numbers both do. */
export interface Operation<Input, Output> {
  /** What it was about, such as the id of an experiment. Calls with different keys must not affect each other. */
  readonly key: string;
  readonly client: string;
  readonly input: Input;
  readonly calledAt: number;
  /** Undefined when the answer never came: nobody knows whether it took effect. */
  readonly outcome: { readonly at: number; readonly output: Output } | undefined;
}

/** What one key is, when calls come one at a time. Pure functions over plain states. */
export interface SequentialModel<State, Input, Output> {
  readonly initial: State;
  /**
   * @param output - What the call answered; undefined when that is not known.
   * @returns Every state that may follow; none when the call cannot have answered so. Several when the object
   *   also changes by itself.
   */
  apply(state: State, input: Input, output: Output | undefined): readonly State[];
  /** A text that differs for different states. */
  identify(state: State): string;
}

export type LinearizabilityVerdict<Input, Output> =
  | { readonly linearizable: true }
  | {
      readonly linearizable: false;
      readonly key: string;
      /** The longest beginning that has an order, in that order. */
      readonly explained: readonly Operation<Input, Output>[];
      /** Calls of which one should come next and none can. */
      readonly stuck: readonly Operation<Input, Output>[];
    }
  /** The limit was reached before there was an answer. */
  | { readonly linearizable: undefined; readonly key: string };

export interface LinearizabilityOptions {
  /** Configurations to visit for one key. @default 1_000_000 */
  readonly visitsMax?: number;
}

/**
 * Checks a whole history, key by key. Two calls of which one ended at the very moment at which the other began
 * count as concurrent.
 *
 * @returns The first key that has no order, or that could not be decided; otherwise that all have one.
 */
export function checkLinearizable<State, Input, Output>(
  history: readonly Operation<Input, Output>[],
  model: SequentialModel<State, Input, Output>,
  { visitsMax = 1_000_000 }: LinearizabilityOptions = {},
): LinearizabilityVerdict<Input, Output> {
  const keys = new Map<string, Operation<Input, Output>[]>();
  for (const operation of history) {
    const list = keys.get(operation.key);
    if (list === undefined) keys.set(operation.key, [operation]);
    else list.push(operation);
  }
  let undecided: LinearizabilityVerdict<Input, Output> | undefined;
  for (const [key, operations] of keys) {
    const found = searchOrder(operations, model, visitsMax);
    if (found === "none yet") undecided ??= { linearizable: undefined, key };
    else if (found !== "found") return { linearizable: false, key, ...found };
  }
  return undecided ?? { linearizable: true };
}

type NameCall = Operation<RegisterInput<string>, RegisterOutput<string>>;
type StateCall = Operation<ExperimentInput, ExperimentOutput>;

/** What clients did with one experiment. */
interface Calls {
  readonly tenant: string;
  readonly firstName: string;
  readonly names: NameCall[];
  readonly states: StateCall[];
}

/** A request that may change an experiment. */
interface Write {
  /** Of the experiment. */
  readonly id: string;
  /** `rename`, or what the model of a life calls it. */
  readonly action: string;
  readonly requestBody: string;
  readonly askedAtMs: number;
}

/** Calls of one experiment beyond which it is not checked: a world under load must not grow by it. */
const callsMax = 400;

/** Configurations that one check may visit; what would take more counts as fine. */
const visitsMax = 20_000;

const listPath = /^\/(?:api\/)?v1\/experiments$/;

const stateModel = {
  ...experimentModel({
    first: "pending",
    nextStates: (state) => successors[state] ?? [],
    stopped: "cancelled",
  }),
  // Nobody knows the id of an experiment before it is created.
  initial: "pending",
};

export const linearizable: Invariant = {
  name: "linearizable",
  summary: "what clients asked of an experiment and were answered could have happened one after the other",
  watch(view) {
    const experiments = new Map<string, Calls>();
    /** Writes under way, and those that were never answered. */
    const open = new Map<number, Write>();
    /** Experiments that something else happened to before their creation was answered, or that a test wrote to. */
    const untracked = new Set<string>();

    function note<Call>(list: Call[], call: Call): void {
      if (list.length <= callsMax) list.push(call);
    }

    function noteRead(item: Readonly<Record<string, unknown>>, { askedAtMs }: Answer): void {
      const calls = experiments.get(textOf(item["id"]));
      if (calls === undefined) return;
      const done = { key: "", client: "", calledAt: askedAtMs };
      const [name, state] = [textOf(item["name"]), textOf(item["state"])];
      note(calls.names, { ...done, input: { kind: "read" }, outcome: { at: view.nowMs, output: name } });
      const output = { kind: "state", state } as const;
      note(calls.states, { ...done, input: { kind: "read" }, outcome: { at: view.nowMs, output } });
    }

    function noteAbsent(id: string, { askedAtMs, claims }: Answer): void {
      const calls = experiments.get(id);
      if (calls === undefined || calls.tenant !== claims?.tenant) return;
      const outcome = { at: view.nowMs, output: { kind: "absent" } } as const;
      note(calls.states, { key: "", client: "", input: { kind: "read" }, calledAt: askedAtMs, outcome });
    }

    function noteCreated({ json, claims }: Answer): void {
      const id = textOf(json?.["id"]);
      // A creation may be answered once more, long after the first answer was lost.
      if (experiments.has(id) || untracked.has(id)) return;
      const firstName = textOf(json?.["name"]);
      experiments.set(id, { tenant: claims?.tenant ?? "", firstName, names: [], states: [] });
    }

    /** @param at - When it was answered; undefined when nobody knows whether it took effect. */
    function noteWrite(
      { requestBody, action, askedAtMs: calledAt }: Write,
      calls: Calls,
      output: "done" | "refused" | undefined,
    ): void {
      const call = { key: "", client: "", calledAt };
      const at = view.nowMs;
      if (action === "rename") {
        const value = requestedName(requestBody);
        if (value === undefined || output === "refused") return;
        const outcome = output === undefined ? undefined : { at, output: null };
        note(calls.names, { ...call, input: { kind: "write", value }, outcome });
        return;
      }
      const outcome = output === undefined ? undefined : { at, output: { kind: output } };
      note(calls.states, { ...call, input: { kind: action as "start" }, outcome });
    }

    function answeredWrite(answer: Answer): void {
      const write = open.get(answer.question);
      const calls = write && experiments.get(write.id);
      if (write === undefined || calls === undefined || answer.status >= 500) return;
      open.delete(answer.question);
      if (answer.status < 300) noteWrite(write, calls, "done");
      else if (answer.json?.["code"] === "INVALID_TRANSITION") noteWrite(write, calls, "refused");
      // Any other refusal has no effect, and says nothing of the state.
    }

    function checkOne(id: string, { names, states, firstName }: Calls): void {
      if (names.length > callsMax || states.length > callsMax) return;
      const name = checkLinearizable(names, registerModel(firstName), { visitsMax });
      if (name.linearizable === false)
        view.fail(`the name of experiment ${id} has no order: ${describeViolation(name)}`);
      const state = checkLinearizable(states, stateModel, { visitsMax });
      if (state.linearizable === false)
        view.fail(`the state of experiment ${id} has no order: ${describeViolation(state)}`);
    }

    return {
      onCommit(changes, by) {
        if (by !== testWriter) return;
        // What a test wrote itself, no client asked for.
        for (const { table, key } of changes) {
          if (table !== "experiments") continue;
          untracked.add(key);
          experiments.delete(key);
        }
      },
      onRequest(question) {
        const { id, rest = "" } = readExperimentPath(question.path) ?? {};
        if (id === undefined) return;
        const action = actions[`${question.method} ${rest}`];
        const { requestBody } = question;
        if (action !== undefined && !experiments.has(id)) untracked.add(id);
        if (action !== undefined) open.set(question.id, { id, action, requestBody, askedAtMs: view.nowMs });
      },
      onResponse(answer) {
        const { method, path, status, json } = answer;
        if (open.has(answer.question)) return answeredWrite(answer);
        if (method === "POST" && status < 300 && listPath.test(path)) return noteCreated(answer);
        if (method !== "GET") return;
        const { id, rest } = readExperimentPath(path) ?? {};
        if (id !== undefined && rest === "") {
          if (status === 200) noteRead(json ?? {}, answer);
          else if (status === 404) noteAbsent(id, answer);
        } else if (status === 200 && listPath.test(path) && Array.isArray(json?.["experiments"])) {
          for (const item of json["experiments"] as Readonly<Record<string, unknown>>[])
            noteRead(item, answer);
        }
      },
      finished() {
        for (const write of open.values()) {
          const calls = experiments.get(write.id);
          if (calls !== undefined) noteWrite(write, calls, undefined);
        }
        for (const [id, calls] of experiments) checkOne(id, calls);
      },
    };
  },
};

const actions: Readonly<Record<string, string>> = {
  "PATCH ": "rename",
  "PUT ": "rename",
  "DELETE ": "delete",
  "POST /start": "start",
  "POST /stop": "stop",
};

type Violation = Readonly<{
  explained: readonly Operation<unknown, unknown>[];
  stuck: readonly Operation<unknown, unknown>[];
}>;

function describeViolation({ explained, stuck }: Violation): string {
  const last = explained.slice(-3).map(describe);
  return `after ${last.length === 0 ? "nothing" : last.join(", ")} cannot come ${stuck.map(describe).join(" nor ")}`;
}

function describe({ input, outcome, calledAt }: Operation<unknown, unknown>): string {
  const { kind, value } = input as { readonly kind: string; readonly value?: unknown };
  const output = outcome?.output as
    { readonly state?: string; readonly kind?: string } | string | null | undefined;
  const seen = typeof output === "string" ? output : (output?.state ?? output?.kind ?? "");
  const what = [kind, value, seen].filter((word) => word !== undefined && word !== "").join(" ");
  return `${what} (${calledAt.toFixed(3)} to ${outcome === undefined ? "nobody knows" : outcome.at.toFixed(3)} ms)`;
}

// What a gateway tells of experiments was so at some moment between the request and the answer.

/** What an experiment was from one commit to the next. */
interface Period {
  readonly sinceMs: number;
  readonly state: string;
  readonly name: string;
  readonly tenant: string;
  readonly deleted: boolean;
}

type Item = Readonly<Record<string, unknown>>;

export const linearizableReads: Invariant = {
  name: "linearizable-reads",
  summary:
    "what a read says of an experiment was true during the read, and lists are complete and without repetition",
  watch(view) {
    const { fail } = view;
    const histories = new Map<string, Period[]>();

    /** @returns What the experiment was at any moment of the request; empty when it is not known. */
    function during(id: string, askedAtMs: number): readonly Period[] {
      const periods = histories.get(id) ?? [];
      return periods.filter((_, index) => (periods[index + 1]?.sinceMs ?? Infinity) >= askedAtMs);
    }

    function checkItem(item: Item, askedAtMs: number): void {
      const id = textOf(item["id"]);
      const seen = during(id, askedAtMs);
      if (seen.length === 0) return;
      const fits = ({ state, name }: Period): boolean => state === item["state"] && name === item["name"];
      if (!seen.some(fits))
        fail(
          `experiment ${id} was reported to be ${textOf(item["state"])} and called ${textOf(item["name"])}`,
        );
    }

    function checkMissing(id: string, { askedAtMs, claims }: Answer): void {
      const seen = during(id, askedAtMs);
      const there = ({ deleted, tenant, sinceMs }: Period): boolean =>
        !deleted && tenant === claims?.tenant && sinceMs < askedAtMs;
      if (seen.length > 0 && seen.every(there)) fail(`experiment ${id} was reported not to exist`);
    }

    function checkList({ json, query, askedAtMs, claims }: Answer): void {
      const items = Array.isArray(json?.["experiments"]) ? (json["experiments"] as Item[]) : [];
      const ids = new Set(items.map(({ id }) => textOf(id)));
      if (ids.size < items.length) fail("a list contains an experiment twice");
      for (const item of items) checkItem(item, askedAtMs);
      if (query !== "" || json?.["has_more"] !== false) return;
      for (const [id, [first, ...later]] of histories) {
        const there = first?.tenant === claims?.tenant && (first?.sinceMs ?? Infinity) < askedAtMs;
        if (there && !ids.has(id) && later.every(({ deleted }) => !deleted)) fail(`a list leaves out ${id}`);
      }
    }

    return {
      onCommit(changes) {
        for (const { table, key, after } of changes) {
          if (table !== "experiments") continue;
          // Only a test can take a row away; then no answer about it is known to be right.
          if (after === null) {
            histories.delete(key);
            continue;
          }
          const { state, name, tenant_id: tenant } = after;
          const periods = histories.get(key) ?? [];
          const last = periods.at(-1);
          const deleted = after["deleted"] === true;
          if (last?.state === state && last?.name === name && last?.deleted === deleted) continue;
          periods.push({
            sinceMs: view.nowMs,
            state: textOf(state),
            name: textOf(name),
            tenant: textOf(tenant),
            deleted,
          });
          histories.set(key, periods);
        }
      },
      onResponse(answer) {
        const { method, path, status, json } = answer;
        if (method !== "GET") return;
        const { id, rest } = readExperimentPath(path) ?? {};
        if (id !== undefined && rest !== "") return;
        if (id !== undefined && status === 404) checkMissing(id, answer);
        else if (id !== undefined && status === 200) checkItem(json ?? {}, answer.askedAtMs);
        else if (status === 200 && listPath.test(path)) checkList(answer);
      },
    };
  },
};
