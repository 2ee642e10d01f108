/**
 * Third parties of a world: one host, `outside`, that answers for all of them by handlers of the user's. What is
 * sent there crosses the simulated network, so it takes time, and meets faults, as everything else does.
 */
import { AsyncLocalStorage } from "node:async_hooks";

import type { HttpReply, HttpRequest } from "../../src/ports/index.js";
import { SimError } from "../errors.js";
import type { Incarnation, Loop } from "../kernel/index.js";
import { type Connection, type Network, NetworkError } from "../network/index.js";
import type { PortService, SocketFrame, StreamOpening } from "./frames.js";
import { type OutsideHandlers, readOutsideHandlers } from "./outside-handlers.js";
import { type OutsideParty, createOutsideServer } from "./outside-server.js";
import { type OutsideSocket, serveByHandlers, serveByMockServer, socketClassOf } from "./outside-sockets.js";
import { type WorldServerSocket, acceptWebSocket } from "./server-socket.js";

/** The name of the host, for faults: `phoenix.network.partition("gateway", "outside")`. */
export const outsideHost = "outside";

/** The third parties of one world. */
export interface Outside {
  /** Answers at every port of the host `outside`, until that life ends. */
  listen(life: Incarnation): void;
  /** Whether a host is one of theirs. */
  claims(hostname: string): boolean;
  /** Whether what is asked for now shall reach the real network, as `passthrough()` of a handler wants it. */
  isPassing(): boolean;
  /** @throws SimError `SIM_ROUTE_UNKNOWN` for a host of theirs, where nobody takes a socket at this address. */
  requireSocket(url: URL): void;
}

/** What comes by `fetch`: bytes go in, and the response of the handler comes out as it is. */
export interface OutsideRequest extends HttpRequest {
  readonly bytes?: Uint8Array<ArrayBuffer>;
}

/** What goes back by `fetch`. */
export interface OutsideReply extends HttpReply {
  readonly response?: Response;
  /** What the client gets instead of an answer. */
  readonly failure?: Error;
}

/**
 * @param given - Handlers of msw, and servers of mock-socket.
 * @throws SimError `SIM_OPTION_INVALID` for what is none of them, or names no host.
 */
export function createOutside(network: Network, loop: Loop, given: unknown): Outside {
  const handlers = readOutsideHandlers(given);
  const passing = new AsyncLocalStorage<boolean>();
  const servers = handlers.servers.map((server) => ({
    url: server.url,
    MockSocket: socketClassOf(server),
  }));
  let count = 0;
  const nextId = (): string => `outside-${(count += 1)}`;

  async function answer(request: Request): Promise<Response | Error> {
    const kept = request.clone();
    try {
      for (const handler of handlers.requests) {
        const result = await handler.run({ request, requestId: nextId() });
        const response = result?.response;
        if (response === undefined) continue;
        if (response.type === "error")
          return new NetworkError("ECONNRESET", "The third party broke the connection");
        if (response.headers.get("x-msw-intention") !== "passthrough") return response;
        return await passing.run(true, async () => fetch(kept));
      }
    } catch (error) {
      return error instanceof Response ? error : handlerFailed(error);
    }
    return unmatched(`${request.method} ${request.url}`, handlers);
  }

  const serverAt = (url: string) => servers.find((server) => sameAddress(server.url, url));
  const takesSocket = (url: string): boolean =>
    serverAt(url) !== undefined || handlers.sockets.some((handler) => handler.test?.(url) ?? true);

  function serveSocket(socket: OutsideSocket, url: string, protocols: readonly string[]): void {
    const server = serverAt(url);
    if (server === undefined)
      serveByHandlers(handlers.sockets, socket, url, nextId(), protocols).catch((error: unknown) =>
        loop.fail(error as Error),
      );
    else serveByMockServer(server.MockSocket, socket, server.url);
  }

  const party: OutsideParty = {
    answer,
    takesSocket,
    serveSocket,
    unmatched: (what) => unmatched(what, handlers),
  };

  function accept(connection: Connection, service: PortService): void {
    connection.onMessage((first: SocketFrame | StreamOpening) => {
      if (first.kind === "stream") first.serve(connection, service);
      else if (first.kind !== "upgrade") connection.abort();
      else {
        const { url } = first.request;
        acceptWebSocket(service.life, connection, first, (socket) =>
          serveSocket(fromWorld(socket), url, first.protocols),
        );
      }
    });
  }

  network.fabric.addAlias(handlers.claims, outsideHost);
  return {
    listen(life) {
      const service: PortService = {
        loop,
        life,
        handler: async (request) => reply(answer, request),
        createServer: (activityOf, SocketServer) =>
          createOutsideServer(party, life, activityOf, new SocketServer({ noServer: true })),
      };
      network.listenElsewhere(life, () => ({
        onRequest: service.handler,
        onConnection: (connection) => accept(connection, service),
      }));
    },
    claims: (hostname) => network.fabric.resolve(hostname)[0]?.name === outsideHost,
    isPassing: () => passing.getStore() === true,
    requireSocket(url) {
      const isOurs = network.fabric.resolve(url.hostname)[0]?.name === outsideHost;
      if (isOurs && !takesSocket(url.href)) throw unmatched(`a WebSocket to ${url.href}`, handlers);
    },
  };
}

// Services of the platform read text; a `fetch` of the test's gets the response as it is.
async function reply(
  answer: (request: Request) => Promise<Response | Error>,
  { method, url, headers, body, bytes }: OutsideRequest,
): Promise<OutsideReply> {
  const hasBody = method !== "GET" && method !== "HEAD";
  const response = await answer(
    new Request(url, { method, headers, ...(hasBody ? { body: bytes ?? body } : {}) }),
  );
  if (response instanceof Error) return { status: 0, headers: {}, body: "", failure: response };
  const { status } = response;
  const plain = { status, headers: Object.fromEntries(response.headers) };
  return bytes === undefined ? { ...plain, body: await response.text() } : { ...plain, body: "", response };
}

// As msw has it.
function handlerFailed(error: unknown): Response {
  const { name, message, stack } = error as Error;
  return Response.json({ name, message, stack }, { status: 500, statusText: "Unhandled Exception" });
}

function unmatched(what: string, handlers: OutsideHandlers): SimError {
  return new SimError(
    "SIM_ROUTE_UNKNOWN",
    `Cannot reach the third party: no handler of the option "outside" answers ${what}.`,
    `Add a handler for it. There are: ${handlers.describe()}.`,
  );
}

function sameAddress(one: string, other: string): boolean {
  const [left, right] = [new URL(one), new URL(other)];
  return left.host === right.host && left.pathname === right.pathname;
}

function fromWorld(socket: WorldServerSocket): OutsideSocket {
  return {
    send(data) {
      if (typeof data === "string") socket.send(data);
      else socket.sendBinary(data);
    },
    close: (code, reason) => socket.close(code, reason),
    onMessage(listener) {
      socket.onMessage(listener);
      socket.onBinary(listener);
    },
    onClose: (listener) => socket.onClose(listener),
  };
}
