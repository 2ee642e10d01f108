/**
 * Each experiment behaves towards its clients as one object that does one thing at a time: what they asked and what
 * they were answered has an order that fits, see linearizability.ts for the method and its sources.
 *
 * It looks at requests and answers of gateways alone, not into the database. A request without an answer, or with
 * one of 500 and above, may have had its effect at any time since, or never.
 */
import { successors } from "./legal-transitions.js";
import {
  type ExperimentInput,
  type ExperimentOutput,
  type RegisterInput,
  type RegisterOutput,
  experimentModel,
  registerModel,
} from "./linearizability-models.js";
import { type Operation, checkLinearizable } from "./linearizability.js";
import { requestedName } from "./request-body.js";
import { readExperimentPath } from "./request-target.js";
import { type Answer, type Invariant, testWriter, textOf } from "./watch.js";

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

const lifeModel = {
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
      if (name.linearizable === false) view.fail(`the name of experiment ${id} has no order: ${told(name)}`);
      const state = checkLinearizable(states, lifeModel, { visitsMax });
      if (state.linearizable === false)
        view.fail(`the state of experiment ${id} has no order: ${told(state)}`);
    }

    return {
      committed(changes, by) {
        if (by !== testWriter) return;
        // What a test wrote itself, no client asked for.
        for (const { table, key } of changes) {
          if (table !== "experiments") continue;
          untracked.add(key);
          experiments.delete(key);
        }
      },
      asked(question) {
        const { id, rest = "" } = readExperimentPath(question.path) ?? {};
        if (id === undefined) return;
        const action = actions[`${question.method} ${rest}`];
        const { requestBody } = question;
        if (action !== undefined && !experiments.has(id)) untracked.add(id);
        if (action !== undefined) open.set(question.id, { id, action, requestBody, askedAtMs: view.nowMs });
      },
      answered(answer) {
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

type Broken = Readonly<{
  explained: readonly Operation<unknown, unknown>[];
  stuck: readonly Operation<unknown, unknown>[];
}>;

function told({ explained, stuck }: Broken): string {
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
