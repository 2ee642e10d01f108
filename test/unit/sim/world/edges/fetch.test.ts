import { expect, test } from "vitest";
import { SimError } from "../../../../../sim/errors.js";
import { createWorldFetch } from "../../../../../sim/world/edges/index.js";
import { advance } from "../../../../../sim/kernel/index.js";
import type { HttpRequest } from "../../../../../src/ports/index.js";
import { createTinyWorld } from "./tiny-world.js";

const url = "http://gateway:8080/api/v1/experiments";

function setUp(options: Parameters<typeof createTinyWorld>[0] = {}) {
  const world = createTinyWorld(options);
  return { ...world, fetch: createWorldFetch(world) };
}

async function causeOf(call: Promise<unknown>): Promise<{ error: Error; code: unknown }> {
  const error = await call.then(
    () => new Error("it did not fail"),
    (thrown: unknown) => thrown as Error,
  );
  return { error, code: (error.cause as { code?: unknown } | undefined)?.code };
}

test("a call reaches the service as plain text, and its answer is a real Response", async () => {
  const { fetch, clock } = setUp();
  const response = await fetch(`${url}?a=1#part`, {
    method: "post",
    headers: { Authorization: "Bearer t" },
    body: JSON.stringify({ name: "ü" }),
  });
  expect(response).toBeInstanceOf(Response);
  expect(response.ok).toBe(true);
  expect(response.url).toBe(`${url}?a=1`);
  expect(await response.json()).toMatchObject({
    method: "POST",
    url: `${url}?a=1`,
    body: '{"name":"ü"}',
    headers: { authorization: "Bearer t", "content-type": "text/plain;charset=UTF-8", host: "gateway:8080" },
  });
  expect(clock.nowMs).toBe(10);
});

test("every kind of text body arrives: Request, URLSearchParams, bytes, Blob, stream", async () => {
  const { fetch } = setUp();
  const bodyOf = async (input: RequestInfo, init?: RequestInit) =>
    ((await (await fetch(input, init)).json()) as HttpRequest).body;
  const bytes = new TextEncoder().encode("bytes");
  expect(await bodyOf(new Request(url, { method: "PUT", body: "request" }))).toBe("request");
  expect(await bodyOf(url, { method: "POST", body: new URLSearchParams({ a: "b c" }) })).toBe("a=b+c");
  expect(await bodyOf(url, { method: "POST", body: bytes })).toBe("bytes");
  expect(await bodyOf(url, { method: "POST", body: new Blob(["blob"]) })).toBe("blob");
  expect(await bodyOf(url, { method: "POST", body: new Blob(["stream"]).stream() })).toBe("stream");
});

test("bodies that are not text are refused by name", async () => {
  const { fetch } = setUp();
  const form = new FormData();
  await expect(fetch(url, { method: "POST", body: form })).rejects.toMatchObject({ code: "SIM_UNSUPPORTED" });
  await expect(fetch(url, { method: "POST", body: Uint8Array.of(0xff, 0xfe) })).rejects.toMatchObject({
    code: "SIM_UNSUPPORTED",
  });
});

test("options that would be ignored are refused by name", async () => {
  const { fetch } = setUp();
  await expect(fetch(url, { integrity: "sha256-x" })).rejects.toThrow('"integrity"');
  await expect(fetch(url, { dispatcher: {} } as RequestInit)).rejects.toThrow('"dispatcher"');
});

test("a host that is no part of the world is an error that names the nearest", async () => {
  const { fetch } = setUp();
  const error = await fetch("http://gatway:8080/x").catch((thrown: unknown) => thrown as SimError);
  expect(error).toBeInstanceOf(SimError);
  expect(error).toMatchObject({ code: "SIM_ROUTE_UNKNOWN" });
  expect((error as SimError).hint).toContain("http://gateway:8080");
});

test("what a browser refuses is refused in the same way", async () => {
  const { fetch } = setUp();
  await expect(fetch("/relative")).rejects.toThrow(TypeError);
  // oxlint-disable-next-line unicorn/no-invalid-fetch-options -- that it is refused is the point
  await expect(fetch(url, { body: "x" })).rejects.toThrow("GET/HEAD");
  await expect(fetch(url, { method: "TRACE" })).rejects.toThrow(TypeError);
  await expect(fetch("data:text/plain,x")).rejects.toMatchObject({ code: "SIM_UNSUPPORTED" });
});

