/** Sockets of third parties: the two connections that a handler of msw gets, and the way to a server of mock-socket. */
import { SimError } from "../../errors.js";
import { WorldCloseEvent } from "./websocket.js";
import type { MockServer, SocketHandler } from "./outside-handlers.js";

/** The server's end of a socket, whichever way it came. */
export interface OutsideSocket {
  send(data: string | Uint8Array): void;
  close(code?: number, reason?: string): void;
  onMessage(listener: (data: string | Uint8Array) => void): void;
  onClose(listener: (code: number, reason: string) => void): void;
}

/** Lets the handlers of msw that match serve a socket. */
export async function serveByHandlers(
  handlers: readonly SocketHandler[],
  socket: OutsideSocket,
  url: string,
  id: string,
  protocols: readonly string[],
): Promise<void> {
  const client = createClientConnection(socket, url, id);
  const connection = { client, server: createServerConnection(url), info: { protocols: [...protocols] } };
  for (const handler of handlers) await handler.run(connection);
}

function createClientConnection(socket: OutsideSocket, url: string, id: string) {
  const events = new EventTarget();
  socket.onMessage((data) => {
    const payload = typeof data === "string" ? data : data.slice().buffer;
    events.dispatchEvent(
      new MessageEvent("message", { data: payload, origin: new URL(url).origin, cancelable: true }),
    );
  });
  socket.onClose((code, reason) => {
    events.dispatchEvent(new WorldCloseEvent("close", { code, reason, wasClean: code !== 1006 }));
  });
  return {
    id,
    url: new URL(url),
    socket: events,
    send(data: unknown): void {
      if (data instanceof Blob) void data.arrayBuffer().then((bytes) => socket.send(new Uint8Array(bytes)));
      else if (data instanceof ArrayBuffer) socket.send(new Uint8Array(data));
      else if (ArrayBuffer.isView(data))
        socket.send(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
      else socket.send(String(data));
    },
    close: (code = 1000, reason = "") => socket.close(code, reason),
    addEventListener: events.addEventListener.bind(events),
    removeEventListener: events.removeEventListener.bind(events),
  };
}

// A third party of a world is simulated from end to end.
function createServerConnection(url: string) {
  const events = new EventTarget();
  const refuse = (): never => {
    throw new SimError(
      "SIM_UNSUPPORTED",
      `Cannot connect to the real ${url}: sockets of a world do not reach the real network.`,
      "Answer in the handler, by client.send.",
    );
  };
  return {
    socket: events,
    connect: refuse,
    send: refuse,
    close: () => {},
    addEventListener: events.addEventListener.bind(events),
    removeEventListener: events.removeEventListener.bind(events),
  };
}

/** Connects a socket to a server of mock-socket, through that library's own `WebSocket`. */
export function serveByMockServer(MockSocket: typeof WebSocket, socket: OutsideSocket, url: string): void {
  const peer = new MockSocket(url);
  peer.binaryType = "arraybuffer";
  const early: (() => void)[] = [];
  peer.addEventListener("open", () => {
    for (const send of early.splice(0)) send();
  });
  peer.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
    socket.send(data instanceof ArrayBuffer ? new Uint8Array(data) : String(data));
  });
  peer.addEventListener("close", ({ code, reason }) => socket.close(sendable(code), reason));
  socket.onMessage((data) => {
    const send = (): void => peer.send(typeof data === "string" ? data : data.slice().buffer);
    if (peer.readyState === 1) send();
    else early.push(send);
  });
  socket.onClose(() => {
    if (peer.readyState <= 1) peer.close();
  });
}

// What a close frame cannot carry (1005, 1006) goes without a code of its own.
function sendable(code: number): number {
  return code === 1000 || (code >= 3000 && code <= 4999) ? code : 1000;
}

/** @returns The class of the same copy of mock-socket as the server: they find each other by a bridge inside of it. */
export function socketClassOf(server: MockServer): typeof WebSocket {
  const before = Object.getOwnPropertyDescriptor(globalThis, "WebSocket");
  const { originalWebSocket } = server;
  server.mockWebsocket();
  const found = globalThis.WebSocket;
  server.originalWebSocket = originalWebSocket;
  if (before === undefined) Reflect.deleteProperty(globalThis, "WebSocket");
  else Object.defineProperty(globalThis, "WebSocket", before);
  return found;
}
