import * as fc from "fast-check";
import { scheduler } from "phoenix-sim/fast-check";
import { expect, test } from "vitest";

/** Runs a property that should fail. @returns How it failed. */
async function failing<T extends [unknown, ...unknown[]]>(
  property: fc.IAsyncProperty<T>,
): Promise<{ readonly counterexample: T; readonly numRuns: number; readonly error: unknown }> {
  const { counterexample, numRuns, errorInstance } = await fc.check(property, { seed: 7, numRuns: 500 });
  if (counterexample === null) throw new Error("the property holds");
  return { counterexample, numRuns, error: errorInstance };
}

/** Two increments in two steps each, which a switch in between breaks. */
async function increments(s: fc.Scheduler): Promise<number> {
  let counter = 0;
  const increment = async (name: string): Promise<void> => {
    await s.schedule(Promise.resolve(), `${name} reads`);
    const seen = counter;
    await s.schedule(Promise.resolve(), `${name} writes`);
    counter = seen + 1;
  };
  const done = Promise.all([increment("a"), increment("b")]);
  await s.waitFor(done);
  return counter;
}

test("finds the same races as fc.scheduler()", async () => {
  for (const arbitrary of [fc.scheduler(), scheduler()]) {
    const property = fc.asyncProperty(arbitrary, async (s) => (await increments(s)) === 2);
    expect((await failing(property)).numRuns).toBeLessThan(50);
  }
});

test("the order that it prints can be pasted into fc.schedulerFor", async () => {
  const { counterexample } = await failing(
    fc.asyncProperty(scheduler(), async (s) => (await increments(s)) === 2),
  );
  const order = [...fc.stringify(counterexample[0]).matchAll(/task\$\{(\d+)\}/g)].map(([, id]) => Number(id));
  expect(order).toHaveLength(4);
  expect(await increments(fc.schedulerFor(order))).toBe(1);
});

test("shrinks together with the data of the test", async () => {
  // Fails when any task but the first is released first, and there are at least three of them.
  const property = fc.asyncProperty(scheduler(), fc.array(fc.nat(), { maxLength: 20 }), async (s, items) => {
    const order: number[] = [];
    for (const [index] of items.entries()) {
      void s.schedule(Promise.resolve()).then(() => order.push(index));
    }
    await s.waitIdle();
    return items.length < 3 || order.every((index, place) => index === place);
  });
  const { counterexample } = await failing(property);
  expect(counterexample[1]).toHaveLength(3);
  expect(counterexample[1]).toEqual([0, 0, 0]);
});

test("sequences keep their own order and tell how they ended", async () => {
  await fc.assert(
    fc.asyncProperty(scheduler(), async (s) => {
      const seen: string[] = [];
      const steps = ["one", "two", "three"].map((label) => ({
        label,
        builder: async () => seen.push(label),
      }));
      const broken = async (): Promise<never> => {
        throw new Error("boom");
      };
      const good = s.scheduleSequence(steps);
      const bad = s.scheduleSequence([broken, async () => expect.unreachable()]);
      await s.waitIdle();
      expect(seen).toEqual(["one", "two", "three"]);
      expect(await good.task).toEqual({ done: true, faulty: false });
      expect(await bad.task).toEqual({ done: false, faulty: true });
    }),
  );
});

test("functions keep their results and failures, and the report tells them", async () => {
  await fc.assert(
    fc.asyncProperty(scheduler(), async (s) => {
      const half = s.scheduleFunction(async function half(n: number) {
        if (n % 2 === 1) throw new Error("odd");
        return n / 2;
      });
      const results = Promise.allSettled([half(4), half(3)]);
      expect(s.count()).toBe(2);
      await s.waitNext(2);
      expect((await results).map(({ status }) => status)).toEqual(["fulfilled", "rejected"]);
      expect(s.count()).toBe(0);
      const lines = s.report().map(({ label, status }) => `${label} ${status}`);
      expect(lines.toSorted()).toEqual(["half(3) rejected", "half(4) resolved"]);
    }),
  );
});

test("waiting for one task when there is none is an error", async () => {
  const property = fc.asyncProperty(scheduler(), async (s) => s.waitOne());
  expect((await failing(property)).error).toMatchObject({ message: "No task is scheduled." });
});

test("every task runs inside the act that was given", async () => {
  let inside = 0;
  const act = async (run: () => Promise<void>): Promise<void> => {
    inside += 1;
    await run();
  };
  await fc.assert(
    fc.asyncProperty(scheduler({ act }), async (s) => {
      inside = 0;
      await increments(s);
      expect(inside).toBe(4);
    }),
  );
});
