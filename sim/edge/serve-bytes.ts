/** The server's end of a connection that carries the bytes of a protocol. */
import type { Incarnation } from "../kernel/index.js";
import type { Connection } from "../network/index.js";
import type { ByteFrame } from "./byte-stream.js";
import type { BytesOpening } from "./frames.js";

/** What a protocol does with its client. */
export interface ByteClient {
  send(bytes: Uint8Array): void;
  /** Closes the connection after what was sent. */
  close(): void;
}

/** A protocol that serves one client. */
export interface ByteServer {
  receive(bytes: Uint8Array): void;
  /** The client is gone, or has nothing more to say. */
  closed(): void;
}

/** Whether the first message of a connection says that bytes follow. */
export function carriesBytes(first: unknown): first is BytesOpening {
  return (first as { readonly kind?: unknown }).kind === "bytes";
}

/** Lets `open` serve a connection, until it closes or the life ends. What it sends in one go travels in one piece. */
export function serveBytes(
  life: Incarnation,
  connection: Connection,
  open: (client: ByteClient) => ByteServer,
): void {
  let pending: Uint8Array[] = [];

  function flush(): void {
    const bytes = pending.length === 1 ? pending[0] : Buffer.concat(pending);
    pending = [];
    if (bytes === undefined || bytes.byteLength === 0 || !life.alive) return;
    connection.send(bytes, "stream/bytes", bytes.byteLength, bytes.byteLength);
  }

  const server = open({
    send(bytes) {
      pending.push(bytes);
      if (pending.length === 1) queueMicrotask(flush);
    },
    close() {
      flush();
      // A process that is gone says nothing; its machine resets the connection.
      if (life.alive) connection.close();
      else connection.abort();
    },
  });
  connection.onMessage((payload: ByteFrame) => {
    if (payload instanceof Uint8Array) {
      server.receive(payload);
      return;
    }
    server.closed();
    flush();
    connection.close();
  });
  connection.onClose(() => server.closed());
}
