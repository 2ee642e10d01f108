/** The `Connector` option of `ioredis`: an unmodified client over in-memory streams. */
import type { Duplex } from "node:stream";

/**
 * A class for `new Redis({ Connector })`. Its instances are typed `never`, which fits the abstract class of
 * ioredis without asking users of this package to have ioredis installed.
 */
export type IoredisConnector = new (options: unknown) => never;

/** What `ioredis` connects to: its own options `host` and `port`. */
export interface IoredisTarget {
  readonly host?: string | undefined;
  readonly port?: number | undefined;
}

/**
 * @param open - Opens one connection, such as `server.connectStream`. When it throws, the client gives up for good
 * instead of trying again, so what a refused socket would say must come by the stream.
 */
export function createIoredisConnector(
  open: (target: IoredisTarget) => Duplex | Promise<Duplex>,
): IoredisConnector {
  class Connector {
    readonly #target: IoredisTarget;
    #stream: Duplex | undefined;
    #wanted = false;

    constructor(options: IoredisTarget = {}) {
      this.#target = options;
    }

    check(): boolean {
      return true;
    }

    disconnect(): void {
      this.#wanted = false;
      this.#stream?.end();
    }

    async connect(): Promise<Duplex> {
      this.#wanted = true;
      // A client that is closed as soon as it is made never connects, and gets the error that ioredis has for it.
      await Promise.resolve();
      if (!this.#wanted) throw new Error("Connection is closed.");
      const stream = await open(this.#target);
      this.#stream = "setTimeout" in stream ? stream : withSwitches(stream);
      return this.#stream;
    }
  }
  return Connector as unknown as IoredisConnector;
}

// A socket has these; on a stream in memory they mean nothing.
function withSwitches(stream: Duplex): Duplex {
  const stay = (): Duplex => stream;
  return Object.assign(stream, { setNoDelay: stay, setKeepAlive: stay, setTimeout: stay });
}
