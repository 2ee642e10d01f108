import nodeCrypto from "node:crypto";
import events from "node:events";
import http from "node:http";
import https from "node:https";
import perfHooks from "node:perf_hooks";
import timers from "node:timers";
import timersPromises from "node:timers/promises";
import axios from "axios";
import { request as undiciRequest } from "undici";
import { WebSocket as Ws } from "ws";
import { afterEach, expect, test, vi } from "vitest";

import { createRealClients } from "../../../../../sim/world/edges/index.js";
import { seededDriver } from "../../../../../sim/kernel/index.js";
import { type TinyWorldOptions, createTinyWorld, giveGlobals } from "./tiny-world.js";

const cleanUps: (() => void)[] = [];
afterEach(() => {
  for (const cleanUp of cleanUps.splice(0).reverse()) cleanUp();
});

async function setUp(options: TinyWorldOptions = {}, name = "a test") {
  const world = createTinyWorld(options);
  const globals = await giveGlobals(world, name);
  cleanUps.push(globals.uninstall);
  return { ...world, globals };
}

const url = "http://gateway:8080/health";

// Everything the edge may touch, as it is.
function snapshot() {
  const touched: [object, PropertyKey[]][] = [
    [globalThis, Reflect.ownKeys(globalThis)],
    [timers, Reflect.ownKeys(timers)],
    [timersPromises, Reflect.ownKeys(timersPromises)],
    [timersPromises.scheduler, Reflect.ownKeys(timersPromises.scheduler)],
    [nodeCrypto, Reflect.ownKeys(nodeCrypto)],
    [nodeCrypto.webcrypto, Reflect.ownKeys(nodeCrypto.webcrypto)],
    [events, Reflect.ownKeys(events)],
    [http, Reflect.ownKeys(http)],
    [https, Reflect.ownKeys(https)],
    [Math, ["random"]],
    [AbortSignal, ["timeout"]],
    [process, ["hrtime", "nextTick", "uptime"]],
    [perfHooks.performance, Reflect.ownKeys(perfHooks.performance)],
    [Performance.prototype, Reflect.ownKeys(Performance.prototype)],
    [perfHooks, Reflect.ownKeys(perfHooks)],
    [Event.prototype, Reflect.ownKeys(Event.prototype)],
    [EventTarget.prototype, Reflect.ownKeys(EventTarget.prototype)],
    [vi, Reflect.ownKeys(vi)],
    [expect, Reflect.ownKeys(expect)],
  ];
  return touched.map(([target, keys]) =>
    keys.map((key) => [key, Object.getOwnPropertyDescriptor(target, key)] as const),
  );
}

test("plain fetch, http, https-style clients and axios reach the world", async () => {
  const { clock } = await setUp();
  const viaFetch = (await (await fetch(url)).json()) as { url: string };
  expect(viaFetch.url).toBe(url);
  const { data, status } = await axios.post<{ body: string }>(url, { a: 1 });
  expect([status, data.body]).toEqual([200, '{"a":1}']);
  const viaHttp = await new Promise<string>((resolve, reject) => {
    http
      .get(url, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve(text));
      })
      .on("error", reject);
  });
  expect(JSON.parse(viaHttp)).toMatchObject({ method: "GET", url });
  // 10 ms for a call, 20 with a connection; the agent keeps that of axios for the next.
  expect(clock.nowMs).toBeCloseTo(40, 1);
});

test("network errors keep Node's codes through every client", async () => {
  const { gateway } = await setUp();
  const print = vi.spyOn(console, "error");
  gateway.kill();
  await expect(fetch(url)).rejects.toMatchObject({
    message: "fetch failed",
    cause: { code: "ECONNREFUSED" },
  });
  await expect(axios.get(url)).rejects.toMatchObject({ code: "ECONNREFUSED" });
  expect(print).not.toHaveBeenCalled();
});

test("a time-out of axios passes in virtual time", async () => {
  const { gateway, clock } = await setUp();
  gateway.pause();
  await expect(axios.get(url, { timeout: 2000 })).rejects.toMatchObject({ code: "ECONNABORTED" });
  expect(clock.nowMs).toBe(2000);
});

