import { readFile } from "node:fs/promises";

import { expect, test } from "vitest";

import {
  advance,
  defaultDriver,
  holdWhile,
  seededDriver,
  waitFor,
  type Loop,
} from "../../../../sim/kernel/index.js";
import { createBareWorld } from "../../../support/world.js";

test("each event sees its own due time, and ties keep the order they were scheduled in", async () => {
  const { loop } = createBareWorld();
  const seen: string[] = [];
  const note = (text: string) => () => seen.push(`${text} at ${loop.clock.nowMs}`);
  loop.schedule(20, "task", "late", note("late"));
  loop.schedule(10, "task", "first", note("first"));
  loop.schedule(10, "task", "second", note("second"));

  await advance(loop, 15);
  expect(seen).toEqual(["first at 10", "second at 10"]);
  expect(loop.clock.nowMs).toBe(15);
});

test("time keeps microseconds, and the clock view shows whole milliseconds", async () => {
  const { loop } = createBareWorld();
  await advance(loop, 1.2345);
  expect(loop.clock.nowUs).toBe(1235);
  expect(loop.clock.clockView.Date.now()).toBe(loop.clock.epochMs + 1);
});

test("all promise jobs of one event run before the next event", async () => {
  const { loop } = createBareWorld();
  const seen: string[] = [];
  loop.schedule(1, "task", "a", () => {
    let chain = Promise.resolve();
    for (let i = 0; i < 50; i++) chain = chain.then(() => {});
    void chain.then(() => process.nextTick(() => seen.push("the jobs of a")));
  });
  loop.schedule(1, "task", "b", () => seen.push("b"));
  await advance(loop, 2);
  expect(seen).toEqual(["the jobs of a", "b"]);
});

test("time stands still while nobody waits on the world, even across real I/O", async () => {
  const { loop } = createBareWorld();
  let ran = false;
  loop.schedule(1, "task", "background", () => (ran = true));
  await readFile(new URL(import.meta.url));
  expect([loop.clock.nowMs, ran]).toEqual([0, false]);
  await advance(loop, 5);
  expect(ran).toBe(true);
});

test("a timer set on a clock view moves time by itself", async () => {
  const { loop } = createBareWorld();
  await new Promise<void>((resolve) => {
    loop.clock.clockView.setTimeout(() => resolve(), 120_000);
    loop.kick();
  });
  expect(loop.clock.nowMs).toBe(120_000);
});

test("a world event goes before a timer of the test that is due at the same instant", async () => {
  const { loop } = createBareWorld();
  const seen: string[] = [];
  loop.clock.clockView.setTimeout(() => seen.push("timer of the test"), 10);
  loop.schedule(10, "task", "event", () => seen.push("event"));
  await advance(loop, 20);
  expect(seen).toEqual(["event", "timer of the test"]);
});

test("a deadlock is reported at once and names every waiter", async () => {
  const { loop } = createBareWorld();
  const first = waitFor(loop, {
    label: "the moon",
    check: () => undefined,
    within: "1h",
    lastSeen: () => "clouds",
  });
  const second = holdWhile(loop, "a reply that never comes", new Promise(() => {}));
  const [a, b] = await Promise.allSettled([first, second]);
  // The first has a deadline, so it ends by that; the second is then alone.
  expect(reason(a)).toMatchObject({ code: "SIM_WAIT_TIMEOUT" });
  expect(reason(a).message).toContain("Waited 1h for the moon; last seen: clouds");
  expect(reason(b)).toMatchObject({ code: "SIM_DEADLOCK" });
  expect(reason(b).message).toContain("a reply that never comes");
});

test("a loop without delay ends with the hottest events named", async () => {
  const { loop } = createBareWorld({ limits: { stepsAtOneInstantMax: 1000 } });
  const again = (): void => void loop.schedule(0, "task", "spinning", again);
  again();
  const error = await advance(loop, 1).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: "SIM_STEP_LIMIT" });
  expect((error as Error).message).toContain("spinning (");
});

test("a wait that background work outlives ends at the limit of virtual time", async () => {
  const { loop } = createBareWorld({ limits: { virtualMsMax: 60_000 } });
  const tick = (): void => void loop.schedule(1000, "timer", "tick", tick);
  tick();
  const error = await holdWhile(loop, "a lost reply", new Promise(() => {})).catch(
    (caught: unknown) => caught,
  );
  expect(error).toMatchObject({ code: "SIM_TIME_LIMIT" });
  expect((error as Error).message).toContain("a lost reply");
});

test("an event that throws fails the world: every wait gets the error, and later ones too", async () => {
  const { loop } = createBareWorld();
  loop.schedule(1, "task", "broken", () => {
    throw new Error("boom");
  });
  await expect(advance(loop, 5)).rejects.toThrow("boom");
  await expect(advance(loop, 5)).rejects.toThrow("boom");
});

