/* oxlint-disable unicorn/prefer-add-event-listener -- the on-properties are under test too */
import { expect, test } from "vitest";
import {
  createWorldSockets,
  waitForMessage,
  waitForReadyState,
} from "../../../../../sim/world/edges/index.js";
import type { WorldServerSocket } from "../../../../../sim/world/edges/index.js";
import { advance } from "../../../../../sim/kernel/index.js";
import { type TinyWorldOptions, createTinyWorld } from "./tiny-world.js";

const url = "ws://gateway:8080/ws?token=t";

function setUp(options: TinyWorldOptions = {}) {
  const world = createTinyWorld(options);
  const sockets = createWorldSockets(world);
  const { WebSocket } = sockets;
  const events: string[] = [];
  function open(protocols?: string | string[]): WebSocket {
    const socket = new WebSocket(url, protocols);
    for (const type of ["open", "error", "close", "message"]) {
      socket.addEventListener(type, (event) => events.push(describe(event)));
    }
    return socket;
  }
  return { ...world, sockets, WebSocket, events, open };
}

function describe(event: Event): string {
  const { type, code, reason, wasClean, data } = event as CloseEvent & MessageEvent;
  if (type === "close") return `close ${code} "${reason}" ${wasClean ? "clean" : "unclean"}`;
  return type === "message" ? `message ${String(data)}` : type;
}

async function opened(world: ReturnType<typeof setUp>, protocols?: string | string[]): Promise<WebSocket> {
  const socket = world.open(protocols);
  await waitForReadyState(world.loop, socket, world.WebSocket.OPEN);
  world.events.length = 0;
  return socket;
}

test("a socket opens after two round trips and carries text both ways in order", async () => {
  const world = setUp();
  const socket = world.open();
  expect(socket.readyState).toBe(world.WebSocket.CONNECTING);
  expect(() => socket.send("early")).toThrow(expect.objectContaining({ name: "InvalidStateError" }));
  await waitForReadyState(world.loop, socket, world.WebSocket.OPEN);
  expect(world.clock.nowMs).toBe(20);
  for (const text of ["a", "b", "c"]) socket.send(text);
  await waitForMessage(world.loop, socket, { where: (data) => data === "echo c" });
  expect(world.events).toEqual(["open", "message echo a", "message echo b", "message echo c"]);
});

test("opening holds the loop, an open socket does not", async () => {
  const world = setUp();
  const socket = world.open();
  expect(world.loop.waiting()).toEqual([`WebSocket ${url} to open`]);
  await new Promise((resolve) => {
    socket.addEventListener("open", resolve);
  });
  expect(world.loop.waiting()).toEqual([]);
  expect(world.sockets.open()).toMatchObject([{ url }]);
});

test("it is a real EventTarget: once, handleEvent, signals, and handlers that keep their place", async () => {
  const world = setUp();
  const socket = await opened(world);
  expect(socket).toBeInstanceOf(EventTarget);
  const seen: string[] = [];
  socket.onmessage = () => seen.push("replaced");
  socket.addEventListener("message", () => seen.push("once"), { once: true });
  socket.addEventListener("message", { handleEvent: () => seen.push("object") });
  socket.onmessage = ({ target }) => seen.push(target === socket ? "handler" : "wrong target");
  expect(typeof socket.onmessage).toBe("function");
  socket.send("1");
  await waitForMessage(world.loop, socket);
  socket.onmessage = null;
  expect(socket.onmessage).toBeNull();
  socket.send("2");
  await waitForMessage(world.loop, socket);
  expect(seen).toEqual(["handler", "once", "object", "object"]);
});

test("closing tells both ends the code and the reason, and is clean", async () => {
  const closed: unknown[] = [];
  const world = setUp({ onSocket: (socket) => socket.onClose((...end) => closed.push(end)) });
  const socket = await opened(world);
  socket.close(4001, "bye");
  expect(socket.readyState).toBe(world.WebSocket.CLOSING);
  socket.send("late");
  expect(socket.bufferedAmount).toBe(4);
  await waitForReadyState(world.loop, socket, world.WebSocket.CLOSED);
  expect(world.events).toEqual(['close 4001 "bye" clean']);
  expect(closed).toEqual([[4001, "bye"]]);
  expect(world.sockets.open()).toEqual([]);
});

