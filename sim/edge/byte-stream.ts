/**
 * A socket for real clients and servers: a Duplex over a connection of the network, with as much of
 * `net.Socket` as `node:http`, `undici` and `ws` ask for. Its time-outs are virtual.
 */
import { Duplex } from "node:stream";

import type { Incarnation } from "../kernel/index.js";
import type { Connection } from "../network/index.js";
import { nodeError } from "./node-error.js";

/** What happens on a stream, for whoever has to know when an answer is complete. */
export interface ByteStreamListener {
  wrote?(bytes: Uint8Array): void;
  /** Bytes arrived, or the end of them. */
  arrived?(bytes?: Uint8Array): void;
  /** This end has nothing more to say. */
  finished?(): void;
  ended?(): void;
}

// Sent in place of bytes by an end that has nothing more to say, but still listens.
const fin = { kind: "fin" } as const;

/** What travels between the two ends, after the opening. */
export type ByteFrame = Uint8Array | typeof fin;

export class ByteStream extends Duplex {
  connecting = true;
  readonly encrypted = false;
  remoteAddress: string;
  remotePort: number;
  readonly remoteFamily = "IPv4";
  readonly #life: Incarnation;
  readonly #listener: ByteStreamListener;
  // What was asked of the stream before it was connected.
  #early: (() => void)[] = [];
  #connection: Connection | undefined;
  #timeoutMs = 0;
  #cancelTimeout: () => void = () => {};
  #forgetDeath: () => void;
  #abandonedBy: Error | undefined;

  /** @param open - Called once; what is written before it resolves waits. */
  constructor(
    life: Incarnation,
    remote: { readonly host: string; readonly port: number },
    open: () => Promise<Connection> | Connection,
    listener: ByteStreamListener = {},
  ) {
    super({ allowHalfOpen: false });
    this.#life = life;
    this.remoteAddress = remote.host;
    this.remotePort = remote.port;
    this.#listener = listener;
    this.#forgetDeath = life.onDeath(() => this.destroy());
    this.once("close", () => this.#forgetDeath());
    // Later, so that the caller can listen first.
    process.nextTick(() => {
      const opened = open();
      const failed = (error: Error): unknown => this.destroy(error);
      if (opened instanceof Promise) opened.then((connection) => this.#attach(connection), failed);
      else this.#attach(opened);
    });
  }

  get timeout(): number {
    return this.#timeoutMs;
  }

  /** Bytes that the other end has not read. */
  get inFlight(): number {
    return this.#connection?.inFlight ?? 0;
  }

  override _read(): void {
    this.#connection?.setReading(true);
  }

  override _write(chunk: Uint8Array, encoding: string, done: (error?: Error) => void): void {
    if (this.#abandonedBy !== undefined) {
      done(this.#abandonedBy);
      return;
    }
    if (this.connecting) {
      this.#early.push(() => this._write(chunk, encoding, done));
      return;
    }
    this.#touch();
    this.#connection?.send(Uint8Array.from(chunk), "stream/bytes", chunk.byteLength, chunk.byteLength);
    this.#listener.wrote?.(chunk);
    done();
  }

  // What was written in one go travels in one piece.
  override _writev(chunks: { readonly chunk: Uint8Array }[], done: (error?: Error) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "buffer", done);
  }

  override _final(done: () => void): void {
    if (this.#abandonedBy !== undefined) {
      done();
      this.#end();
      return;
    }
    if (this.connecting) {
      this.#early.push(() => this._final(done));
      return;
    }
    this.#connection?.send(fin, "stream/end", 0, 0);
    this.#listener.finished?.();
    done();
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#cancelTimeout();
    if (error === null) this.#connection?.close();
    else this.#connection?.abort();
    this.#listener.ended?.();
    done(error);
  }

  /** Breaks it without telling its user, who learns `error` at the next write: for the end of a world. */
  abandon(error: Error): void {
    this.#abandonedBy = error;
    this.#cancelTimeout();
    this.#forgetDeath();
    this.#connection?.abort();
  }

  setTimeout(delayMs: number, onTimeout?: () => void): this {
    this.#timeoutMs = delayMs;
    if (onTimeout !== undefined) {
      if (delayMs > 0) this.once("timeout", onTimeout);
      else this.removeListener("timeout", onTimeout);
    }
    this.#touch();
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }

  ref(): this {
    return this;
  }

  unref(): this {
    return this;
  }

  address(): { readonly address: string; readonly family: string; readonly port: number } {
    return { address: this.#life.host.name, family: "IPv4", port: 0 };
  }

  #attach(connection: Connection): void {
    if (this.destroyed) {
      connection.abort();
      return;
    }
    this.#connection = connection;
    this.connecting = false;
    connection.onMessage((payload: ByteFrame) => this.#arrived(payload));
    connection.onClose((error) => {
      if (error === undefined) this.#end();
      else this.destroy(nodeError(error.code, "read"));
    });
    this.emit("connect");
    this.emit("ready");
    for (const run of this.#early.splice(0)) run();
  }

  #arrived(payload: ByteFrame): void {
    this.#touch();
    if (payload instanceof Uint8Array) {
      if (!this.push(payload)) this.#connection?.setReading(false);
    } else this.#end();
    this.#listener.arrived?.(payload instanceof Uint8Array ? payload : undefined);
  }

  // Nobody may be reading, as from an idle connection of an agent; the end must be seen nevertheless.
  #end(): void {
    this.push(null);
    this.read(0);
  }

  // Starts the time of silence anew.
  #touch(): void {
    this.#cancelTimeout();
    if (this.#timeoutMs <= 0 || this.destroyed) return;
    this.#cancelTimeout = this.#life.schedule(this.#timeoutMs, "timer", "stream/timeout", () => {
      this.emit("timeout");
    });
  }
}
