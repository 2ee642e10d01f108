/**
 * One simulated Redis 7.0 server: databases, connections, faults. Time and randomness come from arguments.
 *
 * A command that Redis has and this server has not answers `ERR SIM_UNSUPPORTED ...`; nothing is ignored.
 */
import { Duplex } from "node:stream";

import { SimError } from "../../errors.js";
import { createBlocking, type TimerClock } from "./blocking.js";
import type { NamedKey } from "./mock.js";
import { createCounters, type CommandResult, type Context, type Core, type SessionState } from "./command.js";
import { breakWatches, unwatch } from "./commands/transactions.js";
import {
  createDatabase,
  type CopyValue,
  type Database,
  type EventClass,
  type ExpireTime,
  type KeyImage,
  type ValueType,
} from "./database.js";
import { dispatch } from "./dispatch.js";
import { createLuaEngine, createScriptCache } from "./lua/engine.js";
import { createPubSub, type PubSub } from "./pubsub.js";
import { OK, error, toBytes, toText, type Bytes, type Protocol, type RedisReply } from "./reply.js";
import { createRequestParser, encodeReply, plain } from "./resp.js";
import { defaultSettings } from "./settings.js";
import { createSortedSet } from "./sorted-set.js";
import type { ConsumerGroup, PendingEntry, Stream } from "./stream.js";

// Keyspace notifications: which events the setting `notify-keyspace-events` lets out, and to which channels.

/** `A` stands for all classes but key misses and new keys. */
const allClasses = "g$lshzxetd";

function publishKeyEvent(
  pubsub: PubSub,
  setting: string,
  database: number,
  key: Bytes,
  eventClass: EventClass,
  event: string,
): void {
  const wanted = setting.includes(eventClass) || (setting.includes("A") && allClasses.includes(eventClass));
  if (!wanted) return;
  if (setting.includes("K")) pubsub.publish(`__keyspace@${database}__:${key}`, event);
  if (setting.includes("E")) pubsub.publish(`__keyevent@${database}__:${event}`, key);
}

// Deep copies of values, for COPY and for what a replica has not seen yet.

function copyGroup(group: ConsumerGroup): ConsumerGroup {
  const pending = new Map<string, PendingEntry>();
  for (const [id, entry] of group.pending) pending.set(id, { ...entry });
  const consumers = new Map([...group.consumers].map(([name, consumer]) => [name, { ...consumer }]));
  return { ...group, pending, consumers };
}

function copyStream(stream: Stream): Stream {
  const groups = new Map([...stream.groups].map(([name, group]) => [name, copyGroup(group)]));
  return { ...stream, entries: [...stream.entries], groups };
}

/** @returns A value of the same type that shares nothing changeable with the first. */
const copyValue: CopyValue = (value) => {
  if (typeof value === "string") return value;
  if (Array.isArray(value)) return [...value];
  if (value instanceof Map) return new Map(value);
  if (value instanceof Set) return new Set(value);
  return "groups" in value ? copyStream(value) : createSortedSet(value.all());
};

// A look inside a server for tests and invariants.

interface RedisInspection {
  /** Keys of one database that have not expired, in a deterministic order. @param database @default 0 */
  keys(database?: number): string[];
  type(key: string, database?: number): ValueType | undefined;
  /** How many sessions listen to a channel, without patterns. */
  subscribers(channel: string): number;
  readonly sessions: number;
  /** Sessions that wait in a blocking command. */
  readonly blocked: number;
  /** How often each command ran since the start or CONFIG RESETSTAT, by lower-case name. */
  calls(): Record<string, number>;
}

function createInspection(core: Core): RedisInspection {
  return {
    keys: (database = 0) => core.database(database).keys().map(toText),
    type: (key, database = 0) => core.database(database).type(toBytes(key)),
    subscribers: (channel) => core.pubsub.subscribers("channel", toBytes(channel)),
    get sessions() {
      return core.sessions.size;
    },
    get blocked() {
      return core.blocking.count;
    },
    calls: () => Object.fromEntries(core.calls),
  };
}

// What a replica has not seen yet: for each write of the recent past, how the key was before it. Taking the
// writes back gives the state that a promoted replica starts from.

interface ReplicaLag {
  /** Call before each change. */
  note(database: Database, key: Bytes): void;
  /** @throws SimError SIM_OPTION_INVALID when more is asked than is kept. */
  rewind(databases: readonly Database[], lossMs: number): void;
  clear(): void;
}

interface Before {
  readonly at: number;
  readonly database: number;
  readonly key: Bytes;
  readonly image: KeyImage | undefined;
}

