/** A socket for real clients and servers: a Duplex with as much of `net.Socket` as `node:http` and `ws` ask for. */
import { Duplex } from "node:stream";

import type { Incarnation } from "../../kernel/index.js";
import type { Connection } from "../../kernel/network/index.js";
import { type Wire, type WireListener, createWire } from "./wire.js";

export type { ByteFrame } from "./wire.js";

export class ByteStream extends Duplex {
  readonly encrypted = false;
  remoteAddress: string;
  remotePort: number;
  readonly remoteFamily = "IPv4";
  readonly #incarnation: Incarnation;
  readonly #wire: Wire;

  /** @param open - Called once; what is written before it resolves waits. */
  constructor(
    incarnation: Incarnation,
    remote: { readonly host: string; readonly port: number },
    open: () => Promise<Connection> | Connection,
    listener: WireListener = {},
  ) {
    super({ allowHalfOpen: false });
    this.#incarnation = incarnation;
    this.remoteAddress = remote.host;
    this.remotePort = remote.port;
    this.#wire = createWire(this, { incarnation, open, listener });
  }

  get connecting(): boolean {
    return this.#wire.connecting;
  }

  get timeout(): number {
    return this.#wire.timeoutMs;
  }

  /** Bytes that the other end has not read. */
  get inFlight(): number {
    return this.#wire.inFlight;
  }

  /** Whether what arrives waits, because nobody reads it. */
  get stalled(): boolean {
    return this.#wire.stalled;
  }

  /** Whether anything is on its way between the two ends. */
  get underWay(): boolean {
    return this.#wire.underWay;
  }

  override _read(): void {
    this.#wire.read();
  }

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error) => void): void {
    this.#wire.write(chunk, done);
  }

  // What was written in one go travels in one piece.
  override _writev(chunks: { readonly chunk: Uint8Array }[], done: (error?: Error) => void): void {
    this._write(Buffer.concat(chunks.map(({ chunk }) => chunk)), "buffer", done);
  }

  override _final(done: () => void): void {
    this.#wire.final(done);
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#wire.destroy(error);
    done(error);
  }

  /** Breaks it without telling its user, who learns `error` at the next write: for the end of a world. */
  abandon(error: Error): void {
    this.#wire.abandon(error);
  }

  setTimeout(delayMs: number, onTimeout?: () => void): this {
    this.#wire.setTimeout(delayMs, onTimeout);
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
    return { address: this.#incarnation.host.name, family: "IPv4", port: 0 };
  }
}