test("closing without a code is 1005 at both ends", async () => {
  const closed: unknown[] = [];
  const world = setUp({ onSocket: (socket) => socket.onClose((...end) => closed.push(end)) });
  const socket = await opened(world);
  socket.close();
  await waitForReadyState(world.loop, socket, world.WebSocket.CLOSED);
  expect(world.events).toEqual(['close 1005 "" clean']);
  expect(closed).toEqual([[1005, ""]]);
});

test("a server that closes is heard with its own code, and hears the end itself", async () => {
  const closed: unknown[] = [];
  const world = setUp({
    onSocket(socket) {
      socket.onClose((...end) => closed.push(end));
      socket.onMessage(() => {
        socket.close(4003, "kick");
        socket.send("dropped");
      });
    },
  });
  const socket = await opened(world);
  socket.send("x");
  await waitForReadyState(world.loop, socket, world.WebSocket.CLOSED);
  expect(world.events).toEqual(['close 4003 "kick" clean']);
  expect(closed).toEqual([[4003, "kick"]]);
});

test("a crash of the server is an error and then an unclean 1006", async () => {
  const world = setUp();
  const socket = await opened(world);
  world.gateway.kill();
  await waitForReadyState(world.loop, socket, world.WebSocket.CLOSED);
  expect(world.events).toEqual(["error", 'close 1006 "" unclean']);
});

test("a refused connection is an error and then an unclean 1006", async () => {
  const world = setUp();
  world.gateway.kill();
  const socket = world.open();
  await waitForReadyState(world.loop, socket, world.WebSocket.CLOSED);
  expect(world.events).toEqual(["error", 'close 1006 "" unclean']);
});

test("a port that speaks HTTP only refuses the upgrade: an error and then an unclean 1006", async () => {
  const world = setUp({ onSocket: false });
  const socket = world.open();
  await waitForReadyState(world.loop, socket, world.WebSocket.CLOSED);
  expect(world.events).toEqual(["error", 'close 1006 "" unclean']);
});

test("a socket closed before it opened fails, later and not within the call", async () => {
  const world = setUp();
  const socket = world.open();
  socket.close();
  expect(world.events).toEqual([]);
  expect(socket.readyState).toBe(world.WebSocket.CLOSING);
  await waitForReadyState(world.loop, socket, world.WebSocket.CLOSED);
  await advance(world.loop, 1000);
  expect(world.events).toEqual(["error", 'close 1006 "" unclean']);
});

test("a close that nobody answers ends unclean after 30 seconds", async () => {
  const world = setUp();
  const socket = await opened(world);
  world.gateway.pause();
  socket.close(1000);
  await waitForReadyState(world.loop, socket, world.WebSocket.CLOSED, "1m");
  expect(world.events).toEqual(['close 1006 "" unclean']);
  expect(world.clock.nowMs).toBe(30_020);
});

test("a server that stays silent makes the opening fail after the time given", async () => {
  const world = setUp();
  world.gateway.pause();
  const socket = world.open();
  await waitForReadyState(world.loop, socket, world.WebSocket.CLOSED, "10m");
  expect(world.clock.nowMs).toBe(120_000);
  expect(world.events).toEqual(["error", 'close 1006 "" unclean']);
});

test("bytes arrive as the binaryType says, and are copies", async () => {
  const world = setUp({
    onSocket(socket) {
      const binary = socket as WorldServerSocket;
      binary.onBinary((bytes) => binary.sendBinary(bytes));
    },
  });
  const socket = await opened(world);
  const sent = Uint8Array.of(1, 2, 3);
  expect(socket.binaryType).toBe("blob");
  socket.send(sent.subarray(1));
  sent.fill(9);
  const blob = (await waitForMessage(world.loop, socket)) as Blob;
  expect(blob).toBeInstanceOf(Blob);
  expect([...new Uint8Array(await blob.arrayBuffer())]).toEqual([2, 3]);
  socket.binaryType = "arraybuffer";
  socket.binaryType = "nonsense" as BinaryType;
  socket.send(sent.buffer);
  const buffer = (await waitForMessage(world.loop, socket)) as ArrayBuffer;
  expect(buffer).toBeInstanceOf(ArrayBuffer);
  expect([...new Uint8Array(buffer)]).toEqual([9, 9, 9]);
  expect(() => socket.send(new Blob([]))).toThrow("SIM_UNSUPPORTED");
});