/** @param lagMsMax - How much of the past is kept; 0 keeps nothing and costs nothing. */
function createReplicaLag(now: () => number, lagMsMax: number): ReplicaLag {
  let log: Before[] = [];
  let seen = new Set<string>();
  let seenAt = -1;
  let rewinding = false;

  function trim(current: number): void {
    if (log.length < 64 || (log[log.length >> 1]?.at ?? current) >= current - lagMsMax) return;
    log = log.filter((entry) => entry.at >= current - lagMsMax);
  }

  return {
    note(database, key) {
      if (lagMsMax === 0 || rewinding) return;
      const current = now();
      if (current !== seenAt) {
        seenAt = current;
        seen = new Set();
        trim(current);
      }
      // One image per key and millisecond is enough: writes are lost by the millisecond.
      const name = `${database.index}:${key}`;
      if (seen.has(name)) return;
      seen.add(name);
      log.push({ at: current, database: database.index, key, image: database.image(key) });
    },
    rewind(databases, lossMs) {
      if (lossMs < 0 || lossMs > lagMsMax) {
        throw new SimError(
          "SIM_OPTION_INVALID",
          `Cannot lose the last ${lossMs} ms of writes: the server keeps the last ${lagMsMax} ms.`,
          "Give loseLastWritesMs from 0 to replicaLagMsMax, or raise replicaLagMsMax when you create the server.",
        );
      }
      rewinding = true;
      const from = now() - lossMs;
      for (const { at, database, key, image } of log.toReversed()) {
        if (at >= from && lossMs > 0) databases[database]?.restore(key, image);
      }
      rewinding = false;
      this.clear();
    },
    clear() {
      log = [];
      seen = new Set();
    },
  };
}

// The server behind a byte stream, for clients that speak the protocol: `ioredis` through its `Connector`
// option, `redis-cli` through a TCP socket. Replies keep the order of their commands.

/** @param connect - Opens the session of this stream. */
function createRedisStream(connect: (options: ConnectOptions) => WireSession): Duplex {
  /** Replies not yet sent; the first one may still be waited for. */
  const answers: (RedisReply | undefined)[] = [];
  let first = 0;

  const session = connect({
    onPush: (reply) => send(encodeReply(reply, session.protocol)),
    onClose: () => finish(),
  });

  let output = "";
  let ending = false;
  let scheduled = false;

  /** Asynchronously, for a client that listens only after it wrote; and once for a whole pipeline. */
  function schedule(): void {
    if (scheduled) return;
    scheduled = true;
    queueMicrotask(() => {
      scheduled = false;
      if (stream.destroyed || stream.readableEnded) return;
      if (output !== "") stream.push(Buffer.from(output, "latin1"));
      output = "";
      if (ending) stream.push(null);
    });
  }

  function send(text: string): void {
    if (ending && !scheduled) return;
    output += text;
    schedule();
  }

  /** The last answers, of QUIT say, leave before the end does. */
  function finish(): void {
    if (ending) return;
    ending = true;
    schedule();
  }

  function flush(): void {
    for (let reply = answers[0]; reply !== undefined; reply = answers[0]) {
      answers.shift();
      first += 1;
      send(encodeReply(reply, session.protocol));
    }
  }

  function answer(words: readonly string[]): void {
    // What comes after the server has ended the connection is lost, as on a socket.
    if (ending) return;
    const reply = session.executeBytes(words);
    if (!(reply instanceof Promise)) {
      if (answers.length === 0) send(encodeReply(reply, session.protocol));
      else answers.push(reply);
      return;
    }
    const place = first + answers.length;
    answers.push(undefined);
    void reply.then((value) => {
      answers[place - first] = value;
      flush();
    });
  }

  const parser = createRequestParser(answer);
  const stream: Duplex = new Duplex({
    allowHalfOpen: false,
    read: () => undefined,
    write(chunk: Buffer, _encoding, done) {
      try {
        parser.push(chunk.toString("latin1"));
      } catch (problem) {
        send(encodeReply(error(`ERR ${problem instanceof Error ? problem.message : String(problem)}`), 2));
        session.close();
        finish();
      }
      done();
    },
    final(done) {
      session.close();
      finish();
      done();
    },
    destroy(problem, done) {
      session.close();
      done(problem);
    },
  });
  return stream;
}

// One connection to the server: its state, and the order of its commands while one of them waits.

/** A connection as its client sees it. */
export interface RedisSession {
  readonly id: number;
  /** False after QUIT, `close`, a crash or CLIENT KILL. */
  readonly open: boolean;
  /**
   * Runs one command; text is sent as UTF-8. The reply comes at once, or as a promise when the command
   * waits (BLPOP, XREAD BLOCK ...) or stands behind one that does. When the connection goes, such a promise
   * never settles; a command given later gets an error reply.
   */
  execute(args: readonly (string | Uint8Array)[]): RedisReply | Promise<RedisReply>;
  close(): void;
}

