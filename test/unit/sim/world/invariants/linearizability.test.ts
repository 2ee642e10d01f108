import * as fc from "fast-check";
import { expect, test } from "vitest";

import {
  type ExperimentInput,
  type ExperimentOutput,
  type Operation,
  type RegisterInput,
  type RegisterOutput,
  type SequentialModel,
  checkLinearizable,
  experimentModel,
  registerModel,
} from "../../../../../sim/world/invariants/index.js";
import { isExperimentState, nextStates } from "../../../../../src/model/index.js";
import { rightHistory } from "../../../../support/register-history.js";

type RegisterCall = Operation<RegisterInput<number>, RegisterOutput<number>>;

const register = registerModel<number>(0);

/** The plain definition: some order of all answered calls and any of the lost ones, that keeps what was before what. */
function bruteForce<State, Input, Output>(
  calls: readonly Operation<Input, Output>[],
  model: SequentialModel<State, Input, Output>,
  state: State = model.initial,
): boolean {
  if (calls.every(({ outcome }) => outcome === undefined)) return true;
  return calls.some((call, index) => {
    const rest = calls.filter((_, other) => other !== index);
    const tooEarly = rest.some(({ outcome }) => outcome !== undefined && outcome.at < call.calledAt);
    if (tooEarly) return false;
    const after = model.apply(state, call.input, call.outcome?.output);
    return after.some((next) => bruteForce(rest, model, next));
  });
}

const registerCall: fc.Arbitrary<RegisterCall> = fc
  .record({
    input: fc.oneof(
      fc.constant({ kind: "read" as const }),
      fc.record({ kind: fc.constant("write" as const), value: fc.integer({ min: 0, max: 2 }) }),
      fc.record({
        kind: fc.constant("compare-and-set" as const),
        from: fc.integer({ min: 0, max: 2 }),
        to: fc.integer({ min: 0, max: 2 }),
      }),
    ),
    calledAt: fc.nat(12),
    lasts: fc.nat(5),
    seen: fc.integer({ min: 0, max: 2 }),
    done: fc.boolean(),
    lost: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ input, calledAt, lasts, seen, done, lost }) => {
    const output = input.kind === "read" ? seen : input.kind === "write" ? null : done;
    const outcome = lost === 0 ? undefined : { at: calledAt + lasts, output };
    return { key: "k", client: "c", input, calledAt, outcome };
  });

test("agrees with brute force on 10,000 small histories", () => {
  let [yes, no] = [0, 0];
  fc.assert(
    fc.property(fc.array(registerCall, { maxLength: 6 }), (calls) => {
      const expected = bruteForce(calls, register);
      if (expected) yes += 1;
      else no += 1;
      expect(checkLinearizable(calls, register).linearizable).toBe(expected);
    }),
    { numRuns: 10_000 },
  );
  // Both answers must be met often, or the agreement says little.
  expect(Math.min(yes, no)).toBeGreaterThan(2000);
});

function call(
  input: RegisterInput<number>,
  calledAt: number,
  at: number | undefined,
  output: RegisterOutput<number> = null,
  key = "k",
): RegisterCall {
  return { key, client: "c", input, calledAt, outcome: at === undefined ? undefined : { at, output } };
}

test("a read that began after a write had ended must not see what was before", () => {
  const history = [call({ kind: "write", value: 1 }, 0, 2), call({ kind: "read" }, 3, 4, 0)];
  expect(checkLinearizable(history, register)).toEqual({
    linearizable: false,
    key: "k",
    explained: [history[0]],
    stuck: [history[1]],
  });
});

test("calls that meet at one moment are concurrent", () => {
  const history = [call({ kind: "write", value: 1 }, 0, 3), call({ kind: "read" }, 3, 4, 0)];
  expect(checkLinearizable(history, register)).toEqual({ linearizable: true });
});

test("a lost write may have happened late, or never, but not twice", () => {
  const lost = call({ kind: "write", value: 1 }, 0, undefined);
  const reads = (...seen: readonly number[]): readonly RegisterCall[] =>
    seen.map((value, index) => call({ kind: "read" }, 10 + 2 * index, 11 + 2 * index, value));
  expect(checkLinearizable([lost, ...reads(0, 0)], register).linearizable).toBe(true);
  expect(checkLinearizable([lost, ...reads(0, 1)], register).linearizable).toBe(true);
  expect(checkLinearizable([lost, ...reads(1, 0)], register).linearizable).toBe(false);
});

