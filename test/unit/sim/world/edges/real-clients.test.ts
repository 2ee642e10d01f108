import http from "node:http";
import axios from "axios";
import { request as undiciRequest, fetch as undiciFetch } from "undici";
import { expect, test } from "vitest";
import { WebSocket as Ws } from "ws";

import { type RealClients, createRealClients } from "../../../../../sim/world/edges/index.js";
import { advance, seededDriver, waitFor } from "../../../../../sim/kernel/index.js";
import type { HttpRequest } from "../../../../../src/ports/index.js";
import { type TinyWorldOptions, createTinyWorld } from "./tiny-world.js";

const url = "http://gateway:8080/api/v1/experiments";

async function setUp(options: TinyWorldOptions = {}) {
  const world = createTinyWorld(options);
  return { ...world, clients: await createRealClients(world) };
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

async function nodeRequest(agent: http.Agent, options: http.RequestOptions = {}, body = ""): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { agent, ...options }, (response) => {
      let text = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: text }));
      response.on("error", reject);
    });
    request.on("error", reject).on("timeout", () => request.destroy(new Error("timed out")));
    request.end(body);
  });
}

type Send = (clients: RealClients) => Promise<Answer>;

const senders: Readonly<Record<string, Send>> = {
  "node:http": async (clients) => nodeRequest(clients.createHttpAgent(), { method: "POST" }, "hello"),
  axios: async (clients) => {
    const httpAgent = clients.createHttpAgent({ keepAlive: true });
    const { status, data } = await axios.post<string>(url, "hello", {
      httpAgent,
      responseType: "text",
      transformResponse: (text: string) => text,
    });
    return { status, body: data };
  },
  "undici request": async (clients) => {
    const dispatcher = await clients.createUndiciAgent();
    const { statusCode, body } = await undiciRequest(url, { method: "POST", body: "hello", dispatcher });
    return { status: statusCode, body: await body.text() };
  },
  "undici fetch": async (clients) => {
    const dispatcher = await clients.createUndiciAgent();
    const response = await undiciFetch(url, { method: "POST", body: "hello", dispatcher });
    return { status: response.status, body: await response.text() };
  },
};

function codeOf(error: unknown): unknown {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  return code ?? cause?.code;
}

for (const [name, send] of Object.entries(senders)) {
  test(`${name}: a request reaches the handler and its answer comes back in virtual time`, async () => {
    const { clients, clock, loop } = await setUp();
    const { status, body } = await send(clients);
    expect(status).toBe(200);
    expect(JSON.parse(body) as HttpRequest).toMatchObject({ method: "POST", url, body: "hello" });
    // A connection and a request, 5 ms each way; some bytes go a microsecond behind others.
    expect(clock.nowMs).toBeGreaterThanOrEqual(20);
    expect(clock.nowMs).toBeLessThan(20.1);
    expect(loop.waiting()).toEqual([]);
  });

  test(`${name}: a port that is closed refuses the connection`, async () => {
    const { clients, gateway } = await setUp();
    gateway.kill();
    expect(codeOf(await send(clients).catch((error: unknown) => error))).toBe("ECONNREFUSED");
  });

  test(`${name}: a server that dies at work resets the connection`, async () => {
    const { clients, gateway, loop } = await setUp({ handler: () => new Promise(() => {}) });
    loop.schedule(100, "fault", "crash", () => gateway.kill());
    expect(codeOf(await send(clients).catch((error: unknown) => error))).toBe("ECONNRESET");
  });

  test(`${name}: the same calls give the same trace`, async () => {
    const run = async () => {
      const { clients, loop } = await setUp({ driver: seededDriver(5), link: {} });
      await Promise.all([send(clients), send(clients), send(clients)]);
      return `${loop.traceHash()} ${loop.steps}`;
    };
    const first = await run();
    for (let i = 0; i < 4; i++) expect(await run()).toBe(first);
  });
}

test("time-outs of sockets pass in virtual time", async () => {
  const { clients, gateway, clock, loop } = await setUp();
  gateway.pause();
  const agent = clients.createHttpAgent();
  await expect(nodeRequest(agent, { timeout: 3000 })).rejects.toThrow("timed out");
  expect(clock.nowMs).toBe(3000);
  expect(loop.waiting()).toEqual([]);
});

test("a host that does not answer at all ends in ETIMEDOUT, and undici's own error after 10 seconds", async () => {
  const { clients, gateway, clock } = await setUp();
  gateway.pause();
  const error = await nodeRequest(clients.createHttpAgent()).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: "ETIMEDOUT", syscall: "connect" });
  expect(clock.nowMs).toBe(120_000);
  const dispatcher = await clients.createUndiciAgent();
  await expect(undiciRequest(url, { dispatcher })).rejects.toMatchObject({ code: "UND_ERR_CONNECT_TIMEOUT" });
  expect(clock.nowMs).toBe(130_000);
});

