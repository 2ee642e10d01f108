import { expect, test } from "vitest";
import {
  createCacheClient,
  createRedisServer,
  type RedisSession,
} from "../../../../../sim/servers/redis/index.js";
import { createTestClock } from "./test-clock.js";

/** A server, and a client whose connections break with `cut` and are refused while `down`. */
function setup() {
  const clock = createTestClock();
  const server = createRedisServer({ clock });
  const open = new Set<{ session: RedisSession; onLost: () => void; fail: (problem: Error) => void }>();
  const state = { down: false, attempts: 0 };
  const cache = createCacheClient({
    setTimer: clock.setTimer,
    async connect({ onPush, onLost }) {
      state.attempts += 1;
      if (state.down) throw Object.assign(new Error("connect ECONNREFUSED"), { code: "ECONNREFUSED" });
      const session = server.connect({ onPush });
      let fail: (problem: Error) => void = () => undefined;
      const broken = new Promise<never>((_resolve, reject) => {
        fail = reject;
      });
      broken.catch(() => undefined);
      open.add({ session, onLost, fail });
      return {
        execute: async (args) => Promise.race([session.execute(args), broken]),
        close: () => session.close(),
      };
    },
  });
  function cut(): void {
    for (const { session, onLost, fail } of open) {
      session.close();
      fail(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
      onLost();
    }
    open.clear();
  }
  return { cache, clock, cut, server, state };
}

const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

test("values expire after the time given", async () => {
  const { cache, clock } = setup();
  await cache.set("k", "grün", 1000);
  expect(await cache.get("k")).toBe("grün");
  clock.advance(1001);
  expect(await cache.get("k")).toBeNull();
  expect(await cache.del("k")).toBe(0);
});

test("messages reach each listener until it ends", async () => {
  const { cache, server } = setup();
  const received: string[] = [];
  const end = cache.subscribe("events", (message) => received.push(`first ${message}`));
  cache.subscribe("events", (message) => received.push(`second ${message}`));
  await settle();
  expect(await cache.publish("events", "a")).toBe(1);
  end();
  await cache.publish("events", "b");
  expect(received).toEqual(["first a", "second a", "second b"]);
  expect(server.inspect.subscribers("events")).toBe(1);
});

test("a broken connection loses what was published meanwhile and comes back by itself", async () => {
  const { cache, clock, cut } = setup();
  const received: string[] = [];
  cache.subscribe("events", (message) => received.push(message));
  await settle();
  cut();
  expect(await cache.publish("events", "lost")).toBe(0);
  clock.advance(50);
  await settle();
  expect(await cache.publish("events", "heard")).toBe(1);
  expect(received).toEqual(["heard"]);
});

test("while the server is down commands fail at once, and subscriptions wait longer each time", async () => {
  const { cache, clock, cut, state } = setup();
  cache.subscribe("events", () => undefined);
  await settle();
  state.down = true;
  cut();
  await expect(cache.get("k")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  state.attempts = 0;
  for (const delayMs of [50, 100, 150]) {
    clock.advance(delayMs);
    await settle();
  }
  expect(state.attempts).toBe(3);
  state.down = false;
  clock.advance(200);
  await settle();
  expect(await cache.publish("events", "back")).toBe(1);
});

test("an error of the server rejects with its text", async () => {
  const { cache, server } = setup();
  await server.connect().execute(["RPUSH", "list", "x"]);
  await expect(cache.get("list")).rejects.toThrow("WRONGTYPE");
});
