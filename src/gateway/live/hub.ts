/** All open sockets of one gateway. */
import type { HttpRequest, ServerSocket, SocketRequest } from "../../ports/index.js";
import type { GatewayContext } from "../context.js";
import { pathOf, queryOf, type Reply } from "../http.js";
import { newestExperiments } from "../list-experiments.js";
import type { EventFeed } from "./event-feed.js";
import { createPolling, isPollingPath } from "./polling.js";
import { createRawDialect } from "./raw-dialect.js";
import { createSession, type Session } from "./session.js";
import { createSocketIoDialect } from "./socket-io-dialect.js";

// Where a socket's token may be, and where it wants to begin.

/** What the upgrade request of a socket says. */
interface ConnectionParameters {
  readonly path: string;
  /** Empty when the request carries none; a frame may follow. */
  readonly token: string;
  /** Place of the last event the client has seen. */
  readonly since: number | undefined;
}

/** Reads an upgrade request: header, query, sub-protocol or cookie. */
function readConnectionParameters({ url, headers }: SocketRequest): ConnectionParameters {
  const searchParams = queryOf(url);
  const since = Number(searchParams.get("since") ?? Number.NaN);
  return {
    path: pathOf(url),
    token:
      afterBearer(headers["authorization"] ?? "") ??
      searchParams.get("token") ??
      searchParams.get("access_token") ??
      fromProtocol(headers["sec-websocket-protocol"] ?? "") ??
      fromCookie(headers["cookie"] ?? "") ??
      "",
    since: Number.isSafeInteger(since) && since >= 0 ? since : undefined,
  };
}

function afterBearer(header: string): string | undefined {
  return /^bearer\s+(\S+)$/i.exec(header.trim())?.[1];
}

// Browsers cannot set headers: they offer "bearer" and the token as sub-protocols.
function fromProtocol(header: string): string | undefined {
  const offered = header.split(",").map((text) => text.trim());
  const index = offered.findIndex((text) => /^(bearer|token|phoenix)$/i.test(text));
  return index < 0 ? undefined : offered[index + 1];
}

function fromCookie(header: string): string | undefined {
  return /(?:^|;\s*)(?:token|phoenix_token)=([^;]+)/.exec(header)?.[1];
}

export interface Hub {
  /** Takes over a socket that was just opened. */
  open(socket: ServerSocket, request: SocketRequest): void;
  /** Answers a request that carries frames. */
  poll(request: HttpRequest): Promise<Reply> | Reply;
  /** Closes every socket. */
  stop(): void;
}

/** Close code of a gateway that shuts down: come back elsewhere. */
const goingAway = 4001;
/** Close code of a path that has no sockets. */
const noSuchPath = 4404;

const rawPaths: ReadonlySet<string> = new Set(["/ws", "/v1/ws", "/api/v1/ws", "/api/v1/ws/"]);

/** Changes what a session sees of its socket, whatever carries its frames. */
export type WrapSocket = (socket: ServerSocket, request: SocketRequest) => ServerSocket;

/** @returns Whether sockets of plain JSON frames are opened at a path. */
export function isSocketPath(path: string): boolean {
  return rawPaths.has(path);
}

/** Creates a hub with no sockets; its feed runs while there are some. */
export function createHub(context: GatewayContext, feed: EventFeed, wrapSocket: WrapSocket): Hub {
  const sessions = new Set<Session>();
  const raw = createRawDialect();
  const socketIo = createSocketIoDialect();

  function leave(session: Session): void {
    if (!sessions.delete(session)) return;
    context.metrics.sockets(sessions.size);
    if (sessions.size === 0) feed.stop();
  }

  function join(session: Session): void {
    sessions.add(session);
    context.metrics.sockets(sessions.size);
    if (sessions.size === 1) {
      feed.start(() => {
        for (const open of sessions) open.advance();
      });
    } else session.advance();
  }

  // Some clients end when nothing is heard for a while.
  function keepAlive(session: Session, everyMs: number): void {
    context.clock.setTimer(everyMs, "socket-keep-alive", () => {
      if (!sessions.has(session)) return;
      session.keepAlive();
      keepAlive(session, everyMs);
    });
  }

  function begin(
    carrier: ServerSocket,
    request: SocketRequest,
    id: string,
    upgrades: readonly string[],
  ): void {
    const parameters = readConnectionParameters(request);
    const dialect = isPollingPath(parameters.path)
      ? socketIo
      : isSocketPath(parameters.path)
        ? raw
        : undefined;
    const socket = wrapSocket(carrier, request);
    if (dialect === undefined) {
      socket.close(noSuchPath, "no sockets are served here");
      return;
    }
    const session = createSession({
      ...context,
      socket,
      dialect,
      feed,
      token: parameters.token,
      since: parameters.since,
      id,
      upgrades,
      databaseNow: context.time.estimate,
      snapshot: (identity) => newestExperiments(context, identity),
    });
    socket.onMessage((text) => session.receive(text));
    socket.onClose(() => leave(session));
    join(session);
    if (dialect.keepAlive !== undefined) keepAlive(session, dialect.keepAlive.everyMs);
  }

  const polling = createPolling({
    clock: context.clock,
    nextId: () => context.ids.next(),
    open: (socket, request, id) => begin(socket, request, id, ["websocket"]),
  });

  return {
    open: (socket, request) => {
      const isPolled = isPollingPath(readConnectionParameters(request).path);
      if (isPolled && polling.takeOver(socket, request)) return;
      begin(socket, request, context.ids.next(), []);
    },
    poll: (request) => polling.answer(request),
    stop: () => {
      for (const session of sessions) {
        session.close(goingAway, "the gateway shuts down");
        leave(session);
      }
    },
  };
}
