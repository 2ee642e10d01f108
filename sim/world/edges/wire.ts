/**
 * What a socket does over a connection of the network, for whichever stream stands before it: reading, writing,
 * ending, breaking, and time-outs, which are virtual.
 */
import type { Duplex } from "node:stream";

import type { Incarnation } from "../../kernel/index.js";
import type { Connection } from "../../kernel/network/index.js";
import { nodeError } from "./routes.js";

/** What happens on a stream, for whoever has to know when an answer is complete. */
export interface WireListener {
  wrote?(bytes: Uint8Array): void;
  /** Bytes have arrived that the stream gets next. */
  answered?(): void;
  /** Bytes arrived, or the end of them. */
  arrived?(bytes?: Uint8Array): void;
  /** This end has nothing more to say. */
  finished?(): void;
  ended?(): void;
  /** Something set out on the connection, or has arrived, in either direction. */
  traffic?(): void;
  /** Whether time may have to move has to be asked again: a time-out was set, or reading paused or resumed. */
  changed?(): void;
  /** Names what is written next, for the steps of the run. @default all pieces have one name */
  named?(bytes: Uint8Array): FrameName;
  /** Whether what is written after `abandon` may be dropped in silence: last words to a peer that is gone. */
  isFinalMessage?(bytes: Uint8Array): boolean;
}

/** What a piece of bytes is about. */
export interface FrameName {
  /** Stable name without ids. */
  readonly label: string;
  /** The same for people. */
  readonly describe?: () => string;
}

/** How a wire comes about. */
export interface WireOptions {
  /** The incarnation that time-outs belong to; the stream is destroyed with it. */
  readonly incarnation: Incarnation;
  /** Called once; what is written before it resolves waits. */
  readonly open: () => Promise<Connection> | Connection;
  readonly listener: WireListener;
}

// Sent in place of bytes by an end that has nothing more to say, but still listens.
const fin = { kind: "fin" } as const;

/** What travels between the two ends, after the opening. */
export type ByteFrame = Uint8Array | typeof fin;

export interface Wire {
  readonly connecting: boolean;
  /** Bytes that the other end has not read. */
  readonly inFlight: number;
  /** Whether anything is on its way between the two ends. */
  readonly underWay: boolean;
  /** Whether what arrives waits, because nobody reads it. */
  readonly stalled: boolean;
  readonly timeoutMs: number;
  read(): void;
  write(chunk: Uint8Array, done: (error?: Error) => void): void;
  final(done: () => void): void;
  destroy(error: Error | null): void;
  /** Breaks it without telling its user, who learns `error` at the next write: for the end of a world. */
  abandon(error: Error): void;
  setTimeout(delayMs: number, onTimeout?: () => void): void;
}

/** @param stream - Gets what arrives by `push`, and the events of a socket. */
export function createWire(stream: Duplex, { incarnation, open, listener }: WireOptions): Wire {
  let connection: Connection | undefined;
  let connecting = true;
  let stalled = false;
  let timeoutMs = 0;
  let cancelTimeout: () => void = () => {};
  let abandonedBy: Error | undefined;
  // What was asked of the stream before it was connected.
  const early: (() => void)[] = [];
  const forgetDeath = incarnation.alive ? incarnation.onDeath(() => stream.destroy()) : () => {};
  stream.once("close", () => forgetDeath());
  // Later, so that the caller can listen first.
  process.nextTick(() => {
    if (!incarnation.alive) stream.destroy();
    if (stream.destroyed) return;
    const opened = open();
    const failed = (error: Error): unknown => stream.destroy(error);
    if (opened instanceof Promise) opened.then(attach, failed);
    else attach(opened);
  });

  function attach(made: Connection): void {
    if (stream.destroyed) {
      made.abort();
      return;
    }
    connection = made;
    connecting = false;
    if (listener.traffic !== undefined) made.onTraffic(listener.traffic);
    made.onMessage(arrived);
    made.onClose((error) => {
      if (error === undefined) end();
      else stream.destroy(nodeError(error.code, "read"));
    });
    stream.emit("connect");
    stream.emit("ready");
    for (const run of early.splice(0)) run();
  }

  function arrived(payload: ByteFrame): void {
    touch();
    listener.answered?.();
    if (payload instanceof Uint8Array) {
      if (!stream.push(payload)) {
        stalled = true;
        connection?.setReading(false);
      }
    } else end();
    listener.arrived?.(payload instanceof Uint8Array ? payload : undefined);
  }

  // Nobody may be reading, as from an idle connection of an agent; the end must be seen nevertheless.
  function end(): void {
    stream.push(null);
    stream.read(0);
  }

  // Starts the time of silence anew.
  function touch(): void {
    cancelTimeout();
    if (timeoutMs <= 0 || stream.destroyed) return;
    cancelTimeout = incarnation.schedule(timeoutMs, "timer", "stream/timeout", () => {
      stream.emit("timeout");
    });
  }

  const wire: Wire = {
    get connecting() {
      return connecting;
    },
    get inFlight() {
      return connection?.inFlight ?? 0;
    },
    get underWay() {
      return connection?.underWay ?? false;
    },
    get stalled() {
      return stalled;
    },
    get timeoutMs() {
      return timeoutMs;
    },
    read() {
      if (!stalled) return;
      stalled = false;
      connection?.setReading(true);
      listener.changed?.();
    },
    write(chunk, done) {
      if (abandonedBy !== undefined)
        done(listener.isFinalMessage?.(chunk) === true ? undefined : abandonedBy);
      else if (connecting) early.push(() => wire.write(chunk, done));
      else {
        touch();
        const { label, describe } = listener.named?.(chunk) ?? { label: "stream/bytes" };
        const { byteLength } = chunk;
        connection?.send(Uint8Array.from(chunk), label, byteLength, byteLength, describe);
        listener.wrote?.(chunk);
        done();
      }
    },
    final(done) {
      if (abandonedBy !== undefined) {
        done();
        end();
      } else if (connecting) early.push(() => wire.final(done));
      else {
        connection?.send(fin, "stream/end", 0, 0);
        listener.finished?.();
        done();
      }
    },
    destroy(error) {
      cancelTimeout();
      if (error === null) connection?.close();
      else connection?.abort();
      listener.ended?.();
    },
    abandon(error) {
      abandonedBy = error;
      cancelTimeout();
      forgetDeath();
      connection?.abort();
      listener.ended?.();
    },
    setTimeout(delayMs, onTimeout) {
      timeoutMs = delayMs;
      if (onTimeout !== undefined) {
        if (delayMs > 0) stream.once("timeout", onTimeout);
        else stream.removeListener("timeout", onTimeout);
      }
      touch();
      listener.changed?.();
    },
  };
  return wire;
}