test("a server for text only closes with 1003 when bytes come", async () => {
  const world = setUp();
  const socket = await opened(world);
  socket.send(Uint8Array.of(1));
  await waitForReadyState(world.loop, socket, world.WebSocket.CLOSED);
  expect(world.events).toEqual(['close 1003 "text frames only" clean']);
});

test("bufferedAmount counts what the other end has not read: bytes here, characters at the server", async () => {
  let server: WorldServerSocket | undefined;
  const world = setUp({
    onSocket(socket) {
      server = socket as WorldServerSocket;
    },
  });
  const socket = await opened(world);
  socket.send("ü");
  expect(socket.bufferedAmount).toBe(2);
  world.sockets.setReading(socket, false);
  server?.send("üü");
  await advance(world.loop, 100);
  expect(socket.bufferedAmount).toBe(0);
  expect(server?.bufferedAmount).toBe(2);
  world.sockets.setReading(socket, true);
  expect(server?.bufferedAmount).toBe(0);
  expect(world.events).toEqual(["message üü"]);
});

test("the first sub-protocol is chosen, and the server sees all of them", async () => {
  let offered: string | undefined;
  const world = setUp({
    onSocket: (_, request) => {
      offered = request.headers["sec-websocket-protocol"];
    },
  });
  const socket = await opened(world, ["v2", "v1"]);
  expect(socket.protocol).toBe("v2");
  expect(offered).toBe("v2, v1");
});

test("wrong arguments throw what a browser throws", async () => {
  const { WebSocket, ...world } = setUp();
  const syntax = expect.objectContaining({ name: "SyntaxError" }) as Error;
  expect(() => new WebSocket("nonsense")).toThrow(syntax);
  expect(() => new WebSocket("ftp://gateway")).toThrow(syntax);
  expect(() => new WebSocket(`${url}#part`)).toThrow(syntax);
  expect(() => new WebSocket(url, ["a", "a"])).toThrow(syntax);
  expect(() => new WebSocket(url, "a b")).toThrow(syntax);
  expect(() => new WebSocket("ws://nowhere")).toThrow("SIM_ROUTE_UNKNOWN");
  expect(world.loop.waiting()).toEqual([]);
  const socket = await opened({ WebSocket, ...world });
  expect(() => socket.close(1001)).toThrow(expect.objectContaining({ name: "InvalidAccessError" }));
  expect(() => socket.close(3000, "ü".repeat(62))).toThrow(syntax);
  expect(socket.readyState).toBe(WebSocket.OPEN);
});

test("the state constants stand on the class and on each socket", () => {
  const { WebSocket, open } = setUp();
  const socket = open();
  expect([WebSocket.CONNECTING, WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED]).toEqual([0, 1, 2, 3]);
  expect([socket.CONNECTING, socket.OPEN, socket.CLOSING, socket.CLOSED]).toEqual([0, 1, 2, 3]);
  expect(socket.url).toBe(url);
  expect(socket.extensions).toBe("");
});

test("two worlds do not hear each other", async () => {
  const [one, two] = [setUp(), setUp()];
  const sockets = await Promise.all([opened(one), opened(two)]);
  expect(one.WebSocket).not.toBe(two.WebSocket);
  sockets[0].send("only one");
  await waitForMessage(one.loop, sockets[0]);
  await advance(two.loop, 1000);
  expect(one.events).toEqual(["message echo only one"]);
  expect(two.events).toEqual([]);
});

test("messages that come while a socket is closing are dropped", async () => {
  const world = setUp();
  const socket = await opened(world);
  socket.send("x");
  socket.close();
  await waitForReadyState(world.loop, socket, world.WebSocket.CLOSED);
  expect(world.events).toEqual(['close 1005 "" clean']);
});
