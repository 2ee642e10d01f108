/** Does what each listed source does, and looks whether its state is the one that the list says. */
import { readFile } from "node:fs/promises";
import nodeCrypto, { randomInt } from "node:crypto";
import { EventEmitter, once } from "node:events";
import http from "node:http";
import net from "node:net";
import perfHooks from "node:perf_hooks";
import { setTimeout as namedSetTimeout } from "node:timers";
import { scheduler, setTimeout as promisedSetTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { MessageChannel } from "node:worker_threads";
import { gzip } from "node:zlib";

import FakeTimers from "@sinonjs/fake-timers";
import { request as undiciRequest } from "undici";
import { afterEach, expect, test, vi } from "vitest";

import { type SourceState, printSources, sources } from "../../../../../sim/world/edges/index.js";
import { realNowMs, seededDriver, waitFor } from "../../../../../sim/kernel/index.js";
import { namesOfNode } from "./names-of-node.js";
import { ofNoConcern } from "./of-no-concern.js";
import { createTinyWorld, giveGlobals } from "./tiny-world.js";

const keptSetTimeout = setTimeout;
const keptFetch = fetch;
const url = "http://gateway:8080/";

type World = ReturnType<typeof createTinyWorld>;
type Probe = (world: World) => Promise<SourceState> | SourceState;

let uninstall: () => void = () => {};
afterEach(() => uninstall());

async function install(): Promise<World> {
  uninstall();
  const world = createTinyWorld({ driver: seededDriver(1) });
  const globals = await giveGlobals(world);
  uninstall = globals.uninstall;
  return world;
}

/** An hour that passes is a virtual one. */
async function passesAnHour(world: World, wait: (delayMs: number) => Promise<unknown>): Promise<SourceState> {
  const beforeMs = world.clock.nowMs;
  await wait(3_600_000);
  return world.clock.nowMs - beforeMs >= 3_600_000 ? "replaced" : "not guarded";
}

/** What reads a clock is the world's when it sees exactly the virtual time that passed, and no other. */
async function sees(read: () => number): Promise<SourceState> {
  const before = read();
  await new Promise((resolve) => setTimeout(resolve, 5_000));
  return Math.abs(read() - before - 5_000) < 0.01 ? "replaced" : "not guarded";
}

/** Two worlds of one seed draw the same. */
async function repeats(sample: () => unknown): Promise<SourceState> {
  const first = await sample();
  await install();
  return JSON.stringify(await sample()) === JSON.stringify(first) ? "replaced" : "not guarded";
}

/** Real work ends, and virtual time has not moved, although something waits for it. */
async function movesNoTime(
  world: World,
  state: SourceState,
  work: () => Promise<unknown>,
): Promise<SourceState> {
  world.loop.schedule(1, "timer", "tempting", () => {});
  await work();
  expect(world.clock.nowMs).toBe(0);
  return state;
}

const probes: Readonly<Record<string, Probe>> = {
  Date: async ({ clock }) => {
    expect(Date.now()).toBe(clock.unixMs);
    return sees(() => new Date().getTime());
  },
  "setTimeout, setInterval, setImmediate": async (world) => {
    await new Promise((resolve) => setImmediate(resolve));
    await new Promise<void>((resolve) => {
      const timer = setInterval(() => {
        clearInterval(timer);
        resolve();
      }, 1000);
    });
    return passesAnHour(world, (ms) => new Promise((resolve) => setTimeout(resolve, ms)));
  },
  "node:timers": (world) =>
    passesAnHour(world, (ms) => new Promise((resolve) => namedSetTimeout(resolve, ms))),
  "node:timers/promises": (world) => passesAnHour(world, promisedSetTimeout),
  "util.promisify(setTimeout)": (world) => passesAnHour(world, promisify(setTimeout)),
  "scheduler.wait": (world) => passesAnHour(world, (ms) => scheduler.wait(ms)),
  "AbortSignal.timeout": async ({ loop, clock }) => {
    const signal = AbortSignal.timeout(3_600_000);
    await waitFor(loop, {
      label: "the signal",
      within: "2h",
      check: () => (signal.aborted ? true : undefined),
    });
    expect((signal.reason as Error).name).toBe("TimeoutError");
    return clock.nowMs === 3_600_000 ? "replaced" : "not guarded";
  },
  "performance.now, timeOrigin, toJSON": async ({ clock }): Promise<SourceState> => {
    expect(Math.abs(performance.timeOrigin + performance.now() - clock.unixMs)).toBeLessThan(1);
    expect(performance.toJSON()).toMatchObject({ timeOrigin: performance.timeOrigin });
    return sees(() => performance.now());
  },
  "performance.mark, measure, PerformanceMark": async (): Promise<SourceState> => {
    const [start, made] = [performance.mark("start"), new PerformanceMark("made", { detail: 1 })];
    expect(made).toMatchObject({ startTime: start.startTime, detail: 1 });
    expect(performance.mark("given", { startTime: 7 }).startTime).toBe(7);
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    const end = performance.mark("end");
    const measured = [
      performance.measure("a", "start"),
      performance.measure("b", { start: "start" }),
      performance.measure("c", "start", "end"),
      performance.measure("d", { start: "start", duration: 5_000 }),
      performance.measure("e", { start: start.startTime, end: end.startTime }),
    ];
    for (const { duration } of measured) expect(duration).toBeCloseTo(5_000);
    expect(performance.measure("f").duration).toBeCloseTo(performance.now());
    expect(performance.getEntriesByName("end")[0]?.startTime).toBe(end.startTime);
    performance.clearMarks();
    performance.clearMeasures();
    return "replaced";
  },
  PerformanceObserver: (world) =>
    movesNoTime(world, "not guarded", async () => {
      const seen = new Promise<PerformanceEntry[]>((resolve) => {
        const observer = new PerformanceObserver((list) => {
          observer.disconnect();
          resolve(list.getEntries());
        });
        observer.observe({ entryTypes: ["mark"] });
      });
      performance.mark("seen");
      expect((await seen)[0]).toMatchObject({ name: "seen", startTime: performance.now() });
    }),
  "performance.eventLoopUtilization": async (): Promise<SourceState> => {
    const before = perfHooks.performance.eventLoopUtilization();
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    const since = perfHooks.performance.eventLoopUtilization(before);
    return since.idle === 5_000 && since.utilization === 0 ? "replaced" : "not guarded";
  },
  "performance.nodeTiming, timerify, monitorEventLoopDelay": () =>
    sees(() => perfHooks.performance.nodeTiming.duration),
  "Event.timeStamp": async () => {
    class OwnEvent extends Event {}
    const made = [new Event("a"), new CustomEvent("b"), new MessageEvent("c"), new OwnEvent("d")];
    const madeAt = performance.now();
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect(made.map(({ timeStamp }) => timeStamp)).toEqual(made.map(() => madeAt));
    expect(made[0]).toBeInstanceOf(Event);
    const controller = new AbortController();
    const aborted = new Promise<Event>((resolve) => {
      controller.signal.addEventListener("abort", resolve);
    });
    controller.abort();
    const { timeStamp } = await aborted;
    expect(timeStamp).toBe(performance.now());
    return sees(() => new Event("e").timeStamp);
  },
  "process.hrtime, process.hrtime.bigint": async () => {
    expect(await sees(() => Number(process.hrtime.bigint()) / 1e6)).toBe("replaced");
    return sees(() => process.hrtime()[0] * 1e3 + process.hrtime()[1] / 1e6);
  },
  "process.uptime": () => sees(() => process.uptime() * 1000),
  "Intl.DateTimeFormat without a date": ({ clock }) => {
    const format = new Intl.DateTimeFormat("en", { dateStyle: "full", timeStyle: "long", timeZone: "UTC" });
    return format.format() === format.format(clock.unixMs) ? "replaced" : "not guarded";
  },
  "Temporal.Now": async (): Promise<SourceState> => {
    const temporal = Reflect.get(globalThis, "Temporal") as
      { Now: { instant(): { epochMilliseconds: number } } } | undefined;
    return temporal === undefined ? "replaced" : sees(() => temporal.Now.instant().epochMilliseconds);
  },
  "request.setTimeout of node:http": async (world) => {
    world.gateway.pause();
    return passesAnHour(
      world,
      (ms) =>
        new Promise((resolve) => {
          const request = http.get(url).on("error", () => {});
          request.setTimeout(ms / 60, () => request.destroy());
          request.on("close", () => setTimeout(resolve, ms));
        }),
    );
  },
  "events.once, events.on": async ({ loop, clock }): Promise<SourceState> => {
    const emitter = new EventEmitter();
    const fromMs = clock.nowMs;
    loop.schedule(90_000, "timer", "emits", () => emitter.emit("come"));
    await once(emitter, "come");
    return clock.nowMs - fromMs === 90_000 ? "replaced" : "not guarded";
  },
  "vi.waitFor, vi.waitUntil, expect.poll": async ({ clock }): Promise<SourceState> => {
    await vi.waitFor(() => expect(clock.nowMs).toBe(700), { timeout: 900, interval: 100 });
    await vi.waitUntil(() => clock.nowMs === 1400, { timeout: 900, interval: 100 });
    await expect.poll(() => clock.nowMs, { timeout: 900, interval: 100 }).toBe(2100);
    return "replaced";
  },
  "vi.useFakeTimers, fake-timers and sinon": async (): Promise<SourceState> => {
    const refused = { code: "SIM_TIMERS_TAKEN" };
    const own = setTimeout;
    expect(() => vi.useFakeTimers()).toThrow(expect.objectContaining(refused));
    expect(() => FakeTimers.install({ toFake: ["setTimeout"] })).toThrow(expect.objectContaining(refused));
    const { mock } = await import("node:test");
    expect(() => mock.timers.enable()).toThrow(expect.objectContaining(refused));
    mock.timers.reset();
    expect(setTimeout).toBe(own);
    uninstall();
    mock.timers.enable({ apis: ["setTimeout"] });
    await expect(install()).rejects.toMatchObject(refused);
    mock.timers.reset();
    return "refused";
  },
  "process.nextTick, queueMicrotask": (world) =>
    movesNoTime(world, "benign", async () => {
      await new Promise<void>((resolve) => queueMicrotask(resolve));
      await new Promise<void>((resolve) => process.nextTick(resolve));
    }),
  "scheduler.yield": (world) => movesNoTime(world, "benign", () => scheduler.yield()),
  "timers kept from before": (world) =>
    movesNoTime(world, "not guarded", () => new Promise((resolve) => keptSetTimeout(resolve, 2))),
  "Atomics.wait, Atomics.waitAsync": (world) =>
    movesNoTime(world, "not guarded", async () => {
      const [from, shared] = [realNowMs(), new Int32Array(new SharedArrayBuffer(4))];
      expect(Atomics.wait(shared, 0, 0, 5)).toBe("timed-out");
      expect(realNowMs() - from).toBeGreaterThan(4);
    }),
  "MessageChannel, BroadcastChannel, worker threads": (world) =>
    movesNoTime(world, "not guarded", async () => {
      const [port1, receiver] = [new BroadcastChannel("a"), new BroadcastChannel("a")];
      const heard = new Promise((resolve) => {
        receiver.addEventListener("message", resolve);
      });
      port1.postMessage(1);
      await heard;
      port1.close();
      receiver.close();
      const pair = new MessageChannel();
      const arrived = new Promise((resolve) => pair.port2.once("message", resolve));
      pair.port1.postMessage(1);
      await arrived;
      pair.port1.close();
    }),
  "navigator.locks": (world) =>
    movesNoTime(world, "not guarded", async () => {
      const { locks } = (Reflect.get(globalThis, "navigator") ?? {}) as {
        locks?: { request(name: string, run: () => void): Promise<void> };
      };
      await locks?.request("a", () => {});
    }),
  "Math.random": () => repeats(() => Math.random()),
  "crypto.randomUUID, crypto.getRandomValues": () =>
    repeats(() => [crypto.randomUUID(), [...crypto.getRandomValues(new Uint8Array(5))]]),
  "node:crypto randomBytes, randomInt, randomUUID, randomUUIDv7, randomFill, randomFillSync": () =>
    repeats(async () => [
      nodeCrypto.randomBytes(3).toString("hex"),
      await promisify(nodeCrypto.randomBytes)(3).then((bytes) => bytes.toString("hex")),
      randomInt(1000),
      nodeCrypto.randomInt(5, 1000),
      nodeCrypto.randomUUID(),
      nodeCrypto.randomFillSync(Buffer.alloc(3)).toString("hex"),
      nodeCrypto.randomFillSync(Buffer.alloc(4), 1, 2).toString("hex"),
      await promisify((buffer: Buffer, done: (error: Error | null, filled: Buffer) => void) =>
        nodeCrypto.randomFill(buffer, done),
      )(Buffer.alloc(3)).then((bytes) => bytes.toString("hex")),
      (Reflect.get(nodeCrypto, "randomUUIDv7") as (() => string) | undefined)?.(),
      [...nodeCrypto.getRandomValues(new Uint8Array(3))],
    ]),
  "crypto.subtle, key generation": () =>
    repeats(async () => {
      const key = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, true, ["sign"]);
      return crypto.subtle.exportKey("jwk", key);
    }),
  "WeakRef, FinalizationRegistry": (): SourceState =>
    new WeakRef({}).deref() === undefined ? "replaced" : "not guarded",
  "process.memoryUsage, cpuUsage, pid; node:os, node:v8": (): SourceState =>
    process.memoryUsage().rss > 0 ? "not guarded" : "replaced",
  fetch: async (): Promise<SourceState> => {
    const { ok } = await fetch(url);
    return ok ? "replaced" : "not guarded";
  },
  "node:http, node:https, axios": async (): Promise<SourceState> => {
    const status = await new Promise((resolve, reject) => {
      http.get(url, (response) => resolve(response.resume().statusCode)).on("error", reject);
    });
    return status === 200 ? "replaced" : "not guarded";
  },
  WebSocket: async (): Promise<SourceState> => {
    const socket = new WebSocket("ws://gateway:8080/");
    await new Promise((resolve) => {
      socket.addEventListener("open", resolve);
    });
    return "replaced";
  },
  "npm undici, and a fetch kept from before": async (): Promise<SourceState> => {
    const { statusCode, body } = await undiciRequest(url);
    await body.text();
    const { ok } = await keptFetch(url);
    await expect(keptFetch("http://elsewhere.test/")).rejects.toMatchObject({
      cause: { code: "SIM_ROUTE_UNKNOWN" },
    });
    return statusCode === 200 && ok ? "replaced" : "not guarded";
  },
  "net, tls, dns, dgram": (world) =>
    movesNoTime(world, "not guarded", async () => {
      const server = net.createServer((socket) => socket.end());
      await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
      const { port } = server.address() as net.AddressInfo;
      await new Promise((resolve) => net.connect(port, "127.0.0.1").resume().on("close", resolve));
      server.close();
    }),
  "fs, child_process": (world) => movesNoTime(world, "not guarded", () => readFile(new URL(import.meta.url))),
  "zlib, CompressionStream": (world) => movesNoTime(world, "not guarded", () => promisify(gzip)("text")),
};

