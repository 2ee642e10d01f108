/** The `Connector` option of `ioredis`: an unmodified client over in-memory streams. */
import type { Duplex } from "node:stream";
import type { AbstractConnector } from "ioredis";

/** A class for `new Redis({ Connector })`. */
export type IoredisConnector = new (options: unknown) => AbstractConnector;

/**
 * @param open - Opens one connection, such as `server.connectStream`; rejects as a refused socket does.
 */
export function createIoredisConnector(open: () => Duplex | Promise<Duplex>): IoredisConnector {
  class Connector {
    #stream: Duplex | undefined;

    check(): boolean {
      return true;
    }

    disconnect(): void {
      this.#stream?.end();
    }

    async connect(): Promise<Duplex> {
      const stream = await open();
      // A socket has these switches; in memory they mean nothing.
      const stay = (): Duplex => stream;
      this.#stream = Object.assign(stream, { setNoDelay: stay, setKeepAlive: stay, setTimeout: stay });
      return stream;
    }
  }
  // ioredis calls these three methods only; the private fields of its abstract class are for its own subclasses.
  return Connector as unknown as IoredisConnector;
}
