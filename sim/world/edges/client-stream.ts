/**
 * The client's end for real clients: byte streams that hold the loop while time can bring what they wait for.
 *
 * That is bytes on their way, a request that the server has whole and owes the answer of, and a time-out that
 * was set for one. A request whose body does not end, and a response that nobody reads, move no time.
 */
import type net from "node:net";
import type { Duplex } from "node:stream";

import { SimError } from "../../errors.js";
import type { Incarnation, Loop } from "../../kernel/index.js";
import type { Connection, Network, NetworkError } from "../../kernel/network/index.js";
import { ByteStream } from "./byte-stream.js";
import { createClientNames, type Callers } from "./callers.js";
import { createRequestNamer } from "./request-names.js";
import { nodeError, requireRoute } from "./routes.js";
import { adoptSocket } from "./server-socket.js";
import type { Activity, StreamOpening, createStreamServer } from "./stream-server.js";
import type { WireListener } from "./wire.js";

export interface ClientStreamsOptions {
  readonly network: Network;
  /** The incarnation of the host that the clients run on. */
  readonly incarnation: Incarnation;
  readonly loop: Loop;
  /** Undefined where nobody wants to know which line of the user's code stands behind what is sent. */
  readonly callers?: Callers | undefined;
}

/** Where a stream leads, and how. */
export interface StreamTarget {
  readonly host: string;
  readonly port: number;
  /** Virtual milliseconds until a connection that does not come about fails with `ETIMEDOUT`. @default 127_000 */
  readonly timeoutMs?: number;
  /** Whether the client believes that it speaks TLS. @default false */
  readonly secure?: boolean;
}

/** The streams of one world. */
export interface ClientStreams {
  /** Loads what serves the other end; to be awaited before the first stream. */
  load(): Promise<void>;
  /**
   * Connects at once; a failure destroys the stream with an error like that of the operating system.
   *
   * @throws SimError `SIM_ROUTE_UNKNOWN` when there is no such host.
   */
  open(target: StreamTarget): ByteStream;
  /** The same for a socket of Node's that is not connected yet. @throws SimError `SIM_ROUTE_UNKNOWN` as above. */
  adopt(socket: net.Socket, target: StreamTarget): void;
  /** At the end of a world: breaks every stream. Only those that listen get an event. */
  end(): void;
}

/** As long as Linux tries by default. */
const connectTimeoutMs = 127_000;

/** One end, as far as it has to be known here. */
interface End {
  readonly stream: Duplex;
  readonly inFlight: number;
  readonly stalled: boolean;
  readonly underWay: boolean;
  readonly timeoutMs: number;
  abandon(error: Error): void;
}