test("an answer that can never come is a deadlock that names the connection", async () => {
  const { clients } = await setUp({ handler: () => new Promise(() => {}) });
  const error = await nodeRequest(clients.createHttpAgent()).catch((thrown: unknown) => thrown as Error);
  expect(error).toMatchObject({ code: "SIM_DEADLOCK" });
  expect((error as Error).message).toContain("connection to gateway:8080 to answer");
});

test("an agent that keeps connections opens one for many calls, until the server closes it", async () => {
  const { clients, network, loop } = await setUp();
  const agent = clients.createHttpAgent({ keepAlive: true, maxSockets: 1 });
  await nodeRequest(agent);
  const sent = network.fabric.sent;
  await nodeRequest(agent);
  expect(Object.values(agent.freeSockets).flat()).toHaveLength(1);
  expect(network.fabric.sent - sent).toBeLessThan(6);
  await advance(loop, 70_000);
  expect(Object.values(agent.freeSockets).flat()).toHaveLength(0);
  expect((await nodeRequest(agent)).status).toBe(200);
});

test("a large body crosses in both directions", async () => {
  const { clients } = await setUp({
    handler: ({ body }) => ({ status: 200, headers: {}, body: body.toUpperCase() }),
  });
  const { body } = await nodeRequest(clients.createHttpAgent(), { method: "PUT" }, "a".repeat(2_000_000));
  expect(body).toBe("A".repeat(2_000_000));
});

test("the date of an answer is that of the server's own clock", async () => {
  const { clients, gateway } = await setUp();
  gateway.clockOffsetMs = 3_600_000;
  const { headers } = await axios.get(url, { httpAgent: clients.createHttpAgent() });
  expect(headers["date"]).toBe("Thu, 01 Jan 2026 01:00:00 GMT");
});

test("ws opens, talks and closes with codes and reasons", async () => {
  const closed: unknown[] = [];
  const { clients, loop } = await setUp({
    onSocket(socket, request) {
      socket.onMessage((text) => socket.send(`${request.url} ${text}`));
      socket.onClose((...end) => closed.push(end));
    },
  });
  const { createConnection } = clients;
  const socket = new Ws("ws://gateway:8080/ws?a=1", { createConnection });
  const seen: string[] = [];
  socket.on("open", () => socket.send("hi"));
  socket.on("message", (data: Buffer) => seen.push(data.toString()));
  socket.on("close", (code, reason) => seen.push(`${code} ${reason.toString()}`));
  const saw = async (count: number) =>
    waitFor(loop, {
      label: "events",
      within: "10s",
      check: () => (seen.length >= count ? true : undefined),
    });
  await saw(1);
  expect(loop.waiting()).toEqual([]);
  socket.close(4001, "bye");
  await saw(2);
  await waitFor(loop, { label: "close", within: "10s", check: () => (closed.length > 0 ? true : undefined) });
  expect(seen).toEqual(["ws://gateway:8080/ws?a=1 hi", "4001 bye"]);
  expect(closed).toEqual([[4001, "bye"]]);
});

test("ws is told when a port speaks HTTP only", async () => {
  const { clients } = await setUp({ onSocket: false });
  const socket = new Ws("ws://gateway:8080/ws", { createConnection: clients.createConnection });
  const error = await new Promise<Error>((resolve) => {
    socket.on("error", resolve);
  });
  expect(error.message).toBe("Unexpected server response: 426");
});

test("ws hears a refused connection, and a crash as 1006", async () => {
  const { clients, loop, gateway } = await setUp();
  const agent = clients.createHttpAgent();
  const seen: unknown[] = [];
  const open = (): Ws => {
    const socket = new Ws("ws://gateway:8080/ws", { agent });
    socket.on("open", () => seen.push("open"));
    socket.on("error", (error) => seen.push(codeOf(error)));
    socket.on("close", (code) => seen.push(code));
    return socket;
  };
  const saw = async (count: number) =>
    waitFor(loop, {
      label: "events",
      within: "10s",
      check: () => (seen.length >= count ? true : undefined),
    });
  open();
  await saw(1);
  gateway.kill();
  await saw(2);
  open();
  await saw(4);
  expect(seen).toEqual(["open", 1006, "ECONNREFUSED", 1006]);
});

test("a host that is no part of the world is an error that names the nearest", async () => {
  const { clients } = await setUp();
  expect(() => clients.createConnection({ host: "gatway", port: 8080 })).toThrow("http://gateway:8080");
});
