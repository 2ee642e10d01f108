/** Opens a port of a host: HTTP requests, WebSockets of the world, and byte streams of real clients. */
import type { Incarnation } from "../../kernel/index.js";
import type { Connection, Network } from "../../kernel/network/index.js";
import type { ByteFrame } from "./byte-stream.js";
import type { Namer } from "./callers.js";
import { acceptWebSocket } from "./server-socket.js";
import {
  sendFrame,
  type BytesOpening,
  type PortService,
  type SocketFrame,
  type StreamOpening,
} from "./stream-server.js";

export interface ServePortOptions extends PortService {
  readonly network: Network;
  readonly port: number;
}

/** Serves until the incarnation ends. Without `onSocket`, an upgrade is refused with 426. */
export function servePort({ network, port, ...service }: ServePortOptions): void {
  network.listen(service.incarnation, port, {
    onRequest: service.handler,
    onConnection: (connection) => acceptConnection(connection, service),
  });
}

/** Serves one connection; its first message says what it carries. */
function acceptConnection(connection: Connection, service: PortService): void {
  connection.onMessage((first: SocketFrame | StreamOpening) => {
    if (first.kind === "stream") first.serve(connection, service);
    else if (first.kind !== "upgrade") connection.abort();
    else if (service.onSocket === undefined) {
      sendFrame(connection, { kind: "refuse", status: 426 });
      connection.close();
    } else acceptWebSocket(service.incarnation, connection, first, service.onSocket);
  });
}

// The server's end of a connection that carries the bytes of a protocol.

/** What a protocol does with its client. */
export interface ByteClient {
  send(bytes: Uint8Array): void;
  /** Closes the connection after what was sent. */
  close(): void;
}

/** A protocol that serves one client. */
export interface ByteServer {
  /** @param label - Stable name of what the client asks. */
  receive(bytes: Uint8Array, label: string): void;
  /** The client is gone, or has nothing more to say. */
  closed(): void;
}

/** Whether the first message of a connection says that bytes follow. */
export function carriesBytes(first: unknown): first is BytesOpening {
  return (first as { readonly kind?: unknown }).kind === "bytes";
}

/**
 * Lets `open` serve a connection, until it closes or the incarnation ends. What it sends in one go travels in one piece.
 *
 * @param namer - Names what the client sends; the answers are named after it.
 */
export function serveBytes(
  incarnation: Incarnation,
  connection: Connection,
  namer: Namer,
  open: (client: ByteClient) => ByteServer,
): void {
  let pending: Uint8Array[] = [];
  let asked = "stream";

  function flush(): void {
    const bytes = pending.length === 1 ? pending[0] : Buffer.concat(pending);
    pending = [];
    if (bytes === undefined || bytes.byteLength === 0 || !incarnation.alive) return;
    connection.send(bytes, `${asked}/reply`, bytes.byteLength, bytes.byteLength);
  }

  const server = open({
    send(bytes) {
      pending.push(bytes);
      if (pending.length === 1) queueMicrotask(flush);
    },
    close() {
      flush();
      // A process that is gone says nothing; its machine resets the connection.
      if (incarnation.alive) connection.close();
      else connection.abort();
    },
  });
  connection.onMessage((payload: ByteFrame) => {
    if (payload instanceof Uint8Array) {
      asked = namer(payload).label;
      server.receive(payload, asked);
      return;
    }
    server.closed();
    flush();
    connection.close();
  });
  connection.onClose(() => server.closed());
}
