/** The `Connector` option of `ioredis`: an unmodified client over in-memory streams. */
import type { Duplex } from "node:stream";

/**
 * A class for `new Redis({ Connector })`. Its instances are typed `never`, which fits the abstract class of
 * ioredis without asking users of this package to have ioredis installed.
 */
export type IoredisConnector = new (options: unknown) => never;

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
  return Connector as unknown as IoredisConnector;
}
