/** All open sockets of one gateway. */
import type { ServerSocket, SocketRequest } from "../../ports/index.js";
import type { GatewayContext } from "../context.js";
import { newestExperiments } from "../list-experiments.js";
import { readWishes } from "./credentials.js";
import { createRawDialect, createSocketIoDialect } from "./dialects/index.js";
import type { EventFeed } from "./event-feed.js";
import { createSession, type Session } from "./session.js";

export interface Hub {
  /** Takes over a socket that was just opened. */
  open(socket: ServerSocket, request: SocketRequest): void;
  /** Closes every socket. */
  stop(): void;
}

/** Close code of a gateway that shuts down: come back elsewhere. */
export const goingAway = 4001;
/** Close code of a path that has no sockets. */
export const noSuchPath = 4404;

const rawPaths: ReadonlySet<string> = new Set(["/ws", "/v1/ws", "/api/v1/ws", "/api/v1/ws/"]);

/** Creates a hub with no sockets; its feed runs while there are some. */
export function createHub(context: GatewayContext, feed: EventFeed): Hub {
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

  return {
    open: (socket, request) => {
      const wishes = readWishes(request);
      const dialect = /\/socket\.io\/?$/.test(wishes.path)
        ? socketIo
        : rawPaths.has(wishes.path)
          ? raw
          : undefined;
      if (dialect === undefined) {
        socket.close(noSuchPath, "no sockets are served here");
        return;
      }
      const session = createSession({
        ...context,
        socket,
        dialect,
        feed,
        token: wishes.token,
        since: wishes.since,
        id: context.ids.next(),
        databaseNow: context.time.estimate,
        snapshot: (identity) => newestExperiments(context, identity),
      });
      socket.onMessage((text) => session.receive(text));
      socket.onClose(() => leave(session));
      join(session);
      if (dialect.keepAlive !== undefined) keepAlive(session, dialect.keepAlive.everyMs);
    },
    stop: () => {
      for (const session of sessions) {
        session.close(goingAway, "the gateway shuts down");
        leave(session);
      }
    },
  };
}
