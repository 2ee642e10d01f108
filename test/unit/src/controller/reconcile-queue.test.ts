import { expect, test } from "vitest";

import type { Outcome } from "../../../../src/controller/context.js";
import { resolveControllerOptions, type ControllerOptions } from "../../../../src/controller/options.js";
import { createReconcileQueue } from "../../../../src/controller/reconcile-queue.js";
import { createVirtualClock } from "../support/virtual-clock.js";

/** A queue whose visits end when the test says so. */
function open(options: ControllerOptions = {}) {
  const clock = createVirtualClock(0);
  const visits: string[] = [];
  const ends = new Map<string, (outcome: Outcome | Error) => void>();
  const warnings: unknown[] = [];
  let failures = 0;
  const queue = createReconcileQueue({
    clock,
    logger: {
      debug: () => {},
      info: () => {},
      warn: (_message, fields) => void warnings.push(fields),
      error: () => {},
    },
    metrics: { stepFailed: () => (failures += 1) } as never,
    options: resolveControllerOptions({ retryFirstMs: 1_000, retryMostMs: 4_000, ...options }),
    reconcile: async (id: string) => {
      visits.push(`${id} at ${clock.monotonic()}`);
      const outcome = await new Promise<Outcome | Error>((resolve) => ends.set(id, resolve));
      if (outcome instanceof Error) throw outcome;
      return outcome;
    },
  });
  async function end(id: string, outcome: Outcome | Error = { kind: "done" }): Promise<void> {
    const resolve = ends.get(id);
    if (resolve === undefined) throw new Error(`${id} is not being looked at`);
    ends.delete(id);
    resolve(outcome);
    await clock.settle();
  }
  return { clock, queue, visits, end, warnings, failures: () => failures };
}

test("a lane looks at so many experiments at once, first come, first served", async () => {
  const { queue, visits, end } = open({ workers: 2 });
  for (const id of ["a", "b", "c", "d"]) queue.add(id, "steady");
  expect(visits).toEqual(["a at 0", "b at 0"]);
  await end("b");
  expect(visits).toEqual(["a at 0", "b at 0", "c at 0"]);
  await end("a");
  expect(visits.at(-1)).toBe("d at 0");
  expect(visits).toHaveLength(4);
});

test("each lane has its own width, and a full one does not keep the other", async () => {
  const { queue, visits, end } = open({ workers: 1, initWorkers: 1 });
  queue.add("a", "starting");
  queue.add("b", "starting");
  queue.add("c", "steady");
  expect(visits).toEqual(["a at 0", "c at 0"]);
  await end("a");
  expect(visits.at(-1)).toBe("b at 0");
});

test("asked for several times while it waits, an experiment is looked at once; while it is looked at, once more", async () => {
  const { queue, visits, end } = open({ workers: 1 });
  queue.add("a", "steady");
  for (let times = 0; times < 3; times++) {
    queue.add("b", "steady");
    queue.add("a", "steady");
  }
  await end("a");
  await end("b");
  await end("a");
  expect(visits).toEqual(["a at 0", "b at 0", "a at 0"]);
});

test("an experiment is never looked at by both lanes at once, whichever had it first", async () => {
  for (const [first, second] of [
    ["starting", "steady"],
    ["steady", "starting"],
  ] as const) {
    const { queue, visits, end } = open();
    queue.add("a", first);
    queue.add("a", second);
    queue.add("b", second);
    expect(visits).toEqual(["a at 0", "b at 0"]);
    await end("a");
    expect(visits).toEqual(["a at 0", "b at 0", "a at 0"]);
  }
});

test("a visit goes on while the state moves, at most eight steps, then comes back after the first delay", async () => {
  const { queue, visits, end, clock } = open();
  queue.add("a", "steady");
  for (let step = 0; step < 8; step++) await end("a", { kind: "again" });
  expect(visits).toHaveLength(8);
  await clock.advance(999);
  expect(visits).toHaveLength(8);
  await clock.advance(1);
  expect(visits.at(-1)).toBe("a at 1000");
});

test("an outcome that waits comes back after that time, in the lane it names or in its own", async () => {
  const { queue, visits, end, clock } = open({ workers: 1 });
  queue.add("a", "starting");
  await end("a", { kind: "wait", delayMs: 500, lane: "steady" });
  queue.add("b", "steady");
  await clock.advance(500);
  // The steady lane is full.
  expect(visits).toEqual(["a at 0", "b at 0"]);
  await end("b");
  expect(visits.at(-1)).toBe("a at 500");
  await end("a", { kind: "wait", delayMs: 100 });
  queue.add("c", "steady");
  await clock.advance(100);
  expect(visits.at(-1)).toBe("c at 500");
});

