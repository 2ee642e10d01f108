/** Redis on a host, and the connection of a client to it. */
import type { Cache } from "../../src/ports/index.js";
import { type BytesOpening, carriesBytes, serveBytes } from "../edge/index.js";
import { type Incarnation, hashString } from "../kernel/index.js";
import type { Connection, Network } from "../network/index.js";
import { type RedisReply, type RedisServer, createCacheClient, createRedisServer } from "../redis/index.js";
import { type CallServer, type Frame, createCallClient, createCallServer } from "./call-channel.js";
import type { Instance } from "./service.js";
import type { World } from "./world.js";

export const redisPort = 6379;

const connectTimeoutMs = 5_000;

/** How many milliseconds of writes a failover may lose at most. */
export const replicaLagMsMax = 1_000;

/** @returns The server of a world, running; its keys expire by the world's own time. */
export function createPlatformCache({ loop }: World): RedisServer {
  return createRedisServer({
    clock: {
      now: () => loop.clock.unixMs,
      setTimer(delayMs, label, run) {
        const event = loop.schedule(delayMs, "timer", label, run);
        return () => loop.cancel(event);
      },
    },
    random: () => loop.choices.entropy("redis/random") / 2 ** 32,
    replicaLagMsMax,
  });
}

/** Puts the server on the network for one life. The first life finds it running, later ones restart it. */
export function redisInstance(world: World, server: RedisServer, life: Incarnation): Instance {
  return {
    start() {
      if (!server.running) server.restart();
      life.onDeath(() => server.crash());
      world.network.listen(life, redisPort, {
        onConnection(connection) {
          connection.onMessage((first: Frame | BytesOpening) => {
            if (carriesBytes(first)) serveDriver(server, life, connection);
            else serveCalls(world, server, connection).receive(first);
          });
        },
      });
    },
    stop() {},
  };
}

function serveCalls({ loop, interference }: World, server: RedisServer, connection: Connection): CallServer {
  const session = server.connect({
    onPush: (reply) => {
      const lost = [...interference.push].some((loses) => loses(connection.remote));
      if (!lost) channel.push(reply, "redis/push");
    },
    onClose: () => connection.close(),
  });
  connection.onClose(() => session.close());
  const channel = createCallServer(
    connection,
    async (args: readonly string[]) => session.execute(args),
    () => 0,
    (error) => loop.fail(error),
  );
  return channel;
}

function serveDriver(server: RedisServer, life: Incarnation, connection: Connection): void {
  serveBytes(life, connection, (client) => {
    const stream = server.connectStream();
    stream.on("data", (bytes: Uint8Array) => client.send(bytes));
    stream.on("end", () => client.close());
    // The process is gone before the stream, which ends in a microtask, can say so.
    life.onDeath(() => stream.destroy());
    return {
      receive: (bytes) => stream.write(bytes),
      closed: () => stream.end(),
    };
  });
}

/** @returns The cache port of a service: a client with connections through the network. */
export function connectCache(network: Network, life: Incarnation): Cache {
  return createCacheClient({
    setTimer: (delayMs, label, run) => life.schedule(delayMs, "timer", label, run),
    async connect({ onPush, onLost }) {
      const connection = await network.connect(life, "redis", redisPort, "redis", connectTimeoutMs);
      const channel = createCallClient(
        connection,
        (cause) => cause ?? new Error("Connection is closed."),
        (body) => onPush(body as RedisReply),
      );
      channel.onLost(onLost);
      return {
        async execute(args) {
          const reply = await channel.call(args, `redis/${String(args[0])}`, hashString(args.join(" ")));
          return reply as RedisReply;
        },
        close: channel.close,
      };
    },
  });
}
