/** HTTP as HTTP, byte by byte, on a real port and through the in-memory server: RFC 9110, RFC 9112, and Go's net/http. */
import net from "node:net";
import type { Duplex } from "node:stream";

import { createPhoenix, type Phoenix } from "phoenix-sim";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

let phoenix: Phoenix;
let listener: Awaited<ReturnType<Phoenix["listen"]>>;
let inMemory: () => Duplex;

beforeAll(async () => {
  phoenix = await createPhoenix({ seed: 3 });
  listener = await phoenix.listen();
  const clients = await phoenix.realClients();
  inMemory = () => clients.createConnection({ host: "gateway", port: 8080 });
});

afterAll(async () => {
  await listener.close();
  await phoenix.dispose({ force: true });
});

/** Sends bytes and reads until the other side closes. */
function exchange(socket: Duplex, pieces: readonly (string | Buffer)[]): Promise<string> {
  return new Promise((resolve) => {
    let text = "";
    socket.on("data", (data: Buffer) => (text += data.toString("latin1")));
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
    for (const piece of pieces) socket.write(piece);
    // The end of a connection in a world takes its time, for which nobody else waits.
    if (!(socket instanceof net.Socket)) void phoenix.clock.advance("1s");
  });
}

const statusesOf = (text: string): number[] =>
  [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map(([, status]) => Number(status));

const close = "Connection: close\r\n";
const json = "Content-Type: application/json\r\n";
const wrongLogin = '{"email":"a@b.c","password":"x"}';
const post = `POST /api/v1/auth/login HTTP/1.1\r\nHost: gateway:8080\r\n`;
const withLength = (body: string | Buffer): string => `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n`;

const cases: readonly (readonly [
  name: string,
  pieces: readonly (string | Buffer)[],
  statuses: readonly number[],
])[] = [
  ["HTTP/1.0 without a host", ["GET /health HTTP/1.0\r\n\r\n"], [200]],
  ["two hosts", [`GET /health HTTP/1.1\r\nHost: gateway\r\nHost: gateway\r\n${close}\r\n`], [400]],
  ["HTTP/1.1 without a host", [`GET /health HTTP/1.1\r\n${close}\r\n`], [400]],
  [
    "two requests in one piece",
    [`GET /health HTTP/1.1\r\nHost: gateway\r\n\r\nGET /ready HTTP/1.1\r\nHost: gateway\r\n${close}\r\n`],
    [200, 200],
  ],
  [
    "a body that waits to be asked for",
    [`${post}${json}Expect: 100-continue\r\n${close}${withLength(wrongLogin)}`, wrongLogin],
    [100, 401],
  ],
  [
    "a body too long to be asked for",
    [`${post}Expect: 100-continue\r\n${close}Content-Length: 900000000\r\n\r\n`],
    [413],
  ],
  [
    "an expectation that nobody meets",
    [`GET /health HTTP/1.1\r\nHost: gateway\r\nExpect: tea\r\n${close}\r\n`],
    [417],
  ],
  [
    "chunks, with an extension and a trailer",
    [
      `${post}${json}${close}Transfer-Encoding: chunked\r\n\r\n20;a=b\r\n${wrongLogin}\r\n0\r\nX-Sum: 1\r\n\r\n`,
    ],
    [401],
  ],
  ["two lengths", [`${post}${close}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}`], [400]],
  [
    "a length and chunks",
    [`${post}${close}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`],
    [400],
  ],
  [
    "a header beyond the limit",
    [`GET /health HTTP/1.1\r\nHost: gateway\r\nX-Long: ${"x".repeat(20_000)}\r\n\r\n`],
    [431],
  ],
  ["bytes that are not HTTP", ["\u0016\u0003\u0001\u0002\u0000\r\n\r\n"], [400]],
  [
    "an upgrade that is not known, as Java offers it",
    [
      `GET /health HTTP/1.1\r\nHost: gateway\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n\r\nGET /ready HTTP/1.1\r\nHost: gateway\r\n${close}\r\n`,
    ],
    [200, 200],
  ],
  [
    "the same with a body",
    [
      `${post}${json}Connection: Upgrade\r\nUpgrade: h2c\r\n${withLength(wrongLogin)}${wrongLogin}GET /ready HTTP/1.1\r\nHost: gateway\r\n${close}\r\n`,
    ],
    [401, 200],
  ],
  [
    "an upgrade to a WebSocket without its key",
    [`GET /ws HTTP/1.1\r\nHost: gateway\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`],
    [400],
  ],
  ["a tunnel", ["CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n"], [405]],
  ["the options of the server", [`OPTIONS * HTTP/1.1\r\nHost: gateway\r\n${close}\r\n`], [204]],
  ["TRACE", [`TRACE /health HTTP/1.1\r\nHost: gateway\r\n${close}\r\n`], [405]],
  [
    "an absolute target",
    [`GET http://gateway:8080/health HTTP/1.1\r\nHost: gateway:8080\r\n${close}\r\n`],
    [200],
  ],
  [
    "an absolute target without a path",
    [`GET http://gateway:8080 HTTP/1.1\r\nHost: gateway:8080\r\n${close}\r\n`],
    [404],
  ],
  [
    "empty segments, dots and broken encodings",
    ["//", "/../health/..", "/%", "/%ff%00", "/api/v1/templates/%", "/?%=%"].map(
      (path) => `GET ${path} HTTP/1.1\r\nHost: gateway\r\n${path.endsWith("%=%") ? close : ""}\r\n`,
    ),
    [404, 404, 404, 404, 401, 404],
  ],
  [
    "bytes that are not UTF-8",
    [`${post}${json}${close}${withLength(Buffer.from([0x22, 0xff, 0x22]))}`, Buffer.from([0x22, 0xff, 0x22])],
    [400],
  ],
  [
    "a byte order mark",
    [`${post}${json}${close}${withLength(`\ufeff${wrongLogin}`)}`, `\ufeff${wrongLogin}`],
    [400],
  ],
  [
    "an empty body, and null",
    [`${post}${json}${withLength("")}`, `${post}${json}${close}${withLength("null")}null`],
    [400, 400],
  ],
  [
    "a body in a form",
    [`${post}Content-Type: multipart/form-data; boundary=x\r\n${close}${withLength("--x--")}--x--`],
    [415],
  ],
  [
    "a body in another alphabet",
    [`${post}Content-Type: application/json; charset=utf-16\r\n${close}${withLength("{}")}{}`],
    [415],
  ],
  [
    "a body that is compressed",
    [`${post}${json}Content-Encoding: gzip\r\n${close}${withLength("zz")}zz`],
    [415],
  ],
  ["an unknown method", [`PROPFIND /api/v1/experiments HTTP/1.1\r\nHost: gateway\r\n${close}\r\n`], [405]],
];

describe.each([
  ["a real port", () => net.connect(listener.port, "127.0.0.1")],
  ["the in-memory server", () => inMemory()],
])("%s", (_, connect) => {
  test.each(cases)("%s", async (_name, pieces, statuses) => {
    expect(statusesOf(await exchange(connect(), pieces))).toEqual(statuses);
  });

  test("HEAD tells the length that GET tells", async () => {
    const lengths: (string | undefined)[] = [];
    for (const method of ["GET", "HEAD"]) {
      const text = await exchange(connect(), [
        `${method} /openapi.json HTTP/1.1\r\nHost: gateway\r\n${close}\r\n`,
      ]);
      lengths.push(/content-length: (\d+)/i.exec(text)?.[1]);
      if (method === "HEAD") expect(text.endsWith("\r\n\r\n")).toBe(true);
    }
    expect(lengths[1]).toBe(lengths[0]);
  });

  test("an idle connection is kept for a minute, and says so", async () => {
    const text = await exchange(connect(), [
      "GET /health HTTP/1.1\r\nHost: gateway\r\n\r\n",
      `GET /health HTTP/1.1\r\nHost: gateway\r\n${close}\r\n`,
    ]);
    expect(text).toMatch(/keep-alive: timeout=60/i);
  });
});

test("a loopback port is asked by its own names, and by no other, also for a WebSocket", async () => {
  const statusOf = async (host: string, more = close): Promise<number | undefined> => {
    const request = `GET /health HTTP/1.1\r\nHost: ${host}\r\n${more}\r\n`;
    return statusesOf(await exchange(net.connect(listener.port, "127.0.0.1"), [request]))[0];
  };
  const upgrade =
    "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
  for (const host of [
    "localhost",
    "LOCALHOST:80",
    "api.localhost",
    "127.0.0.1:1",
    "[::1]:80",
    "gateway:8080",
    "gateway-0",
    "host.docker.internal",
  ])
    expect([host, await statusOf(host)]).toEqual([host, 200]);
  for (const host of ["evil.example", "localhost.evil.example", "127.0.0.1.nip.io", "notlocalhost"])
    expect([host, await statusOf(host), await statusOf(host, upgrade)]).toEqual([host, 421, 421]);
});

test("a body stops being read at its limit, and the connection goes on", async () => {
  const chunk = Buffer.concat([Buffer.from("100000\r\n"), Buffer.alloc(1 << 20, 32), Buffer.from("\r\n")]);
  const before = process.resourceUsage().maxRSS;
  const socket = net.connect(listener.port, "127.0.0.1");
  const answer = exchange(socket, [`${post}Transfer-Encoding: chunked\r\n\r\n`]);
  for (let sent = 0; sent < 40; sent += 1)
    if (!socket.write(chunk)) await new Promise((resolve) => socket.once("drain", resolve));
  socket.write(`0\r\n\r\nGET /health HTTP/1.1\r\nHost: gateway\r\n${close}\r\n`);
  expect(statusesOf(await answer)).toEqual([413, 200]);
  expect(process.resourceUsage().maxRSS - before).toBeLessThan(100_000);
});

test("pages of development servers on this machine may use the gateway, and no others", async () => {
  const ask = async (origin: string) => {
    const asked = {
      origin,
      "access-control-request-method": "PATCH",
      "access-control-request-headers": "authorization, x-mine",
    };
    const preflight = await phoenix.fetch(`${phoenix.url}/api/v1/experiments`, {
      method: "OPTIONS",
      headers: asked,
    });
    const answer = await phoenix.fetch(`${phoenix.url}/api/v1/experiments`, { headers: { origin } });
    const allowed = (response: Response, what: string) =>
      response.headers.get(`access-control-allow-${what}`);
    return [
      preflight.status,
      allowed(preflight, "origin"),
      allowed(preflight, "methods"),
      allowed(preflight, "headers"),
      answer.status,
      allowed(answer, "origin"),
    ];
  };
  const methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
  for (const origin of [
    "http://localhost:5173",
    "https://127.0.0.1:3000",
    "http://[::1]:80",
    "http://app.localhost",
  ])
    expect(await ask(origin)).toEqual([204, origin, methods, "authorization, x-mine", 401, origin]);
  for (const origin of ["https://evil.example", "http://localhost.evil.example", "null"])
    expect(await ask(origin)).toEqual([204, null, null, null, 401, null]);
});

test("a known path says which methods it has, and an unknown one is not found", async () => {
  const ask = async (method: string, path: string) => {
    const { status, headers } = await phoenix.fetch(phoenix.url + path, { method });
    return [status, headers.get("allow")];
  };
  expect(await ask("PUT", "/api/v1/experiments")).toEqual([405, "GET, HEAD, POST, OPTIONS"]);
  expect(await ask("DELETE", "/v1/auth/login")).toEqual([405, "POST, OPTIONS"]);
  expect(await ask("POST", "/health")).toEqual([405, "GET, HEAD, OPTIONS"]);
  expect(await ask("OPTIONS", "/api/v1/experiments/x/stop")).toEqual([204, "POST, OPTIONS"]);
  expect(await ask("POST", "/nothing")).toEqual([404, null]);
  expect((await phoenix.fetch(`${phoenix.url}/ws`)).status).toBe(426);
});