test("keys are checked by themselves, and the wrong one is named", () => {
  const history = [
    call({ kind: "write", value: 1 }, 0, 1, null, "a"),
    call({ kind: "read" }, 2, 3, 0, "b"),
    call({ kind: "read" }, 4, 5, 2, "b"),
  ];
  expect(checkLinearizable(history, register)).toMatchObject({ linearizable: false, key: "b" });
});

test("at the limit there is no answer rather than a wrong one", () => {
  const writes = Array.from({ length: 12 }, (_, index) => call({ kind: "write", value: index }, 0, 50));
  const history = [...writes, call({ kind: "read" }, 60, 61, 99)];
  expect(checkLinearizable(history, register, { visitsMax: 100 })).toEqual({
    linearizable: undefined,
    key: "k",
  });
  expect(checkLinearizable(history, register)).toMatchObject({ linearizable: false });
});

const experiment = experimentModel({
  first: "pending",
  nextStates: (state) => (isExperimentState(state) ? nextStates(state) : []),
  stopped: "cancelled",
});

function experimentHistory(
  ...steps: readonly (readonly [ExperimentInput["kind"], ExperimentOutput["kind"] | "lost", string?])[]
): readonly Operation<ExperimentInput, ExperimentOutput>[] {
  return steps.map(([kind, answer, state = ""], index) => ({
    key: "e",
    client: "c",
    input: { kind },
    calledAt: 10 * index,
    outcome:
      answer === "lost"
        ? undefined
        : { at: 10 * index + 5, output: answer === "state" ? { kind: answer, state } : { kind: answer } },
  }));
}

test.each([
  [
    [
      ["create", "done"],
      ["read", "state", "running"],
      ["read", "state", "completed"],
    ],
    true,
  ],
  [
    [
      ["create", "done"],
      ["read", "state", "running"],
      ["read", "state", "pending"],
    ],
    false,
  ],
  [
    [
      ["read", "absent"],
      ["create", "done"],
      ["stop", "done"],
      ["read", "state", "cancelled"],
    ],
    true,
  ],
  [
    [
      ["create", "done"],
      ["stop", "done"],
      ["read", "state", "running"],
    ],
    false,
  ],
  [
    [
      ["create", "done"],
      ["read", "state", "completed"],
      ["stop", "done"],
    ],
    false,
  ],
  [
    [
      ["create", "done"],
      ["read", "state", "completed"],
      ["stop", "refused"],
    ],
    true,
  ],
  [
    [
      ["create", "lost"],
      ["read", "absent"],
      ["read", "state", "pending"],
    ],
    true,
  ],
  [
    [
      ["create", "lost"],
      ["read", "state", "pending"],
      ["read", "absent"],
    ],
    false,
  ],
  [
    [
      ["create", "done"],
      ["delete", "done"],
      ["read", "state", "pending"],
    ],
    false,
  ],
  [
    [
      ["create", "done"],
      ["delete", "lost"],
      ["read", "absent"],
    ],
    true,
  ],
  [
    [
      ["create", "done"],
      ["start", "done"],
      ["stop", "done"],
      ["start", "refused"],
    ],
    true,
  ],
  [
    [
      ["create", "done"],
      ["stop", "done"],
      ["start", "done"],
    ],
    false,
  ],
] as const)("the life of an experiment %j is possible: %s", (steps, possible) => {
  expect(checkLinearizable(experimentHistory(...steps), experiment).linearizable).toBe(possible);
});

test("10,000 calls of 10 clients on 100 keys are decided, right and wrong ones", () => {
  const history = rightHistory(10_000, 100, 1);
  expect(checkLinearizable(history, register)).toEqual({ linearizable: true });
  const last = Math.max(...history.map(({ outcome }) => outcome?.at ?? 0));
  const wrong = [...history, call({ kind: "read" }, last + 1, last + 2, 77, "k42")];
  expect(checkLinearizable(wrong, register)).toMatchObject({ linearizable: false, key: "k42" });
});
