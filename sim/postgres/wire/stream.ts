/** A connection as an in-memory duplex stream, for the `stream` option of real drivers. */
import { Duplex } from "node:stream";
import { createWireConnection } from "./connection.js";
import type { WireConnection, WireHost } from "./host.js";

/** What drivers call on a socket besides the stream itself; none of it means anything in memory. */
export interface MemorySocket extends Duplex {
  connect(...target: unknown[]): this;
  setNoDelay(): this;
  setKeepAlive(): this;
  setTimeout: () => this;
  ref(): this;
  unref(): this;
}

/** @returns The client's end. Bytes arrive in later microtasks, never inside the caller's stack. */
export function createWireStream(host: WireHost): MemorySocket {
  let connection: WireConnection | null = null;
  const open = (): WireConnection =>
    createWireConnection(host, {
      send: (bytes) => {
        pending.push(bytes);
        flushLater();
      },
      close: () => {
        pending.push(null);
        flushLater();
      },
    });
  const pending: Array<Uint8Array | null> = [];
  let flushing = false;
  const flushLater = (): void => {
    if (flushing) return;
    flushing = true;
    queueMicrotask(() => {
      flushing = false;
      const parts = pending.splice(0);
      const ends = parts.includes(null);
      const bytes = parts.filter((part) => part !== null);
      if (bytes.length > 0 && !stream.destroyed)
        stream.push(bytes.length === 1 ? bytes[0] : Buffer.concat(bytes));
      if (ends && !stream.destroyed) stream.push(null);
    });
  };
  const stream = new Duplex({
    read() {},
    write(chunk: Uint8Array, _encoding, done) {
      connection ??= open();
      const live = connection;
      queueMicrotask(() => live.receive(chunk));
      done();
    },
    final(done) {
      connection?.closed();
      done();
      queueMicrotask(() => {
        if (!stream.destroyed && !stream.readableEnded) stream.push(null);
      });
    },
    destroy(error, done) {
      connection?.closed();
      done(error);
    },
  });
  const socket = stream as unknown as MemorySocket;
  return Object.assign(socket, {
    connect() {
      queueMicrotask(() => socket.emit("connect"));
      return socket;
    },
    setNoDelay: () => socket,
    setKeepAlive: () => socket,
    setTimeout: () => socket,
    ref: () => socket,
    unref: () => socket,
  });
}