/** A session for the wire, where words are bytes already. */
interface WireSession extends RedisSession {
  /** Version that the client has chosen by HELLO. */
  readonly protocol: Protocol;
  /** Answers of both versions of the protocol, as they are. */
  executeBytes(words: readonly Bytes[]): RedisReply | Promise<RedisReply>;
}

interface ConnectOptions {
  /** As CLIENT SETNAME sets it. */
  readonly name?: string;
  /** Messages, and all but the last confirmation of a SUBSCRIBE to several channels. */
  readonly onPush?: (reply: RedisReply) => void;
  /** The server ended the connection: QUIT, a crash, CLIENT KILL. Not after `close`. */
  readonly onClose?: () => void;
}

type Shape = (reply: RedisReply) => RedisReply;

interface Queued {
  readonly words: readonly Bytes[];
  readonly shape: Shape;
  answer(reply: RedisReply): void;
}

const asItIs: Shape = (reply) => reply;

function createSession(core: Core, id: number, options: ConnectOptions): WireSession {
  let open = true;
  let waiting = false;
  const queued: Queued[] = [];

  function end(byServer: boolean): void {
    if (!open) return;
    open = false;
    queued.length = 0;
    core.sessions.delete(id);
    core.pubsub.drop(state);
    core.blocking.drop(state);
    unwatch(core, state);
    if (byServer) options.onClose?.();
  }

  const state: SessionState = {
    id,
    connectedAt: core.clock.now(),
    name: toBytes(options.name ?? ""),
    database: 0,
    protocol: 2,
    queue: null,
    queueBroken: false,
    watchBroken: false,
    watched: [],
    lastCommand: "",
    push(reply) {
      if (open) options.onPush?.(state.protocol === 2 ? plain(reply) : reply);
    },
    close: () => end(true),
  };

  const context: Context = {
    core,
    session: state,
    get db() {
      return core.database(state.database);
    },
    get now() {
      return Math.floor(core.clock.now());
    },
    mayBlock: true,
    inScript: false,
  };

  function run(words: readonly Bytes[], shape: Shape): CommandResult {
    if (words[0]?.toLowerCase() === "quit") {
      end(true);
      return OK;
    }
    const reply = dispatch(context, words);
    return reply instanceof Promise ? deferReply(reply, shape) : shape(reply);
  }

  function deferReply(reply: Promise<RedisReply>, shape: Shape): Promise<RedisReply> {
    waiting = true;
    return reply.then((value) => {
      waiting = false;
      // After this answer has been taken, so that answers keep the order of their commands.
      queueMicrotask(drain);
      return shape(value);
    });
  }

  function drain(): void {
    const next = open && !waiting ? queued.shift() : undefined;
    if (next === undefined) return;
    const reply = run(next.words, next.shape);
    if (reply instanceof Promise) void reply.then(next.answer);
    else next.answer(reply);
    // One that waits goes on from `deferReply`.
    if (!(reply instanceof Promise)) drain();
  }

  function executeBytes(words: readonly Bytes[], shape: Shape = asItIs): RedisReply | Promise<RedisReply> {
    if (!open) return error("ERR connection is closed");
    if (!waiting && queued.length === 0) return run(words, shape);
    return new Promise<RedisReply>((answer) => queued.push({ words, shape, answer }));
  }

  const forClient = (reply: RedisReply): RedisReply => (state.protocol === 2 ? plain(reply) : reply);

  core.sessions.set(id, state);
  return {
    id,
    get open() {
      return open;
    },
    get protocol() {
      return state.protocol;
    },
    execute: (args) => executeBytes(args.map(toBytes), forClient),
    executeBytes: (words) => executeBytes(words),
    close: () => end(false),
  };
}

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
  /** Copies of the keys of one database that have not expired. @param database @default 0 */
  dump(database?: number): NamedKey[];
  /** Sets keys of one database; nobody is notified. @param database @default 0 */
  load(keys: readonly NamedKey[], database?: number): void;
  /** Ends the process for good. */
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
  function expireActively(index: number, key: string, at: ExpireTime): void {
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
      expireTime: (key: string, at: ExpireTime): void => expireActively(index, key, at),
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
    dump: (index = 0) => {
      const db = database(index);
      return db.keys().flatMap((key): NamedKey[] => {
        const image = db.image(key);
        return image === undefined ? [] : [[key, image]];
      });
    },
    load(keys, index = 0) {
      for (const [key, image] of keys) database(index).restore(key, image);
    },
    flush: clearAll,
    failover({ loseLastWritesMs }) {
      lag.rewind(databases, loseLastWritesMs);
      breakConnections();
    },
    dispose() {
      running = false;
      breakConnections();
    },
  };
}
