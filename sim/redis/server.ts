/**
 * One simulated Redis 7.0 server: databases, connections, faults. Time and randomness come from arguments.
 *
 * String values live in ioredis-mock (mock-strings.ts says why only those); the commands, the other types,
 * expiry, transactions, waiting, publishing and scripts are this folder's. A command that Redis has and this
 * server has not answers `ERR SIM_UNSUPPORTED ...`; nothing is ignored.
 */
import type { Duplex } from "node:stream";
import { SimError } from "../errors.js";
import { createBlocking, type TimerClock } from "./blocking.js";
import { breakWatches } from "./commands/transactions.js";
import { createCounters } from "./counters.js";
import type { Core } from "./core.js";
import { createDatabase, type Database, type Deadline } from "./database.js";
import { createInspection, type RedisInspection } from "./inspect.js";
import { createLuaEngine } from "./lua/engine.js";
import { createScriptCache } from "./lua/script-cache.js";
import { publishKeyEvent } from "./notifications.js";
import { createPubSub } from "./pubsub.js";
import { createReplicaLag } from "./replica-lag.js";
import { defaultSettings } from "./settings.js";
import { createSession, type ConnectOptions, type RedisSession, type WireSession } from "./session.js";
import { createRedisStream } from "./stream.js";
import { copyValue } from "./types/copy.js";

export interface RedisServerOptions {
  readonly clock: TimerClock;
  /** From 0 up to but not including 1: RANDOMKEY, SPOP and the like. @default always 0, so the first one */
  readonly random?: () => number;
  /**
   * What a crash leaves: `none`, an empty server, as a cache without disk; `aof`, every write that was answered,
   * as with an append-only file (a crash of the process loses nothing of it). @default "none"
   */
  readonly persistence?: "none" | "aof";
  /** How many milliseconds of writes a failover may lose at most; 0 keeps no history. @default 0 */
  readonly replicaLagMsMax?: number;
}

export interface RedisServer {
  readonly running: boolean;
  /** Looks inside without being a client. */
  readonly inspect: RedisInspection;
  /** @throws SimError SIM_HOST_STATE while the server is down. */
  connect(options?: ConnectOptions): RedisSession;
  /**
   * Opens a connection that speaks RESP2, as a socket would: for the `Connector` option of `ioredis`, or to
   * pipe a TCP socket into. Replies are sent in microtasks; latency is the caller's.
   *
   * @throws SimError SIM_HOST_STATE while the server is down.
   */
  connectStream(): Duplex;
  /** Ends the process at once: connections break, data is kept as `persistence` says. */
  crash(): void;
  /** @throws SimError SIM_HOST_STATE when it runs. */
  restart(): void;
  /** Removes all keys of all databases, as FLUSHALL. */
  flush(): void;
  /**
   * A replica that misses the last writes takes over at the same address: connections break, scripts and
   * subscriptions are gone.
   *
   * @throws SimError SIM_OPTION_INVALID when `loseLastWritesMs` is above `replicaLagMsMax`.
   */
  failover(options: { readonly loseLastWritesMs: number }): void;
  /** Gives back what the server holds in module-wide tables of ioredis-mock. */
  dispose(): void;
}

const databaseCount = 16;

export function createRedisServer(options: RedisServerOptions): RedisServer {
  const { clock, random = () => 0, persistence = "none", replicaLagMsMax = 0 } = options;
  const now = (): number => Math.floor(clock.now());
  const pubsub = createPubSub();
  const blocking = createBlocking(clock);
  const settings = defaultSettings();
  const counters = createCounters();
  const lag = createReplicaLag(now, replicaLagMsMax);
  const databases: Database[] = [];
  let running = true;
  let startedAt = now();
  let sessionCount = 0;

  /** Without listeners for `expired` a key that nobody looks at needs no timer. */
  function expireActively(index: number, key: string, at: Deadline): void {
    const setting = settings.get("notify-keyspace-events") ?? "";
    // A bigint lies so far ahead that no world comes there.
    if (setting === "" || typeof at === "bigint") return;
    clock.setTimer(Math.max(0, at + 1 - clock.now()), "redis-expire", () => databases[index]?.type(key));
  }

  function database(index: number): Database {
    const known = databases[index];
    if (known === undefined) throw new RangeError(`no database ${index}`);
    return known;
  }

  for (let index = 0; index < databaseCount; index += 1) {
    const hooks = {
      now,
      beforeChange: (key: string): void => {
        if (replicaLagMsMax > 0) lag.note(database(index), key);
      },
      changed: (key: string, ...event: [Parameters<typeof publishKeyEvent>[4], string]): void => {
        breakWatches(core, index, key);
        if (event[1] === "expired") counters.expired += 1;
        const setting = settings.get("notify-keyspace-events") ?? "";
        if (setting !== "") publishKeyEvent(pubsub, setting, index, key, ...event);
      },
      looked: (key: string, found: boolean): void => counters.looked(key, found),
      ready: (key: string): void => blocking.ready(index, key),
      deadline: (key: string, at: Deadline): void => expireActively(index, key, at),
    };
    databases.push(createDatabase(index, hooks, copyValue));
  }

  const core: Core = {
    clock,
    random,
    databases,
    pubsub,
    blocking,
    scripts: createScriptCache(),
    lua: createLuaEngine(),
    settings,
    counters,
    sessions: new Map(),
    calls: new Map(),
    watchers: new Map(),
    startedAt: () => startedAt,
    database,
    keysCleared(index, keys) {
      for (const key of keys) breakWatches(core, index, key);
    },
  };

  function open(connectOptions: ConnectOptions): WireSession {
    if (!running) {
      throw new SimError(
        "SIM_HOST_STATE",
        "Cannot connect to Redis: the server is down.",
        "Call restart() first; a client of the world sees ECONNREFUSED here.",
      );
    }
    sessionCount += 1;
    counters.connections += 1;
    return createSession(core, sessionCount, connectOptions);
  }

  function breakConnections(): void {
    for (const session of core.sessions.values()) session.close();
    core.scripts.clear();
  }

  function clearAll(): void {
    for (const db of databases) core.keysCleared(db.index, db.clear());
  }

  return {
    get running() {
      return running;
    },
    inspect: createInspection(core),
    connect: (connectOptions = {}) => open(connectOptions),
    connectStream: () => createRedisStream(open),
    crash() {
      if (!running) return;
      running = false;
      breakConnections();
      if (persistence === "none") clearAll();
      lag.clear();
    },
    restart() {
      if (running) {
        throw new SimError(
          "SIM_HOST_STATE",
          "Cannot restart Redis: the server is running.",
          "Call crash() first.",
        );
      }
      running = true;
      startedAt = now();
      settings.clear();
      counters.reset();
      for (const [name, value] of defaultSettings()) settings.set(name, value);
    },
    flush: clearAll,
    failover({ loseLastWritesMs }) {
      lag.rewind(databases, loseLastWritesMs);
      breakConnections();
    },
    dispose() {
      running = false;
      breakConnections();
      for (const db of databases) db.dispose();
    },
  };
}
