/** Vitest's own tools beside a world that has the globals: in the real Vitest that runs this file. */
import { EventEmitter, on, once } from "node:events";
import { readFile } from "node:fs/promises";
import net from "node:net";
import { Worker } from "node:worker_threads";

import FakeTimers from "@sinonjs/fake-timers";
import { describe, test as plain, vi } from "vitest";

import { expect, test } from "phoenix-sim/vitest";

import { realNowMs } from "../../../../../sim/kernel/index.js";

const { waitFor: keptWaitFor } = vi;
const options = { timeout: 30_000, interval: 250 };

function codeOf(work: () => unknown): unknown {
  try {
    work();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return "nothing thrown";
}

async function virtually(
  phoenix: { readonly clock: { readonly nowMs: number } },
  work: () => unknown,
): Promise<{ error: unknown; ms: number; realMs: number }> {
  const [from, realFrom] = [phoenix.clock.nowMs, realNowMs()];
  const error = await Promise.resolve()
    .then(work)
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  return { error, ms: phoenix.clock.nowMs - from, realMs: realNowMs() - realFrom };
}

describe("what polls", () => {
  test("vi.waitFor sees the world move, by a callback that throws and by one that is async", async ({
    phoenix,
  }) => {
    const { id } = await phoenix.client.createExperiment({ name: "waited-for" });
    const found = await vi.waitFor(() => {
      expect(phoenix.stateHistory(id)).toContain("running");
      return "found";
    }, options);
    expect(found).toBe("found");
    await vi.waitFor(
      async () => {
        const reply = await fetch(`${phoenix.url}/health`);
        expect(reply.status).toBe(200);
        expect(phoenix.clock.nowMs).toBeGreaterThan(20_000);
      },
      { timeout: 60_000 },
    );
  });

  test("vi.waitUntil waits for what is truthy", async ({ phoenix }) => {
    const { id } = await phoenix.client.createExperiment({ name: "waited-until" });
    const last = await vi.waitUntil(() => phoenix.stateHistory(id).includes("running") && "running", options);
    expect(last).toBe("running");
  });

  test("expect.poll takes matchers, negations, chains and messages", async ({ phoenix }) => {
    const { id } = await phoenix.client.createExperiment({ name: "polled-for" });
    await expect.poll(() => phoenix.stateHistory(id).at(-1), options).toBe("running");
    await expect.poll(() => phoenix.stateHistory(id), options).not.toHaveLength(1);
    await expect.poll(async () => (await fetch(`${phoenix.url}/health`)).status).to.be.above(199);
    const { error } = await virtually(phoenix, () =>
      expect.poll(() => 1, { timeout: 500, message: "the answer" }).toBe(2),
    );
    expect(String(error)).toContain("the answer: expected 1 to be 2");
  });

  test("those that fail end with the last error after the time-out in virtual time", async ({ phoenix }) => {
    let asked = 0;
    const failing = [
      () => vi.waitFor(() => expect((asked += 1)).toBe(0), { timeout: 20_000, interval: 5000 }),
      () => expect.poll(() => (asked += 1), { timeout: 20_000, interval: 5000 }).toBe(0),
    ];
    for (const work of failing) {
      asked = 0;
      const { error, ms, realMs } = await virtually(phoenix, work);
      expect(String(error)).toMatch(/expected \d to be \+?0/);
      expect((error as Error).stack).toContain("vitest-tools.test.ts");
      expect(ms).toBeCloseTo(20_000);
      expect(asked).toBeGreaterThanOrEqual(5);
      expect(realMs).toBeLessThan(3000);
    }
    const never = await virtually(phoenix, () => vi.waitFor(() => new Promise(() => {})));
    expect([String(never.error), Math.round(never.ms)]).toEqual(["Error: Timed out in waitFor!", 1000]);
    const falsy = await virtually(phoenix, () => vi.waitUntil(() => false, 700));
    expect([String(falsy.error), Math.round(falsy.ms)]).toEqual(["Error: Timed out in waitUntil!", 700]);
    const thrown = await virtually(phoenix, () =>
      vi.waitUntil(() => {
        throw new Error("at once");
      }),
    );
    expect([String(thrown.error), thrown.ms]).toEqual(["Error: at once", 0]);
  });

  test("matchers that Vitest's expect.poll refuses are refused", ({ phoenix }) => {
    expect(phoenix.failure).toBe(undefined);
    expect(() => expect.poll(() => 1).toThrow()).toThrow(SyntaxError);
  });

  test("each counts as one assertion", async ({ phoenix }) => {
    expect.assertions(2);
    const from = phoenix.clock.nowMs;
    await expect.poll(() => phoenix.clock.nowMs - from).toBeGreaterThan(190);
    expect(phoenix.clock.nowMs - from).toBeLessThan(210);
  });

  test("what polls in real time, taken from the context or kept from before, moves the world as well", async ({
    phoenix,
    expect: local,
  }) => {
    const { id } = await phoenix.client.createExperiment({ name: "polled-locally" });
    await local.poll(() => phoenix.stateHistory(id).at(-1), { timeout: 4000, interval: 100 }).toBe("running");
    const from = phoenix.clock.nowMs;
    await keptWaitFor(() => local(phoenix.clock.nowMs - from).toBeGreaterThan(20), { interval: 20 });
    local(vi.isFakeTimers()).toBe(false);
  });

  test("expect(...).resolves and rejects wait for what the world brings", async ({ phoenix }) => {
    await expect(fetch(`${phoenix.url}/health`).then((reply) => reply.status)).resolves.toBe(200);
    await expect(phoenix.until(() => false, { within: "10s" })).rejects.toMatchObject({
      code: "SIM_WAIT_TIMEOUT",
    });
    const later = new Promise((resolve) => setTimeout(() => resolve("later"), 90_000));
    await expect(later).resolves.toBe("later");
  });

  test("a world that fails meanwhile ends the polling with its own error", async ({ phoenix }) => {
    phoenix.at("5s", "breaks", () => {
      throw new Error("broken");
    });
    const { error } = await virtually(phoenix, () => vi.waitFor(() => expect(1).toBe(2), 60_000));
    expect(String(error)).toBe("Error: broken");
  });

  test("real I/O in an attempt is waited for, and no virtual time-out comes first", async ({ phoenix }) => {
    const text = await vi.waitFor(async () => readFile(new URL(import.meta.url), "utf8"));
    expect(text).toContain("no virtual time-out comes first");
    expect(phoenix.clock.nowMs).toBeLessThan(1000);
  });

  test("loops with global timers, as testing-library, p-retry and async-retry have them, pass virtually", async ({
    phoenix,
  }) => {
    const { id } = await phoenix.client.createExperiment({ name: "retried" });
    const waitForLikeTestingLibrary = async (check: () => void): Promise<void> =>
      new Promise((resolve, reject) => {
        const timeout = setTimeout(() => reject(new Error("timed out")), 30_000);
        const interval = setInterval(() => {
          try {
            check();
          } catch {
            return;
          }
          clearTimeout(timeout);
          clearInterval(interval);
          resolve();
        }, 50);
      });
    // That one asks this of the timers, to see whether it must move them itself.
    expect(Object.hasOwn(setTimeout, "clock")).toBe(false);
    await waitForLikeTestingLibrary(() => expect(phoenix.stateHistory(id)).toContain("running"));
    for (let attempt = 0; attempt < 8; attempt += 1) {
      await new Promise((resolve) => setTimeout(resolve, 1000 * 2 ** attempt));
    }
    expect(phoenix.clock.nowMs).toBeGreaterThan(255_000);
  });

  test("events.once waits for what a timer or an answer brings", async ({ phoenix }) => {
    const bus = new EventEmitter();
    setTimeout(() => bus.emit("done", 7), 60_000);
    expect(await once(bus, "done")).toEqual([7]);
    void fetch(`${phoenix.url}/health`).then((reply) => bus.emit("answer", reply.status));
    expect(await once(bus, "answer")).toEqual([200]);
    expect(phoenix.waiting()).toEqual([]);
  });

  test("events.once and events.on let an idle socket's messages come", async ({ phoenix }) => {
    const { id } = await phoenix.client.createExperiment({ name: "heard" });
    const { token } = await phoenix.client.login("admin@phoenix.io", "admin123");
    const socket = new WebSocket(`${phoenix.socketUrl}?token=${token}`);
    await once(socket, "open");
    socket.send(JSON.stringify({ type: "subscribe", channels: ["*"] }));
    const [first] = (await once(socket, "message")) as [MessageEvent<string>];
    expect(first.data).toContain("type");
    for await (const [event] of on(socket, "message") as AsyncIterable<[MessageEvent<string>]>) {
      if (event.data.includes("running")) break;
    }
    expect(phoenix.stateHistory(id)).toContain("running");
    socket.close();
  });

  test("events.once for what never comes ends with a code that says what to write", async ({ phoenix }) => {
    const { error, realMs } = await virtually(phoenix, () => once(new EventEmitter(), "never"));
    expect(error).toMatchObject({ code: "SIM_WAIT_TIMEOUT", hint: expect.stringContaining("phoenix.until") });
    expect(realMs).toBeLessThan(4000);
    const aborted = await virtually(phoenix, () =>
      once(new EventEmitter(), "never", { signal: AbortSignal.timeout(700) }),
    );
    expect([(aborted.error as Error).name, Math.round(aborted.ms)]).toEqual(["AbortError", 700]);
  });

  test("events.once for real things waits for them, and moves no time", async ({ phoenix }) => {
    const server = net.createServer((socket) => socket.end()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const worker = new Worker(
      `setTimeout(() => require("node:worker_threads").parentPort.postMessage(7), 50)`,
      {
        eval: true,
      },
    );
    expect(await once(worker, "message")).toEqual([7]);
    expect(phoenix.clock.nowMs).toBeLessThan(1000);
    await worker.terminate();
    server.close();
  });
});

describe("what fakes or moves timers", () => {
  const own = Date;

  test("vi.useFakeTimers and installs of fake-timers are refused in a world", ({ phoenix }) => {
    const refused = [
      () => vi.useFakeTimers(),
      () => vi.useFakeTimers({ toFake: ["setInterval"] }),
      () => vi.useFakeTimers({ toFake: ["Date"], now: 5 }),
      () => vi.setSystemTime(5),
      () => vi.advanceTimersByTime(5),
      () => vi.runAllTimers(),
      () => vi.getTimerCount(),
      () => FakeTimers.install(),
      () => FakeTimers.install({ toFake: ["setTimeout"] }),
    ];
    expect(refused.map(codeOf)).toEqual(refused.map(() => "SIM_TIMERS_TAKEN"));
    expect(Date.now()).toBe(phoenix.clock.date.getTime());
  });

  test("so are the asynchronous ones, by a rejection", async ({ phoenix }) => {
    expect(phoenix.failure).toBe(undefined);
    await expect(vi.advanceTimersByTimeAsync(5)).rejects.toMatchObject({ code: "SIM_TIMERS_TAKEN" });
    await expect(vi.runAllTimersAsync()).rejects.toThrow("phoenix.clock.advance");
  });

  test("vi.useRealTimers, as an afterEach calls it, changes nothing", async ({ phoenix }) => {
    vi.useRealTimers();
    vi.clearAllTimers();
    await new Promise((resolve) => setTimeout(resolve, 90_000));
    expect(phoenix.clock.nowMs).toBeGreaterThan(90_000);
  });

  plain("afterwards other tests of the file have their own fake timers", async () => {
    expect(Date).toBe(own);
    vi.useFakeTimers({ now: 5 });
    const fired = vi.fn();
    setTimeout(fired, 1000);
    vi.advanceTimersByTime(1000);
    expect(fired).toHaveBeenCalledOnce();
    expect(Date.now()).toBe(1005);
    vi.useRealTimers();
    vi.setSystemTime(5);
    expect(Date.now()).toBe(5);
    vi.useRealTimers();
    const clock = FakeTimers.install();
    expect(Date.now()).toBe(0);
    clock.uninstall();
    await vi.waitFor(() => expect(1).toBe(1));
    expect(Date).toBe(own);
  });

  test("and a world after them has its own", ({ phoenix }) => {
    expect(Date.now()).toBe(phoenix.clock.date.getTime());
  });
});
