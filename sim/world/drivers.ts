/** Connection options for unmodified drivers, and the same endpoints on real ports. */
import type net from "node:net";
import type { Duplex } from "node:stream";

import {
  type Address,
  type DriverProtocol,
  type DriverStream,
  type DriverStreams,
  type DriverWorld,
  type PortListener,
  RefusedStream,
  createDriverStreams,
  listenForDrivers,
} from "./edges/index.js";
import { createPostgresWatch, createStatementNamer } from "../servers/postgres/index.js";
import { createCommandNamer, createIoredisConnector, createRedisWatch } from "../servers/redis/index.js";
import { postgresPort, redisPort } from "./cluster/index.js";
import type { PostgresConnection, RedisConnection } from "./api.js";

const postgresProtocol: DriverProtocol = {
  protocol: "sql",
  endsWithWorld: true,
  createWatch: createPostgresWatch,
  createNamer: createStatementNamer,
};
const redisProtocol: DriverProtocol = {
  protocol: "redis",
  endsWithWorld: false,
  createWatch: createRedisWatch,
  createNamer: createCommandNamer,
};

/** What the platform's own connections use; the simulated server takes any name, and asks for no password. */
const databaseName = "phoenix";

/** What drivers of a test need of its world. */
export interface Drivers {
  /** From the first use on the loop waits for real streams between events. */
  postgres(): PostgresConnection;
  redis(): RedisConnection;
  /** Lets a socket of Node's reach a database of the world. @returns Whether there is one at that address. */
  adopt(socket: net.Socket, target: Address): boolean;
  listenPostgres(port?: number): Promise<PortListener>;
  listenRedis(port?: number): Promise<PortListener>;
  /** Ends what is idle and closes the ports, without a word to the drivers: for the end of a world. */
  end(): void;
}

export function createDrivers(world: DriverWorld): Drivers {
  const { network, loop } = world;
  const streams: DriverStreams = createDriverStreams(world);
  const listeners = new Set<PortListener>();

  async function listen(protocol: DriverProtocol, host: string, hostPort: number, port = 0, scheme = "") {
    const listener = await listenForDrivers({
      loop,
      port,
      scheme,
      open: () => streams.open(protocol, true).connect(hostPort, host),
    });
    listeners.add(listener);
    return listener;
  }

  const postgres: PostgresConnection = Object.freeze({
    host: "postgres",
    port: postgresPort,
    user: databaseName,
    database: databaseName,
    ssl: false,
    allowExitOnIdle: true,
    // A pool asks for it in the middle of a call that must not throw.
    stream: () =>
      loop.failure === undefined
        ? streams.open(postgresProtocol)
        : (new RefusedStream(loop.failure) as Duplex as DriverStream),
  });
  const redis: RedisConnection = Object.freeze({
    host: "redis",
    port: redisPort,
    Connector: createIoredisConnector(({ host = "redis", port = redisPort }) =>
      streams.open(redisProtocol).connect(port, host),
    ),
  });

  // A host of the service, or the service itself, at the port of its protocol.
  function protocolAt({ host, port }: Address): DriverProtocol | undefined {
    const leadsTo = (service: string): boolean => {
      const hosts = network.fabric.resolve(service);
      const named = network.fabric.resolve(host);
      return named.length > 0 && named.every((each) => hosts.includes(each));
    };
    if (port === postgresPort && leadsTo("postgres")) return postgresProtocol;
    return port === redisPort && leadsTo("redis") ? redisProtocol : undefined;
  }

  return {
    adopt(socket, target) {
      const protocol = protocolAt(target);
      if (protocol !== undefined) streams.adopt(socket, protocol, target);
      return protocol !== undefined;
    },
    postgres() {
      loop.quiesceMacrotasks();
      return postgres;
    },
    redis() {
      loop.quiesceMacrotasks();
      return redis;
    },
    listenPostgres: async (port) =>
      listen(postgresProtocol, "postgres", postgresPort, port, `postgres://${databaseName}@`),
    listenRedis: async (port) => listen(redisProtocol, "redis", redisPort, port, "redis://"),
    end() {
      streams.abandonIdle();
      for (const listener of listeners) void listener.close();
    },
  };
}