test("a closed world ends its waits with SIM_WORLD_CLOSED", async () => {
  const { loop } = createBareWorld();
  const waiting = advance(loop, 5);
  loop.close();
  await expect(waiting).rejects.toMatchObject({ code: "SIM_WORLD_CLOSED" });
});

test("the clock refuses to go back", () => {
  const { loop } = createBareWorld();
  loop.clock.moveTo(5000);
  expect(() => loop.clock.moveTo(4000)).toThrow("[SIM_TIME_REWIND]");
});

test("cancelled events neither run nor move time", async () => {
  const { loop } = createBareWorld();
  const event = loop.schedule(50, "task", "cancelled", () => expect.unreachable());
  loop.cancel(event);
  await expect(holdWhile(loop, "nothing", new Promise(() => {}))).rejects.toMatchObject({
    code: "SIM_DEADLOCK",
  });
  expect(loop.clock.nowMs).toBe(0);
});

test("the order of simultaneous events is a choice: seeds differ, one seed repeats", async () => {
  const orders = new Set<string>();
  const runs = new Map<number, string>();
  for (const seed of [1, 2, 3, 4, 5, 6, 1, 2, 3]) {
    const { loop } = createBareWorld({ driver: seededDriver(seed) });
    const seen: string[] = [];
    for (const name of ["a", "b", "c", "d"]) loop.schedule(1, "task", name, () => seen.push(name));
    await advance(loop, 2);
    const outcome = `${seen.join("")} ${loop.traceHash()}`;
    expect(runs.get(seed) ?? outcome).toBe(outcome);
    runs.set(seed, outcome);
    orders.add(seen.join(""));
  }
  expect(orders.size).toBeGreaterThan(2);
});

test("two worlds in one process do not disturb each other", async () => {
  const alone = await runCountdown(7);
  const together = await Promise.all([runCountdown(7), runCountdown(8), runCountdown(7)]);
  expect(together[0]).toBe(alone);
  expect(together[2]).toBe(alone);
  expect(together[1]).not.toBe(alone);
});

async function runCountdown(seed: number): Promise<string> {
  const { loop } = createBareWorld({ driver: seededDriver(seed) });
  const tick = (left: number): void => {
    if (left > 0)
      loop.schedule(loop.choices.choose("latency", "tick", 10), "timer", "tick", () => tick(left - 1));
  };
  for (let i = 0; i < 5; i++) tick(100);
  await advance(loop, 5000);
  return loop.traceHash();
}

function reason(result: PromiseSettledResult<unknown>): Error {
  return result.status === "rejected" ? (result.reason as Error) : new Error("it did not fail");
}

test("a failure is untold until somebody who waits has been given it", async () => {
  const { loop } = createBareWorld();
  const failure = new Error("nobody heard");
  loop.fail(failure);
  expect(loop.unreportedFailure).toBe(failure);
  await expect(waitFor(loop, { label: "anything", within: "1s", check: () => undefined })).rejects.toBe(
    failure,
  );
  expect(loop.unreportedFailure).toBeUndefined();
  expect(loop.failure).toBe(failure);
});

test.each(["before", "after"])(
  "what real I/O wakes has the same cause, ended %s the next turn",
  async (when) => {
    const { loop, steps } = createBareWorld();
    const readEnds = (): void => void loop.schedule(1, "task", "after the read", () => {});
    let turns = 0;
    loop.quiesceMacrotasks((next) => {
      turns += 1;
      if (turns === 1 && when === "before") readEnds();
      next();
      if (turns === 1 && when === "after") setImmediate(readEnds);
    });
    await new Promise<void>((resolve) => {
      const release = loop.hold({ describe: () => "the event", fail: () => {} });
      loop.schedule(1, "task", "event", () => {
        release();
        resolve();
      });
    });
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    await advance(loop, 5);
    expect(steps.map(({ label, cause }) => [label, cause])).toContainEqual(["after the read", 0]);
  },
);

test("questions say which task asks: that of the running event, and none outside of events", async () => {
  const asked: (string | undefined)[] = [];
  const { loop } = createBareWorld({
    driver: {
      ...defaultDriver(),
      choose: ({ label, currentTask }) => {
        if (label === "question")
          asked.push(currentTask === undefined ? "nobody" : String(tasks.get(currentTask)));
        return 0;
      },
    },
  });
  const tasks = new Map<unknown, string>();
  const ask = (): unknown => loop.choices.choose("timing", "question", 2);
  for (const name of ["a", "b"]) tasks.set(loop.schedule(1, "task", name, ask).task, name);
  ask();
  await advance(loop, 5);
  await realTurns(3);
  ask();
  expect(asked).toEqual(["nobody", "a", "b", "nobody"]);
});

