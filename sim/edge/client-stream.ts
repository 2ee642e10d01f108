/** The client's end for real clients: a byte stream that holds the loop while an answer is outstanding. */
import type { Incarnation, Loop } from "../kernel/index.js";
import type { Connection, Network, NetworkError } from "../network/index.js";
import { ByteStream } from "./byte-stream.js";
import type { StreamOpening } from "./frames.js";
import { nodeError } from "./node-error.js";
import { requireRoute } from "./routes.js";
import type { Activity, createStreamServer } from "./stream-server.js";

export interface StreamWorld {
  readonly network: Network;
  readonly life: Incarnation;
  readonly loop: Loop;
  /** Serves the other end. */
  readonly serve: ReturnType<typeof createStreamServer>;
}

/**
 * Connects at once; a failure destroys the stream with an error like that of the operating system.
 *
 * @param timeoutMs - Virtual milliseconds until a connection that does not come about fails with `ETIMEDOUT`.
 * @throws SimError `SIM_ROUTE_UNKNOWN` when there is no such host.
 */
export function openClientStream(
  { network, life, loop, serve }: StreamWorld,
  host: string,
  port: number,
  timeoutMs: number,
): ByteStream {
  const where = `${host}:${port}`;
  requireRoute(network.fabric, new URL(`http://${where}`));
  const activity: Activity = { requests: 0, upgraded: false, server: undefined, waits: releaseWhenAnswered };
  let release: () => void = () => {};

  function hold(what: string): void {
    release();
    release = loop.hold({
      describe: () => `connection to ${where} ${what}`,
      fail: (error) => queueMicrotask(() => stream.destroy(error)),
    });
  }

  async function open(): Promise<Connection> {
    try {
      const connection = await network.connect(life, host, port, "http", timeoutMs);
      release();
      const opening: StreamOpening = {
        kind: "stream",
        serve: (far, service) => serve(far, service, activity),
      };
      connection.send(opening, "stream/open", 0, 0);
      return connection;
    } catch (error) {
      throw nodeError((error as NetworkError).code, "connect", where);
    }
  }

  // The answer is complete when the server owes none, and nothing is on its way.
  function releaseWhenAnswered(): void {
    const inFlight = stream.inFlight + (activity.server?.inFlight ?? 0);
    if (activity.requests === 0 && inFlight === 0) release();
  }

  hold("to open");
  const stream: ByteStream = new ByteStream(life, { host, port }, open, {
    wrote() {
      if (!activity.upgraded) hold("to answer");
    },
    arrived: releaseWhenAnswered,
    ended: () => release(),
  });
  return stream;
}
