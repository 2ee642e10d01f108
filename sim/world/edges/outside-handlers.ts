/** What plays third parties: handlers of msw, of whatever copy, and servers of mock-socket. */
import { inspect } from "node:util";

import { SimError } from "../../errors.js";
import { WorldCloseEvent } from "./websocket.js";

/** The part of a request handler of msw that is used. */
interface RequestHandler {
  readonly info?: { readonly path?: unknown; readonly method?: unknown; readonly header?: unknown };
  readonly endpoint?: unknown;
  run(args: {
    readonly request: Request;
    readonly requestId: string;
  }): Promise<{ readonly response?: Response | undefined } | null>;
}

/** The part of what `ws.link(...).addEventListener(...)` gives that is used. */
export interface SocketHandler {
  readonly kind: "websocket";
  readonly url: string | RegExp;
  /** Whether it takes sockets at an address; earlier versions tell when they run only. */
  test?(url: string): boolean;
  run(connection: object): Promise<object | null>;
}

/** The part of a `Server` of mock-socket that is used. */
export interface MockServer {
  readonly url: string;
  originalWebSocket?: unknown;
  mockWebsocket(): void;
  clients(): unknown;
}

export interface OutsideHandlers {
  readonly requests: readonly RequestHandler[];
  readonly sockets: readonly SocketHandler[];
  readonly servers: readonly MockServer[];
  /** Whether a host is one of those that they answer for. */
  claims(hostname: string): boolean;
  /** What they answer, such as `GET https://hooks.example.com/*`. */
  describe(): string;
}

/** @throws SimError `SIM_OPTION_INVALID` for what is no handler, or names no host. */
export function readOutsideHandlers(given: unknown): OutsideHandlers {
  if (!Array.isArray(given)) throw invalid(`outside is ${inspect(given, { depth: 0 })}, not a list`);
  const requests: RequestHandler[] = [];
  const sockets: SocketHandler[] = [];
  const servers: MockServer[] = [];
  const hosts: RegExp[] = [];
  const descriptions: string[] = [];
  for (const [index, handler] of (given as readonly unknown[]).flat().entries()) {
    let address: unknown;
    if (isMockServer(handler)) {
      servers.push(handler);
      address = handler.url;
      descriptions.push(handler.url);
    } else if (isSocketHandler(handler)) {
      sockets.push(handler);
      address = handler.url;
      descriptions.push(String(handler.url));
    } else if (isRequestHandler(handler)) {
      requests.push(handler);
      const { path, method, header } = handler.info ?? {};
      address = path ?? handler.endpoint;
      descriptions.push(
        typeof header === "string"
          ? header
          : `${typeof method === "string" ? method : "any"} ${String(address)}`,
      );
    } else throw invalid(`outside[${index}] is ${inspect(handler, { depth: 0 })}`);
    hosts.push(hostPattern(address, index));
  }
  return {
    requests,
    sockets,
    servers,
    claims: (hostname) => hosts.some((host) => host.test(hostname)),
    describe: () => descriptions.join(", "),
  };
}

function isMockServer(handler: unknown): handler is MockServer {
  const { mockWebsocket, clients, url } = (handler ?? {}) as Partial<MockServer>;
  return typeof mockWebsocket === "function" && typeof clients === "function" && typeof url === "string";
}

function isSocketHandler(handler: unknown): handler is SocketHandler {
  const { kind, run } = (handler ?? {}) as Partial<SocketHandler>;
  return kind === "websocket" && typeof run === "function";
}

function isRequestHandler(handler: unknown): handler is RequestHandler {
  const { run, info } = (handler ?? {}) as Partial<RequestHandler>;
  return typeof run === "function" && typeof info === "object";
}

// Machines of the test's own: a pattern for any host does not mean them.
const elsewhere = /^(?!localhost$|127\.|0\.0\.0\.0$|::|.*\.localhost$)/;

function hostPattern(address: unknown, index: number): RegExp {
  if (typeof address !== "string") return elsewhere;
  if (address.startsWith("*")) return elsewhere;
  const [, host] = /^(?:https?|wss?):\/\/([^/?#]+)/i.exec(address) ?? [];
  if (host === undefined) throw invalid(`outside[${index}] answers "${address}", which names no host`);
  const name = host.replace(/:(?:\d+|\*|[a-z]\w*)$/i, "").toLowerCase();
  const pattern = name.replace(/[.[\]]/g, "\\$&").replace(/\*+|:[a-z]\w*/gi, ".*");
  return new RegExp(`^${pattern}$`, "i");
}

function invalid(problem: string): SimError {
  return new SimError(
    "SIM_OPTION_INVALID",
    `Cannot use what is outside: ${problem}.`,
    'Give msw handlers with whole addresses, such as [http.get("https://hooks.example.com/*", ...)], and for ' +
      'sockets ws.link("wss://feed.example.com").addEventListener("connection", ...), or servers of mock-socket.',
  );
}

// Sockets of third parties: the two connections that a handler of msw gets, and the way to a server of mock-socket.

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
