/** A socket that cannot connect, and says so the way sockets do: by an error soon after, not by a throw. */
import { Duplex } from "node:stream";

export class RefusedStream extends Duplex {
  readonly #reason: Error;

  constructor(reason: Error) {
    super();
    this.#reason = reason;
  }

  connect(): this {
    process.nextTick(() => this.destroy(this.#reason));
    return this;
  }

  override _read(): void {}

  override _write(_chunk: unknown, _encoding: string, done: (error?: Error) => void): void {
    done(this.#reason);
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
}
