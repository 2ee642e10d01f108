/** Mocks of the user's own beside a world with the globals: each answers for its hosts, whoever came first. */
import http from "node:http";
import net from "node:net";
import { Server as MockServer } from "mock-socket";
import { HttpResponse, http as mock } from "msw";
import { setupServer } from "msw/node";
import { createPhoenix } from "phoenix-sim";
import { MockAgent, getGlobalDispatcher, request as undiciRequest, setGlobalDispatcher } from "undici";
import { expect, test, vi } from "vitest";

async function viaHttp(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { agent: false }, (response) => {
        let text = "";
        response.on("data", (data) => (text += String(data))).on("end", () => resolve(text));
      })
      .on("error", reject);
  });
}

const healthy = '{"status":"ok"}';
const rates = mock.get("http://rates.test/eur", () => HttpResponse.text("1.1"));
const create = async () => createPhoenix({ nodes: 1, globals: true });
const text = async (url: string): Promise<string> => (await fetch(url)).text();

async function expectBoth(url: string): Promise<void> {
  expect([await text("http://rates.test/eur"), await viaHttp("http://rates.test/eur")]).toEqual([
    "1.1",
    "1.1",
  ]);
  expect([await text(`${url}/health`), await viaHttp(`${url}/health`)]).toEqual([healthy, healthy]);
}

const clients = () => [fetch, http.request, http.get, http.ClientRequest, net.Socket.prototype.connect];

for (const onUnhandledRequest of ["error", "warn", "bypass"] as const) {
  test(`msw with onUnhandledRequest "${onUnhandledRequest}", before, within and over the end of worlds`, async () => {
    const print = [vi.spyOn(console, "warn"), vi.spyOn(console, "error")];
    const before = clients();
    const server = setupServer(rates);
    server.listen({ onUnhandledRequest });
    for (let turn = 0; turn < 2; turn += 1) {
      const phoenix = await create();
      await expectBoth(phoenix.url);
      await phoenix.dispose();
    }
    server.close();
    expect(clients()).toEqual(before);
    const phoenix = await create();
    for (let turn = 0; turn < 2; turn += 1) {
      server.listen({ onUnhandledRequest });
      await expectBoth(phoenix.url);
      server.resetHandlers();
      if (turn === 0) server.close();
    }
    await phoenix.dispose();
    expect(await text("http://rates.test/eur")).toBe("1.1");
    server.close();
    expect(clients()).toEqual(before);
    for (const spy of print) expect(spy).not.toHaveBeenCalled();
    vi.restoreAllMocks();
  });
}

test("what no mock answers does not reach the real network", async () => {
  const server = setupServer(rates);
  server.listen({ onUnhandledRequest: "bypass" });
  const phoenix = await create();
  await expect(fetch("http://other.test/")).rejects.toMatchObject({ code: "SIM_ROUTE_UNKNOWN" });
  await expect(viaHttp("http://other.test/")).rejects.toMatchObject({ code: "SIM_ROUTE_UNKNOWN" });
  await phoenix.dispose();
  server.close();
});

test("a stub and an assignment of fetch answer for other hosts", async () => {
  const stub = vi.fn<typeof fetch>(async () => new Response("stubbed"));
  const original = globalThis.fetch;
  vi.stubGlobal("fetch", stub);
  const phoenix = await create();
  expect([await text("http://other.test/"), await text(`${phoenix.url}/health`)]).toEqual([
    "stubbed",
    healthy,
  ]);
  globalThis.fetch = async () => new Response("assigned");
  expect([await text("http://other.test/"), await text(`${phoenix.url}/health`)]).toEqual([
    "assigned",
    healthy,
  ]);
  await phoenix.dispose();
  vi.unstubAllGlobals();
  expect(globalThis.fetch).toBe(original);
});

test("a spy on fetch sees every call, and its end is the end of it", async () => {
  const original = globalThis.fetch;
  const phoenix = await create();
  const spy = vi.spyOn(globalThis, "fetch");
  expect(await text(`${phoenix.url}/health`)).toBe(healthy);
  expect(spy).toHaveBeenCalledTimes(1);
  await phoenix.dispose();
  spy.mockRestore();
  expect(globalThis.fetch).toBe(original);
});

test("a MockAgent of undici goes on answering", async () => {
  const dispatcher = getGlobalDispatcher();
  const agent = new MockAgent();
  agent.get("http://other.test").intercept({ path: "/" }).reply(200, "mocked").persist();
  setGlobalDispatcher(agent);
  const phoenix = await create();
  expect(await (await undiciRequest("http://other.test/")).body.text()).toBe("mocked");
  expect(await (await undiciRequest(`${phoenix.url}/health`)).body.text()).toBe(healthy);
  await phoenix.dispose({ force: true });
  expect(getGlobalDispatcher()).toBe(agent);
  setGlobalDispatcher(dispatcher);
});

test("a server of mock-socket answers for addresses outside of the world, by either class", async () => {
  const before = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
  const phoenix = await create();
  const server = new MockServer("ws://quotes.test/live");
  server.on("connection", (socket) => socket.send("quote"));
  for (const Class of [WebSocket, phoenix.WebSocket]) {
    const socket = new Class("ws://quotes.test/live");
    expect(
      await new Promise((resolve) => socket.addEventListener("message", ({ data }) => resolve(data))),
    ).toBe("quote");
    socket.close();
  }
  expect(new WebSocket(phoenix.socketUrl)).toBeInstanceOf(phoenix.WebSocket);
  server.stop();
  await phoenix.dispose({ force: true });
  expect(Object.getOwnPropertyDescriptor(globalThis, "WebSocket")).toEqual(before);
});