test("what no simulated host serves is an error naming the nearest, and never the real network", async () => {
  await setUp();
  await expect(fetch("http://gatewai:8080/")).rejects.toThrow("http://gateway:8080");
  await expect(axios.get("http://gatewai:8080/")).rejects.toThrow("http://gateway:8080");
});

test("the test's own timers, Date and performance keep the world's time", async () => {
  const { clock, globals } = await setUp();
  const start = Date.now();
  expect(start).toBe(clock.unixMs);
  const beganAt = performance.now();
  await new Promise((resolve) => setTimeout(resolve, 120_000));
  expect(Date.now() - start).toBe(120_000);
  expect(performance.now() - beganAt).toBe(120_000);
  setTimeout(() => {}, 5000);
  expect(globals.openTimers()).toMatchObject([{ what: "Timeout due in 5000 ms" }]);
});

test("the time-outs of node:http pass in virtual time, set either way", async () => {
  const { gateway, clock, globals } = await setUp();
  gateway.pause();
  const timedOut = async (start: (onTimeout: () => void) => http.ClientRequest) =>
    new Promise<void>((resolve) => {
      const request = start(resolve).on("error", () => {});
      request.on("timeout", () => request.destroy());
    });
  await timedOut((done) => http.get(url).setTimeout(3000, done));
  expect(clock.nowMs).toBe(3000);
  await timedOut((done) => http.get(url, { timeout: 4000 }).on("timeout", done));
  expect(clock.nowMs).toBe(7000);
  gateway.resume();
  await axios.get(url, { timeout: 5000 });
  expect(globals.openTimers()).toEqual([]);
});

test("a timer that was unrefed fires in its turn, but moves no time and is not left open", async () => {
  const { clock, globals } = await setUp();
  const fired: number[] = [];
  setTimeout(() => fired.push(clock.nowMs), 50).unref();
  const interval = setInterval(() => fired.push(clock.nowMs), 80).unref();
  await new Promise((resolve) => process.nextTick(resolve));
  expect([clock.nowMs, globals.openTimers()]).toEqual([0, []]);
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(fired).toEqual([50, 80]);
  clearInterval(interval);
});

test("a WebSocket of the test is the world's", async () => {
  await setUp();
  const socket = new WebSocket("ws://gateway:8080/ws");
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  expect(socket.readyState).toBe(WebSocket.OPEN);
});

test("a second world is refused by the name of the first, which may be installed again later", async () => {
  const { globals } = await setUp({}, "seed 7");
  await expect(setUp({}, "seed 8")).rejects.toMatchObject({ code: "SIM_GLOBALS_BUSY" });
  await expect(setUp({}, "seed 8")).rejects.toThrow('"seed 7"');
  globals.uninstall();
  await setUp({}, "seed 8");
});

test("everything is put back exactly", async () => {
  void Request;
  const before = snapshot();
  const { globals } = await setUp();
  await fetch(url);
  expect(snapshot()).not.toEqual(before);
  globals.uninstall();
  globals.uninstall();
  expect(snapshot()).toEqual(before);
});

test("stubs of vitest stay over the end of a world, and what they hid before it comes back with them", async () => {
  cleanUps.push(() => vi.unstubAllGlobals());
  void Request;
  const before = snapshot();
  const stub = vi.fn();
  vi.stubGlobal("fetch", stub);
  vi.stubGlobal("unrelated", 1);
  const { globals } = await setUp();
  vi.stubGlobal("setTimeout", stub);
  vi.stubGlobal("Date", stub);
  globals.uninstall();
  expect([fetch, setTimeout, Date, Reflect.get(globalThis, "unrelated")]).toEqual([stub, stub, stub, 1]);
  vi.unstubAllGlobals();
  expect(snapshot()).toEqual(before);
});

test("a stub made again in a world goes back to what was before the first", async () => {
  void Request;
  const before = snapshot();
  vi.stubGlobal("fetch", "before");
  const { globals } = await setUp();
  vi.stubGlobal("fetch", "in the world");
  globals.uninstall();
  expect(fetch).toBe("in the world");
  vi.unstubAllGlobals();
  expect(snapshot()).toEqual(before);
});