test("there is something to try for each listed source, and nothing else", () => {
  expect(Object.keys(probes)).toEqual(sources.map(({ name }) => name));
});

test("each name that Node has is on the list, or known to be of no concern", () => {
  const covered = new Set(sources.flatMap(({ covers }) => covers));
  const known = (name: string): boolean =>
    covered.has(name) || ofNoConcern.has(name) || covered.has(name.replace(/^(node:[^.]+)\..*/, "$1"));
  expect(namesOfNode().filter((name) => !known(name))).toEqual([]);
});

test("nothing is covered twice, and nothing of concern is called of none", () => {
  const covered = sources.flatMap(({ covers }) => covers);
  expect(covered.filter((name, at) => covered.indexOf(name) !== at || ofNoConcern.has(name))).toEqual([]);
});

for (const { name, state } of sources) {
  test(`${name}: ${state}`, async () => {
    const world = await install();
    expect(await probes[name]?.(world)).toBe(state);
  });
}

test("the documentation prints the list", async () => {
  const page = await readFile(new URL("../../../../../docs/edges.md", import.meta.url), "utf8");
  const cells = (text: string): string[] => text.split(/\s*\|\s*|\n/).filter((cell) => !/^-*$/.test(cell));
  expect(cells(page).join("|")).toContain(cells(printSources()).join("|"));
});
