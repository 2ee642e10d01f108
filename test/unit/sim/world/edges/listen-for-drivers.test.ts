import { afterEach, expect, test } from "vitest";
import { WebSocket as Ws } from "ws";

import { type PortListener, listenOnPort } from "../../../../../sim/world/edges/index.js";
import type { HttpRequest } from "../../../../../src/ports/index.js";
import { type TinyWorldOptions, createTinyWorld } from "./tiny-world.js";

let listener: PortListener | undefined;
afterEach(async () => {
  await listener?.close();
});

async function setUp(options: TinyWorldOptions = {}) {
  const world = createTinyWorld(options);
  listener = await listenOnPort({ ...world, target: "http://gateway:8080" });
  return { ...world, listener };
}

test("a real request goes through the world and back", async () => {
  const { listener } = await setUp();
  const response = await fetch(`${listener.url}/api?a=1`, {
    method: "POST",
    body: "ü",
    headers: { authorization: "Bearer t" },
  });
  expect((await response.json()) as HttpRequest).toMatchObject({
    method: "POST",
    url: "http://gateway:8080/api?a=1",
    body: "ü",
    headers: { authorization: "Bearer t", host: "gateway:8080" },
  });
});

test("a service that is down is a bad gateway that says why", async () => {
  const { listener, gateway } = await setUp();
  gateway.kill();
  const refused = await fetch(listener.url);
  expect(refused.status).toBe(502);
  expect(await refused.json()).toMatchObject({ code: "ECONNREFUSED" });
});

test("a real WebSocket talks to the world, and hears its close", async () => {
  const { listener } = await setUp({
    onSocket(socket, request) {
      socket.onMessage((text) => {
        if (text === "end") socket.close(4003, "kick");
        else socket.send(`${request.headers["x-user"] ?? ""} ${text}`);
      });
    },
  });
  const socket = new Ws(listener.url.replace("http", "ws"), { headers: { "x-user": "u1" } });
  socket.on("open", () => socket.send("hi"));
  const text = await new Promise((resolve) =>
    socket.on("message", (data: Buffer) => resolve(data.toString())),
  );
  expect(text).toBe("u1 hi");
  socket.send("end");
  const end = await new Promise((resolve) => {
    socket.on("close", (code, reason) => resolve([code, reason.toString()]));
  });
  expect(end).toEqual([4003, "kick"]);
});

test("a WebSocket to a service that is down is refused", async () => {
  const { listener, gateway } = await setUp();
  gateway.kill();
  const socket = new Ws(listener.url.replace("http", "ws"));
  const error = await new Promise<Error>((resolve) => socket.on("error", resolve));
  expect(error.message).toContain("502");
});

test("a port that is taken is an error with its code", async () => {
  const { listener } = await setUp();
  const world = createTinyWorld();
  const second = listenOnPort({ ...world, target: "http://gateway:8080", port: listener.port });
  await expect(second).rejects.toMatchObject({ code: "EADDRINUSE" });
});
