import * as fc from "fast-check";
import { createPhoenix } from "phoenix-sim";
import { type FaultPlan, createRequests, faultPlans, schedules } from "phoenix-sim/fast-check";
import { expect, test } from "vitest";

const kinds = ["clock-offset", "latency-spike", "partition", "pause"];

async function answersSoon(plan: FaultPlan): Promise<boolean> {
  await using phoenix = await createPhoenix({ seed: 7, nodes: 1, invariants: false });
  plan.inject(phoenix);
  await phoenix.clock.advance("2s");
  const askedAtMs = phoenix.clock.nowMs;
  await phoenix.client.listExperiments().catch(() => undefined);
  const soon = phoenix.clock.nowMs - askedAtMs < 1_000;
  await phoenix.faults.healAll();
  return soon;
}

test("a plan shrinks to the one fault that is needed, with its data, and is told with its victim", async () => {
  const plans = faultPlans({ kinds, window: "4s", longest: "20s" });
  const names = fc.array(fc.constantFrom("a", "b"), { maxLength: 5 });
  const property = fc.asyncProperty(
    plans,
    names,
    async (plan, some) => some.length < 2 || (await answersSoon(plan)),
  );
  const { counterexample } = await fc.check(property, {
    seed: 11,
    numRuns: 200,
    interruptAfterTimeLimit: 60_000,
  });
  const [plan, some] = counterexample ?? [];
  expect(some).toEqual(["a", "a"]);
  expect(plan?.faults).toHaveLength(1);
  const text = fc.stringify(plan);
  expect(text).toMatch(/^after 0ms for \S+: (?:partition|pause|latency) /);
  // What is left says the same of a world of its own.
  expect(plan && (await answersSoon(plan))).toBe(false);
});

test("schedule, faults and requests are one counterexample", async () => {
  const run = fc.record({
    schedule: schedules(),
    plan: faultPlans({ maxLength: 2, window: "10s", longest: "5s" }),
    requests: fc.array(createRequests({ nodes: ["node1"], secondsMax: 30 }), { maxLength: 2 }),
  });
  await fc.assert(
    fc.asyncProperty(run, async ({ schedule, plan, requests }) => {
      await using phoenix = await createPhoenix({ seed: schedule.seed, driver: schedule.driver(), nodes: 1 });
      plan.inject(phoenix);
      for (const request of requests) await phoenix.client.createExperiment(request).catch(() => undefined);
      await phoenix.converge({ within: "1h" });
    }),
    { numRuns: 8 },
  );
});

test("every kind can be planned, whatever it picks", async () => {
  const every = faultPlans({ maxLength: 6, window: "1s", longest: "1s" });
  await fc.assert(
    fc.asyncProperty(every, async (plan) => {
      await using phoenix = await createPhoenix({ seed: 7, nodes: 1 });
      plan.inject(phoenix);
      await phoenix.clock.advance("3s");
      expect(phoenix.faults.active()).toEqual([]);
    }),
    { numRuns: 25 },
  );
});

test("faults that were healed before their time are never injected", async () => {
  const [plan] = fc.sample(
    faultPlans({ kinds: ["partition"] }).filter(({ faults }) => faults.length > 0),
    1,
  );
  await using phoenix = await createPhoenix({ seed: 7 });
  plan?.inject(phoenix);
  await phoenix.faults.healAll();
  await phoenix.clock.advance("2m");
  expect(phoenix.faults.active()).toEqual([]);
});

test("unknown kinds and options are refused", () => {
  expect(() => faultPlans({ kinds: ["partitoin"] })).toThrow(/SIM_FAULT_UNKNOWN[\s\S]*"partition"/);
  expect(() => faultPlans({ kind: ["partition"] } as object)).toThrow(/Did you mean "kinds"/);
  expect(() => faultPlans({ kinds: [] })).toThrow("faultPlans got no kinds of faults. [SIM_OPTION_INVALID]");
});