export function createClientStreams({
  network,
  incarnation,
  loop,
  callers,
}: ClientStreamsOptions): ClientStreams {
  const ends = new Set<End>();
  let serve: ReturnType<typeof createStreamServer> | undefined;

  async function load(): Promise<void> {
    if (serve !== undefined) return;
    // One after the other: Jest links two modules that are imported at the same time wrongly.
    const { WebSocketServer } = await import("ws");
    const server = await import("./stream-server.js");
    serve ??= server.createStreamServer(WebSocketServer);
  }

  async function connect(target: StreamTarget, activity: Activity): Promise<Connection> {
    const { host, port, timeoutMs = connectTimeoutMs, secure = false } = target;
    try {
      const connection = await network.connect(incarnation, host, port, "http", timeoutMs);
      const opening: StreamOpening = {
        kind: "stream",
        secure,
        serve: (far, service) => serve?.(far, service, activity),
      };
      connection.send(opening, "stream/open", 0, 0);
      return connection;
    } catch (error) {
      throw nodeError((error as NetworkError).code, "connect", `${host}:${port}`);
    }
  }

  function start(
    target: StreamTarget,
    make: (open: () => Promise<Connection>, listener: WireListener) => End,
  ): End {
    const { host, port } = target;
    if (loop.failure !== undefined) throw loop.failure;
    requireRoute(network.fabric, new URL(`http://${host}:${port}`));
    // From here on real stream code takes part, which rests only between turns of the process.
    loop.quiesceMacrotasks();
    const where = `${host}:${port}`;
    let release: (() => void) | undefined;
    let state: "opening" | "open" | "over" = "opening";
    const activity: Activity = {
      requests: 0,
      upgraded: false,
      server: undefined,
      secure: target.secure ?? false,
      changed: settle,
      fail: (error) => end.stream.destroy(error),
    };

    function hold(what: string): void {
      release ??= loop.hold({
        describe: () => `connection to ${where} ${what}`,
        fail: (error) => queueMicrotask(() => breakOff(end, error)),
        ofClient: true,
        // undici goes on connecting for a request that was given up.
        isMissed: () => state !== "opening" || requestOf(end.stream) !== undefined,
      });
    }

    function releaseKeepAlive(): void {
      release?.();
      release = undefined;
    }

    function settle(): void {
      if (state === "open" && waits(end, activity)) hold("to answer");
      else if (state !== "opening") releaseKeepAlive();
    }

    const names = createClientNames(
      createRequestNamer(() => activity.upgraded),
      callers,
    );
    hold("to open");
    const end = make(
      async () => {
        const connection = await connect(target, activity);
        state = "open";
        releaseKeepAlive();
        return connection;
      },
      {
        wrote: settle,
        arrived: settle,
        named: names.named,
        answered: names.answered,
        traffic: settle,
        changed: settle,
        ended() {
          state = "over";
          ends.delete(end);
          releaseKeepAlive();
        },
      },
    );
    ends.add(end);
    return end;
  }

  return {
    load,
    open(target) {
      const end = start(target, (open, listener) => {
        const stream = new ByteStream(incarnation, target, open, listener);
        return {
          stream,
          get inFlight() {
            return stream.inFlight;
          },
          get stalled() {
            return stream.stalled;
          },
          get underWay() {
            return stream.underWay;
          },
          get timeoutMs() {
            return stream.timeout;
          },
          abandon: (error) => stream.abandon(error),
        };
      });
      return end.stream as ByteStream;
    },
    adopt(socket, target) {
      start(target, (open, listener) => {
        const wire = adoptSocket(socket, target, { incarnation, open, listener });
        return Object.assign(wire, { stream: socket });
      });
    },
    end() {
      const closed = new SimError(
        "SIM_WORLD_CLOSED",
        "Cannot use this connection: its world was disposed.",
        "Await requests, and end clients, before the block of `await using` ends.",
      );
      for (const end of ends) breakOff(end, closed);
    },
  };
}

// Whether time can bring what the client waits for.
function waits({ inFlight, stalled, underWay, timeoutMs, stream }: End, activity: Activity): boolean {
  const isArriving = !stalled && (activity.server?.inFlight ?? 0) > 0;
  if (inFlight > 0 || isArriving || activity.requests > 0) return true;
  // Such as the end of a connection: whoever has ended it has nothing more to learn.
  if (underWay && !stream.writableEnded) return true;
  // What comes of a time-out once there is a response is for whoever reads it.
  return timeoutMs > 0 && !activity.upgraded && requestOf(stream)?.res === null;
}

/** What `node:http` keeps at a socket: the request that has it now, and its response. */
interface HttpRequest {
  readonly res?: object | null;
  listenerCount(event: string): number;
}

function requestOf(stream: Duplex): HttpRequest | undefined {
  const { _httpMessage: request } = stream as { _httpMessage?: HttpRequest | null };
  return request ?? undefined;
}

function isConnecting(stream: Duplex): boolean {
  return (stream as { connecting?: boolean }).connecting === true;
}

// The end of a world is no event for a client that gave up, or never cared: an error nobody hears ends the process.
function breakOff({ stream, abandon }: End, error: Error): void {
  if (stream.destroyed) return;
  const request = requestOf(stream);
  const isEnd = error instanceof SimError && error.code === "SIM_WORLD_CLOSED";
  if (isEnd && (request ?? stream).listenerCount("error") === 0) abandon(error);
  else if (isEnd && request === undefined && !isConnecting(stream)) stream.destroy();
  else stream.destroy(error);
}
