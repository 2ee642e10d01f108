import http from "node:http";
import axios from "axios";
import { Server as MockServer } from "mock-socket";
import { HttpResponse, delay, http as mock, passthrough, ws } from "msw";
import { createPhoenix, type Phoenix, type PhoenixOptions } from "phoenix-sim";
import { afterEach, expect, test } from "vitest";
import { WebSocket as Ws } from "ws";

const worlds: Phoenix[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.dispose({ force: true });
});

async function setUp(options: PhoenixOptions): Promise<Phoenix> {
  const phoenix = await createPhoenix({ nodes: 1, ...options });
  worlds.push(phoenix);
  return phoenix;
}

const hook = "https://hooks.example.com";
const handlers = [
  mock.post(`${hook}/echo`, async ({ request }) => HttpResponse.text(`got ${await request.text()}`)),
  mock.get(`${hook}/slow`, async () => {
    await delay(3000);
    return HttpResponse.json({ late: true });
  }),
  mock.get(`${hook}/bytes`, () => HttpResponse.arrayBuffer(Uint8Array.of(0, 255, 1).buffer)),
  mock.post(`${hook}/form`, async ({ request }) => {
    const form = await request.formData();
    return HttpResponse.json(form.get("name"));
  }),
  mock.get(`${hook}/broken`, () => HttpResponse.error()),
  mock.get(`${hook}/bug`, () => {
    throw new Error("a bug of the handler");
  }),
  mock.get(`${hook}/moved`, () => HttpResponse.redirect(`${hook}/bytes`, 302)),
];

const codeOf = (error: unknown): unknown => {
  const { code, cause } = error as { code?: unknown; cause?: { code?: unknown } };
  return code ?? cause?.code;
};

for (const globals of [true, false]) {
  test(`handlers of msw answer over the simulated network, ${globals ? "with" : "without"} globals`, async () => {
    const phoenix = await setUp({ outside: handlers, globals });
    const fetch = globals ? globalThis.fetch : phoenix.fetch;
    const before = phoenix.clock.nowMs;
    const response = await fetch(`${hook}/echo`, { method: "POST", body: "5" });
    expect(await response.text()).toBe("got 5");
    expect(phoenix.clock.nowMs).toBeGreaterThan(before);
    expect(new Uint8Array(await (await fetch(`${hook}/bytes`)).arrayBuffer())).toEqual(
      Uint8Array.of(0, 255, 1),
    );
    const form = new FormData();
    form.set("name", "value");
    expect(await (await fetch(`${hook}/form`, { method: "POST", body: form })).json()).toBe("value");
    const moved = await fetch(`${hook}/moved`);
    expect([moved.status, moved.redirected, moved.url]).toEqual([200, true, `${hook}/bytes`]);
    const broken: unknown = await fetch(`${hook}/broken`).catch((error: unknown) => error);
    expect([(broken as Error).message, codeOf(broken)]).toEqual(["fetch failed", "ECONNRESET"]);
    expect((await fetch(`${hook}/bug`)).status).toBe(500);
    const unmatched: unknown = await fetch(`${hook}/nowhere`).catch((error: unknown) => error);
    expect(unmatched).toMatchObject({ code: "SIM_ROUTE_UNKNOWN" });
    expect((unmatched as Error).message).toContain(`GET ${hook}/nowhere`);
  });
}

test("delay() of msw passes in virtual time, and a client's time-out before it", async () => {
  const phoenix = await setUp({ outside: handlers, globals: true });
  const before = phoenix.clock.nowMs;
  expect(await (await fetch(`${hook}/slow`)).json()).toEqual({ late: true });
  expect(phoenix.clock.nowMs - before).toBeGreaterThanOrEqual(3000);
  await expect(axios.get(`${hook}/slow`, { timeout: 1000 })).rejects.toMatchObject({ code: "ECONNABORTED" });
});

test("node:http, axios and https reach them by streams, and hear what breaks", async () => {
  await setUp({ outside: handlers, globals: true });
  const { data, headers } = await axios.post<string>(`${hook}/echo`, "text");
  expect([data, headers["date"]]).toEqual(["got text", "Thu, 01 Jan 2026 00:00:00 GMT"]);
  const codes = ["broken", "nowhere"].map(async (path) => axios.get(`${hook}/${path}`).catch(codeOf));
  expect(await Promise.all(codes)).toEqual(["ECONNRESET", "SIM_ROUTE_UNKNOWN"]);
});