test("what is scheduled in an event has it as its cause; what the test schedules has none", async () => {
  const { loop } = createBareWorld();
  const causes: number[] = [];
  const schedule = (): unknown => causes.push(loop.schedule(1, "task", "another", () => {}).cause);
  loop.schedule(1, "task", "first", schedule);
  loop.schedule(2, "task", "second", () => void Promise.resolve().then(schedule));
  schedule();
  await advance(loop, 5);
  await realTurns(3);
  schedule();
  expect(causes).toEqual([0, 1, 3, 0]);
});

test("who begins to wait for a world that has failed is told at once, and may let go", () => {
  const { loop } = createBareWorld();
  loop.fail(new Error("over"));
  const told: string[] = [];
  const wait = { describe: () => "x", fail: (error: Error) => void told.push(error.message) };
  for (const begin of [loop.hold, loop.waitEndlessly]) expect(() => begin(wait)()).not.toThrow();
  expect(told).toEqual(["over", "over"]);
  expect(loop.waiting()).toEqual([]);
});

test("a mock that answers within a few turns of the process does so before time moves", async () => {
  const { loop } = createBareWorld();
  const end = loop.beginMockedRequest();
  let answeredAtMs = -1;
  void realTurns(5).then(() => {
    answeredAtMs = loop.clock.nowMs;
    end();
  });
  await advance(loop, 10);
  expect([answeredAtMs, loop.clock.nowMs]).toEqual([0, 10]);
});

test("a mock that does not answer lets time move", async () => {
  const { loop } = createBareWorld();
  loop.beginMockedRequest();
  const seen: number[] = [];
  for (const ms of [1, 2]) loop.schedule(ms, "task", "event", () => seen.push(loop.clock.nowMs));
  await advance(loop, 10);
  expect(seen).toEqual([1, 2]);
});

test("real work keeps time from moving, however long it takes, and lets it go on when it ends", async () => {
  const { loop } = createBareWorld();
  const end = loop.beginRealWork("zlib");
  let ran = false;
  loop.schedule(1, "task", "event", () => (ran = true));
  const advanced = advance(loop, 5);
  // More turns than the loop looks in without a pause.
  await realTurns(150);
  expect([ran, loop.clock.nowMs, loop.realIo()]).toEqual([false, 0, { what: "zlib", slow: false }]);
  end();
  await advanced;
  expect([ran, loop.realIo()]).toEqual([true, undefined]);
});

// Real time. What is claimed holds on the slowest machine: virtual time is never ahead of it.

/** Waits as a client on a real port does. */
function holdInRealTime(loop: Loop): () => void {
  return loop.hold({ describe: () => "a client", fail: () => {}, inRealTime: true });
}

test("for a client in real time, time moves no faster than real time", async () => {
  const { loop } = createBareWorld();
  const fromMs = performance.now();
  const release = holdInRealTime(loop);
  await new Promise<void>((resolve) => void loop.schedule(40, "task", "event", resolve));
  expect(performance.now() - fromMs).toBeGreaterThanOrEqual(39);
  release();
});

test("a client in real time finds the time of day as it is when it comes, also while nothing was to do", async () => {
  const { loop } = createBareWorld();
  const release = holdInRealTime(loop);
  await realMs(40);
  const atMs = await new Promise<number>(
    (resolve) => void loop.schedule(0, "task", "event", () => resolve(loop.clock.nowMs)),
  );
  expect(atMs).toBeGreaterThanOrEqual(30);
  release();
});

test("time follows real time at a speed, and stands when nobody follows", async () => {
  const { loop } = createBareWorld();
  const fromMs = performance.now();
  const end = loop.followRealTime(1_000);
  await new Promise<void>((resolve) => void loop.schedule(20_000, "task", "event", resolve));
  const tookMs = performance.now() - fromMs;
  expect(tookMs).toBeGreaterThanOrEqual(19);
  expect(tookMs).toBeLessThan(10_000);
  end();
  await realTurns(5);
  const stoodAtMs = loop.clock.nowMs;
  await realMs(20);
  expect(loop.clock.nowMs).toBe(stoodAtMs);
});

test("who follows real time again begins anew: the time between is not caught up with", async () => {
  const { loop } = createBareWorld();
  loop.followRealTime(1)();
  await realTurns(5);
  const again = loop.followRealTime(1);
  await realMs(5);
  again();
  await realTurns(5);
  await realMs(60);
  const beforeMs = loop.clock.nowMs;
  const fromMs = performance.now();
  const end = loop.followRealTime(1);
  await new Promise<void>((resolve) => void loop.schedule(10, "task", "event", resolve));
  expect(loop.clock.nowMs - beforeMs).toBeLessThanOrEqual(performance.now() - fromMs + 1);
  end();
});

async function realTurns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

async function realMs(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