test("failures are retried after a delay that doubles up to the longest, until a step works again", async () => {
  const { queue, visits, end, clock, warnings, failures } = open();
  queue.add("a", "steady");
  for (const delay of [1_000, 2_000, 4_000, 4_000]) {
    await end("a", Object.assign(new Error("no"), { code: "E1" }));
    const before = visits.length;
    await clock.advance(delay - 1);
    expect(visits).toHaveLength(before);
    await clock.advance(1);
    expect(visits).toHaveLength(before + 1);
  }
  expect([failures(), warnings.length]).toEqual([4, 4]);
  expect(warnings.map((fields) => (fields as { attempt: number }).attempt)).toEqual([1, 2, 3, 4]);
  expect(warnings[0]).toMatchObject({ id: "a", code: "E1" });
  await end("a", { kind: "again" });
  await end("a", new Error("again"));
  expect(warnings.at(-1)).toMatchObject({ attempt: 1 });
  await clock.advance(1_000);
  expect(visits.at(-1)).toBe("a at 12000");
});

test("failures of one experiment do not delay another", async () => {
  const { queue, visits, end, clock } = open();
  queue.add("a", "steady");
  await end("a", new Error("no"));
  await clock.advance(1_000);
  await end("a", new Error("no"));
  queue.add("b", "steady");
  await end("b", new Error("no"));
  await clock.advance(1_000);
  expect(visits.at(-1)).toBe("b at 2000");
});

test("a plan is kept unless one for about then or sooner is there", async () => {
  const { queue, visits, clock, end } = open();
  queue.plan("a", "steady", 5_000);
  // Later, and up to one delay sooner than planned: nothing changes.
  queue.plan("a", "steady", 9_000);
  queue.plan("a", "steady", 4_000);
  await clock.advance(4_999);
  expect(visits).toEqual([]);
  await clock.advance(1);
  expect(visits).toEqual(["a at 5000"]);
  await end("a");
  await clock.advance(10_000);
  expect(visits).toHaveLength(1);

  queue.plan("b", "steady", 5_000);
  queue.plan("b", "steady", 3_999);
  await clock.advance(3_999);
  expect(visits.at(-1)).toBe("b at 18999");
  await end("b");
  await clock.advance(5_000);
  expect(visits).toHaveLength(2);
});

test("a request for now replaces the plan for later", async () => {
  const { queue, visits, clock, end } = open();
  queue.plan("a", "steady", 5_000);
  queue.add("a", "steady");
  await end("a");
  await clock.advance(10_000);
  expect(visits).toEqual(["a at 0"]);
  expect(queue.has("a", 60_000)).toBe(false);
});

test("an experiment is known while it waits, is looked at, or is planned within a time", async () => {
  const { queue, clock, end } = open({ workers: 1, initWorkers: 1 });
  expect(queue.has("a", 1_000)).toBe(false);
  queue.add("a", "steady");
  queue.add("b", "steady");
  queue.add("c", "starting");
  expect(["a", "b", "c"].map((id) => queue.has(id, 0))).toEqual([true, true, true]);
  await end("a", { kind: "wait", delayMs: 1_000 });
  expect([queue.has("a", 999), queue.has("a", 1_000)]).toEqual([false, true]);
  await clock.advance(500);
  expect([queue.has("a", 499), queue.has("a", 500)]).toEqual([false, true]);
  await end("b");
  await clock.advance(500);
  await end("a");
  expect(queue.has("a", 60_000)).toBe(false);
  await end("c");
  expect(["b", "c"].map((id) => queue.has(id, 60_000))).toEqual([false, false]);
});

test("stopping ends when what runs has ended, and starts nothing more", async () => {
  const { queue, visits, end, clock } = open({ workers: 1, initWorkers: 1 });
  queue.add("a", "steady");
  queue.add("b", "steady");
  queue.add("c", "starting");
  queue.plan("d", "steady", 1_000);
  let stopped = false;
  void queue.stop().then(() => (stopped = true));
  await clock.settle();
  expect(stopped).toBe(false);
  await end("a", { kind: "again" });
  expect(stopped).toBe(false);
  await end("c", { kind: "wait", delayMs: 10 });
  expect(stopped).toBe(true);
  queue.add("e", "steady");
  queue.add("e", "starting");
  queue.plan("f", "steady", 10);
  await clock.advance(60_000);
  expect(visits).toEqual(["a at 0", "c at 0"]);
  expect(["b", "d", "e", "f"].map((id) => queue.has(id, 60_000))).toEqual([false, false, false, false]);
});