test("faults of the host outside reach who calls it, from the test and from the platform's network", async () => {
  const phoenix = await setUp({ outside: handlers, globals: true });
  const outage = phoenix.service("outside").pause();
  await expect(axios.get(`${hook}/bytes`, { timeout: 2000 })).rejects.toMatchObject({ code: "ECONNABORTED" });
  await outage.heal();
  phoenix.service("outside").crash({ restartAfter: "5s" });
  expect(await fetch(`${hook}/bytes`).catch(codeOf)).toBe("ECONNREFUSED");
  await phoenix.clock.advance("6s");
  const partition = phoenix.network.partition("client", "outside");
  const call = fetch(`${hook}/bytes`).then((response) => response.status);
  await phoenix.clock.advance("10s");
  await partition.heal();
  expect(await call).toBe(200);
});

test("sockets: ws.link answers phoenix.WebSocket, the global one and npm's ws", async () => {
  const feed = ws.link("wss://feed.example.com/prices");
  const phoenix = await setUp({
    globals: true,
    outside: [
      feed.addEventListener("connection", ({ client }) => {
        client.send("hello");
        client.addEventListener("message", ({ data }) => {
          if (data === "bye") client.close(4001, "as asked");
          else client.send(`echo ${data as string}`);
        });
      }),
    ],
  });
  const talk = async (socket: WebSocket): Promise<unknown[]> =>
    new Promise((resolve) => {
      const seen: unknown[] = [];
      socket.addEventListener("message", ({ data }) => {
        seen.push(data);
        socket.send(seen.length === 1 ? "one" : "bye");
      });
      socket.addEventListener("close", ({ code, reason }) => resolve([...seen, code, reason]));
      // An open socket alone lets no time move.
      setTimeout(() => {}, 10_000);
    });
  const expected = ["hello", "echo one", 4001, "as asked"];
  expect(await talk(new WebSocket("wss://feed.example.com/prices"))).toEqual(expected);
  expect(await talk(new phoenix.WebSocket("wss://feed.example.com/prices"))).toEqual(expected);
  expect(await talk(new Ws("wss://feed.example.com/prices") as unknown as WebSocket)).toEqual(expected);
  expect(() => new WebSocket("wss://feed.example.com/other")).toThrow("SIM_ROUTE_UNKNOWN");
});

test("a server of mock-socket answers over the simulated network, too", async () => {
  const server = new MockServer("ws://quotes.example.com:9000/live", { mock: false });
  server.on("connection", (socket) => {
    socket.on("message", (data) => socket.send(`mock ${data as string}`));
  });
  const phoenix = await setUp({ outside: [server], globals: true });
  const socket = new WebSocket("ws://quotes.example.com:9000/live");
  socket.addEventListener("open", () => socket.send("hi"));
  setTimeout(() => {}, 10_000);
  expect(await phoenix.waitForMessage(socket)).toBe("mock hi");
  server.close();
});

test("passthrough() of a handler reaches the real network", async () => {
  const server = http.createServer((_, response) => response.end("real"));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  const address = `http://127.0.0.1:${port}/`;
  await setUp({ outside: [mock.get(address, () => passthrough())], globals: true });
  expect(await (await fetch(address)).text()).toBe("real");
  server.close();
});

test("what is no handler, and what names no host, is refused by its place in the list", async () => {
  const refused = async (outside: unknown): Promise<string> =>
    createPhoenix({ outside: outside as object[] }).then(String, (error: Error) => error.message);
  expect(await refused("x")).toContain("SIM_OPTION_INVALID");
  expect(await refused([{ run: 1 }])).toContain("outside[0]");
  expect(await refused([handlers[0], mock.get("/relative", () => HttpResponse.text(""))])).toContain(
    '"/relative"',
  );
});

test("the same seed gives the same trace, cold and warm", async () => {
  const run = async (): Promise<string> => {
    const phoenix = await createPhoenix({ seed: 5, nodes: 1, globals: true, outside: handlers });
    await Promise.all([
      axios.post(`${hook}/echo`, "a"),
      fetch(`${hook}/slow`),
      axios.get(`${phoenix.url}/health`),
    ]);
    await phoenix.dispose({ force: true });
    return phoenix.trace.hash();
  };
  expect(new Set([await run(), await run(), await run()]).size).toBe(1);
});