test.each(["mockRestore", "restoreAllMocks"])(
  "spies over a world's functions outlive it, and %s leaves what was there before",
  async (how) => {
    void Request;
    const before = snapshot();
    const { globals } = await setUp();
    const spies = [
      vi.spyOn(Math, "random"),
      vi.spyOn(globalThis, "setTimeout"),
      vi.spyOn(nodeCrypto, "randomInt"),
    ];
    expect(Math.random()).toBeLessThan(1);
    globals.uninstall();
    expect(Math.random).toBe(spies[0]);
    expect([Math.random() < 1, nodeCrypto.randomInt(5) < 5]).toEqual([true, true]);
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(spies.map(({ mock }) => mock.calls.length)).toEqual([2, 1, 1]);
    if (how === "mockRestore") for (const spy of spies) spy.mockRestore();
    else vi.restoreAllMocks();
    expect(snapshot()).toEqual(before);
    expect(vi.restoreAllMocks.name).not.toBe("healing");
  },
);

test("spies of the test's own on randomness go on working in a world, and are put back by their owner", async () => {
  const before = snapshot();
  const random = vi.spyOn(Math, "random").mockReturnValue(0.5);
  const uuid = vi.spyOn(crypto, "randomUUID").mockReturnValue("0-0-0-0-0");
  const { globals } = await setUp();
  // Interceptors draw names for themselves.
  random.mockClear();
  expect([Math.random(), crypto.randomUUID()]).toEqual([0.5, "0-0-0-0-0"]);
  globals.uninstall();
  expect([random, uuid].map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  expect(Math.random()).toBe(0.5);
  vi.restoreAllMocks();
  expect(snapshot()).toEqual(before);
});

test("a delay that is none is a millisecond, as in Node, so that polling by such timers ends", async () => {
  const { clock } = await setUp();
  for (const delay of [0, -1, Number.NaN, undefined, 2 ** 31, 0.5]) {
    const from = clock.nowMs;
    await new Promise((resolve) => setTimeout(resolve, delay));
    expect(clock.nowMs - from).toBeCloseTo(1);
  }
  const fired: string[] = [];
  setTimeout(() => fired.push("timer"), 2_000);
  let turns = 0;
  for (; fired.length === 0 && turns < 5_000; turns += 1)
    await new Promise((resolve) => setTimeout(resolve, 0));
  expect([fired, Math.round(turns / 100)]).toEqual([["timer"], 20]);
});

test("polling by promises ends in a world that has just begun to move", async () => {
  for (let world = 0; world < 3; world += 1) {
    const { globals } = await setUp();
    await new Promise((resolve) => setTimeout(resolve, 10));
    const fired: string[] = [];
    setTimeout(() => fired.push("timer"), 2_000);
    let jobs = 0;
    for (; fired.length === 0 && jobs < 1_000_000; jobs += 1) await Promise.resolve();
    expect(fired).toEqual(["timer"]);
    globals.uninstall();
  }
});

test("a timer that was kept of a world is set again by the next one, or by the process", async () => {
  let fired = 0;
  const first = await setUp();
  const timer = setTimeout(() => (fired += 1), 50_000).unref();
  first.globals.uninstall();
  for (const world of [1, 2, 3]) {
    const { globals } = await setUp();
    expect(timer.refresh()).toBe(timer);
    await new Promise((resolve) => setTimeout(resolve, 40_000));
    timer.refresh();
    await new Promise((resolve) => setTimeout(resolve, 40_000));
    expect(fired).toBe(world - 1);
    await new Promise((resolve) => setTimeout(resolve, 40_000));
    expect([fired, timer.hasRef()]).toEqual([world, false]);
    clearTimeout(timer.refresh());
    await new Promise((resolve) => setTimeout(resolve, 90_000));
    expect(fired).toBe(world);
    globals.uninstall();
  }
  timer.refresh();
  expect(Number(timer)).toBeGreaterThan(0);
});

test("what a module kept of a world works after it, and is the next world's in the next", async () => {
  const { globals } = await setUp({ driver: seededDriver(1) });
  const kept = {
    setTimeout,
    clearTimeout,
    Date,
    random: Math.random,
    now: performance.now.bind(performance),
  };
  const { randomBytes } = nodeCrypto;
  globals.uninstall();
  const real = Date.now();
  await new Promise((resolve) => kept.setTimeout(resolve, 1));
  kept.clearTimeout(kept.setTimeout(() => {}, 60_000));
  expect(Math.abs(kept.Date.now() - real)).toBeLessThan(60_000);
  expect([kept.random() < 1, randomBytes(3).length, kept.now() > 0]).toEqual([true, 3, true]);
  const { clock } = await setUp({ driver: seededDriver(1) });
  await new Promise((resolve) => kept.setTimeout(resolve, 3_600_000));
  expect(clock.nowMs).toBe(3_600_000);
  expect(kept.Date.now()).toBe(clock.unixMs);
  expect([kept.random(), randomBytes(3).toString("hex")]).not.toEqual([0, ""]);
});

test("everything is put back when installing fails half way", async () => {
  const before = snapshot();
  const world = createTinyWorld();
  const broken = new Proxy(world.loop, {
    get: (target, key) => {
      if (key === "clock") throw new Error("no clock");
      return Reflect.get(target, key) as unknown;
    },
  });
  const installing = giveGlobals({ ...world, loop: broken }, "x");
  await expect(installing).rejects.toThrow("no clock");
  expect(snapshot()).toEqual(before);
});

// A world above them would stand still for whoever moves them: they were covered silently once.
test("fakes that vitest put there before are refused, whichever they are, and stay as they are", async () => {
  const fakes: (() => void)[] = [
    () => vi.useFakeTimers({ now: 5 }),
    () => vi.useFakeTimers({ toFake: ["setInterval"] }),
    () => vi.setSystemTime(5),
  ];
  for (const fake of fakes) {
    fake();
    const before = snapshot();
    await expect(setUp()).rejects.toMatchObject({ code: "SIM_TIMERS_TAKEN" });
    expect(snapshot()).toEqual(before);
    vi.useRealTimers();
    const { globals } = await setUp();
    globals.uninstall();
  }
});

test("randomness follows the seed", async () => {
  const sample = async (seed: number) => {
    const { globals } = await setUp({ driver: seededDriver(seed) });
    const sampled = [Math.random(), crypto.randomUUID(), nodeCrypto.randomBytes(6).toString("hex")].join();
    globals.uninstall();
    return sampled;
  };
  const first = await sample(1);
  expect(await sample(1)).toBe(first);
  expect(await sample(2)).not.toBe(first);
  expect(first).toMatch(/,[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12},/);
});

test("the same calls give the same trace, through node:http too", async () => {
  const run = async () => {
    const { globals, loop } = await setUp({ driver: seededDriver(3), link: {} });
    setInterval(() => {}, 7);
    await Promise.all([1, 2, 3].map(async (i) => axios.get(`${url}/${i}`)));
    await Promise.all([1, 2, 3].map(async (i) => fetch(`${url}/${i}`)));
    const hash = loop.traceHash();
    globals.uninstall();
    return hash;
  };
  const first = await run();
  for (let i = 0; i < 5; i++) expect(await run()).toBe(first);
});

test("real clients keep their in-memory sockets while the globals are on", async () => {
  const world = await setUp();
  const clients = await createRealClients(world);
  const dispatcher = await clients.createUndiciAgent();
  const { statusCode, body } = await undiciRequest(url, { dispatcher });
  expect(statusCode).toBe(200);
  await body.text();
  expect((await axios.get(url, { httpAgent: clients.createHttpAgent() })).status).toBe(200);
  const socket = new Ws("ws://gateway:8080/ws", { createConnection: clients.createConnection });
  const answer = await new Promise<string>((resolve, reject) => {
    socket.on("open", () => {
      socket.send("hi");
      // A timer of the test lets time move; an open socket does not.
      setTimeout(() => {}, 1000);
    });
    socket.on("message", (data: Buffer) => resolve(data.toString()));
    socket.on("error", reject);
  });
  expect(answer).toBe("echo hi");
  socket.terminate();
});