test("a port where nobody listens and a host that is down refuse the connection", async () => {
  const { fetch, gateway } = setUp();
  const closedPort = await causeOf(fetch("http://gateway:9999/"));
  expect(closedPort.error).toBeInstanceOf(TypeError);
  expect(closedPort.error.message).toBe("fetch failed");
  expect(closedPort.code).toBe("ECONNREFUSED");
  gateway.kill();
  expect((await causeOf(fetch(url))).code).toBe("ECONNREFUSED");
});

test("a server that dies while it works resets the connection", async () => {
  const { fetch, gateway, loop } = setUp({ handler: () => new Promise(() => {}) });
  loop.schedule(100, "fault", "crash", () => gateway.kill());
  expect((await causeOf(fetch(url))).code).toBe("ECONNRESET");
});

test("a server that never answers runs into the time-out of the headers after 300 virtual seconds", async () => {
  const { fetch, clock } = setUp({ handler: () => new Promise(() => {}) });
  const { error, code } = await causeOf(fetch(url));
  expect(error.message).toBe("fetch failed");
  expect(code).toBe("UND_ERR_HEADERS_TIMEOUT");
  expect(clock.nowMs).toBe(300_000);
});

test("an abort ends the call with its reason: before, in flight, and without harm afterwards", async () => {
  const { fetch, loop } = setUp();
  await expect(fetch(url, { signal: AbortSignal.abort() })).rejects.toMatchObject({ name: "AbortError" });
  const controller = new AbortController();
  const call = fetch(url, { signal: controller.signal });
  loop.schedule(7, "task", "abort", () => controller.abort(new Error("changed my mind")));
  await expect(call).rejects.toThrow("changed my mind");
  const late = new AbortController();
  const response = await fetch(url, { signal: late.signal });
  late.abort();
  expect(response.status).toBe(200);
  expect(loop.waiting()).toEqual([]);
});

test("redirects are followed, kept, or refused as asked", async () => {
  const { fetch } = setUp({
    handler: ({ url, method }) =>
      url.endsWith("/old")
        ? { status: 302, headers: { location: "/new" }, body: "" }
        : { status: 200, headers: {}, body: `${method} ${url}` },
  });
  const old = "http://gateway:8080/old";
  const followed = await fetch(old, { method: "POST", body: "x" });
  expect(followed.redirected).toBe(true);
  expect(await followed.text()).toBe("GET http://gateway:8080/new");
  expect((await fetch(old, { redirect: "manual" })).status).toBe(302);
  await expect(fetch(old, { redirect: "error" })).rejects.toThrow("fetch failed");
});

test("answers without a body are real answers without a body", async () => {
  const { fetch } = setUp({ handler: () => ({ status: 204, headers: {}, body: "" }) });
  const response = await fetch(url, { method: "DELETE" });
  expect(response.status).toBe(204);
  expect(response.body).toBeNull();
});

test("virtual time moves only while a call is pending", async () => {
  const { fetch, clock, loop } = setUp();
  loop.schedule(1000, "timer", "far-away", () => {});
  await (await fetch(url)).text();
  await new Promise((resolve) => setImmediate(resolve));
  expect(clock.nowMs).toBe(10);
  await advance(loop, 5000);
  expect(clock.nowMs).toBe(5010);
});

test("two hundred calls at once end at the same virtual time in each run", async () => {
  const run = async () => {
    const { fetch, loop } = setUp();
    await Promise.all(Array.from({ length: 200 }, async (_, i) => (await fetch(`${url}/${i}`)).text()));
    return `${loop.traceHash()} ${loop.clock.nowMs}`;
  };
  expect(await run()).toBe(await run());
});

test("a pending call fails with the world", async () => {
  const { fetch, loop } = setUp({ handler: () => new Promise(() => {}) });
  const call = fetch(url);
  loop.schedule(10, "task", "close", () => loop.close());
  await expect(call).rejects.toMatchObject({ code: "SIM_WORLD_CLOSED" });
});
