/** Clients that give up against a server that is silent: their request ends in the world, too. */
import http from "node:http";
import axios from "axios";
import { got } from "got";
import { createPhoenix, type Phoenix } from "phoenix-sim";
import superagent from "superagent";
import * as undici from "undici";
import { afterEach, expect, test } from "vitest";
import { WebSocket as Ws } from "ws";

type GiveUp = (url: string) => Promise<unknown>;

const codeOf = (error: unknown): unknown => {
  const { code, cause, name } = error as { code?: unknown; cause?: { code?: unknown }; name: string };
  return [code, cause?.code].find((each) => typeof each === "string") ?? name;
};

function abortSoon(): AbortSignal {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), 500);
  return controller.signal;
}

async function errorOf(request: http.ClientRequest): Promise<unknown> {
  return new Promise((resolve) => request.once("error", (error) => resolve(codeOf(error))));
}

const ways: Readonly<Record<string, readonly [code: string, giveUp: GiveUp]>> = {
  "fetch, aborted": ["AbortError", async (url) => fetch(url, { signal: abortSoon() }).catch(codeOf)],
  "axios, aborted": [
    "ERR_CANCELED",
    async (url) => axios.post(url, {}, { signal: abortSoon() }).catch(codeOf),
  ],
  "axios, timed out": ["ECONNABORTED", async (url) => axios.get(url, { timeout: 500 }).catch(codeOf)],
  "got, timed out": [
    "ETIMEDOUT",
    async (url) => got(url, { timeout: { request: 500 }, retry: { limit: 0 } }).catch(codeOf),
  ],
  "superagent, timed out": [
    "ECONNABORTED",
    async (url) => superagent.get(url).timeout({ deadline: 500 }).catch(codeOf),
  ],
  "node:http, aborted": ["ABORT_ERR", async (url) => errorOf(http.get(url, { signal: abortSoon() }))],
  "node:http, timed out and destroyed": [
    "ECONNRESET",
    async (url) => {
      const request = http.get(url, { timeout: 500 });
      request.once("timeout", () => request.destroy());
      return errorOf(request);
    },
  ],
  "node:http, a body that never ends": [
    "ECONNRESET",
    async (url) => {
      const request = http.request(url, { method: "POST", timeout: 500 });
      request.once("timeout", () => request.destroy());
      request.write("begun");
      return errorOf(request);
    },
  ],
  "node:http, an agent that keeps connections": [
    "ABORT_ERR",
    async (url) =>
      errorOf(http.get(url, { agent: new http.Agent({ keepAlive: true }), signal: abortSoon() })),
  ],
  "undici's fetch, aborted": [
    "AbortError",
    async (url) => undici.fetch(url, { signal: abortSoon() }).catch(codeOf),
  ],
  "undici, its agent destroyed": [
    "UND_ERR_DESTROYED",
    async (url) => {
      const dispatcher = new undici.Agent();
      setTimeout(() => void dispatcher.destroy(), 500);
      return undici.request(url, { dispatcher }).catch(codeOf);
    },
  ],
  "fetch, aborted while its body is read": [
    "AbortError",
    async (url) => {
      const body = new ReadableStream({ pull: async () => new Promise(() => {}) });
      const init = { method: "POST", body, signal: abortSoon(), duplex: "half" };
      return fetch(url, init).catch(codeOf);
    },
  ],
  "ws, terminated while it opens": [
    "Error",
    async (url) => {
      const socket = new Ws(url.replace("http", "ws"));
      setTimeout(() => socket.terminate(), 500);
      return new Promise((resolve) => socket.once("error", (error) => resolve(codeOf(error))));
    },
  ],
};

const worlds: Phoenix[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.dispose({ force: true });
});

async function silentWorld(): Promise<{ phoenix: Phoenix; heal: () => Promise<void> }> {
  const phoenix = await createPhoenix({ nodes: 1, globals: true });
  worlds.push(phoenix);
  const outage = phoenix.services.gateway.pause();
  return { phoenix, heal: async () => outage.heal() };
}

for (const [name, [code, giveUp]] of Object.entries(ways)) {
  test(`${name}: nothing is left open, healed or not`, async () => {
    for (const isHealed of [false, true]) {
      const { phoenix, heal } = await silentWorld();
      expect(await giveUp(`${phoenix.url}/health`)).toBe(code);
      if (isHealed) await heal();
      await phoenix.dispose();
    }
  });
}

test("dispose by force tells who listens, once, and nobody else", async () => {
  const { phoenix } = await silentWorld();
  const heard: unknown[] = [];
  http.get(`${phoenix.url}/health`).on("error", (error) => heard.push(codeOf(error)));
  http.get(`${phoenix.url}/health`);
  http
    .get(`${phoenix.url}/health`, { signal: abortSoon() })
    .on("error", (error) => heard.push(codeOf(error)));
  await phoenix.clock.advance("1s");
  await phoenix.dispose({ force: true });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(heard).toEqual(["ABORT_ERR", "SIM_WORLD_CLOSED"]);
});

test("dispose by force tells undici, which is still connecting", async () => {
  const { phoenix } = await silentWorld();
  const code = undici.request(`${phoenix.url}/health`).catch(codeOf);
  await phoenix.clock.advance("1s");
  await phoenix.dispose({ force: true });
  expect(await code).toBe("SIM_WORLD_CLOSED");
});

test("a request that is not given up is left open", async () => {
  const { phoenix } = await silentWorld();
  http.get(`${phoenix.url}/health`).on("error", () => {});
  await phoenix.clock.advance("1s");
  await expect(phoenix.dispose()).rejects.toMatchObject({ code: "SIM_LEFT_OPEN" });
});

test("a response that nobody reads is not left open", async () => {
  const phoenix = await createPhoenix({ nodes: 1, globals: true });
  worlds.push(phoenix);
  await new Promise((resolve) => http.get(`${phoenix.url}/metrics`, resolve));
  await phoenix.clock.advance("1s");
  await phoenix.dispose();
});
