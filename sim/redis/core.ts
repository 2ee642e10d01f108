/** What the parts of one server share: databases, sessions, subscriptions, waiting clients, settings. */
import type { Blocking, TimerClock } from "./blocking.js";
import type { Bytes } from "./bytes.js";
import type { Counters } from "./counters.js";
import type { Database } from "./database.js";
import type { PubSub, Subscriber } from "./pubsub.js";
import type { LuaEngine } from "./lua/engine.js";
import type { Protocol } from "./reply.js";
import type { ScriptCache } from "./lua/script-cache.js";

export interface WatchedKey {
  readonly database: number;
  readonly key: Bytes;
}

/** One connection as the server knows it. */
export interface SessionState extends Subscriber {
  readonly id: number;
  /** Epoch milliseconds. */
  readonly connectedAt: number;
  name: Bytes;
  database: number;
  /** Version that the client has chosen by HELLO. */
  protocol: Protocol;
  /** Commands since MULTI, or null outside. */
  queue: (readonly Bytes[])[] | null;
  /** A command could not be queued: EXEC will refuse. */
  queueBroken: boolean;
  /** A watched key changed: EXEC will answer null. */
  watchBroken: boolean;
  watched: WatchedKey[];
  lastCommand: string;
  close(): void;
}

export interface Core {
  readonly clock: TimerClock;
  /** @returns A number from 0 up to but not including 1. */
  random(): number;
  readonly databases: readonly Database[];
  readonly pubsub: PubSub;
  readonly blocking: Blocking;
  readonly scripts: ScriptCache;
  readonly lua: LuaEngine;
  readonly settings: Map<string, string>;
  readonly counters: Counters;
  readonly sessions: Map<number, SessionState>;
  /** How often each command ran, by lower-case name. */
  readonly calls: Map<string, number>;
  /** Epoch milliseconds of the last start. */
  startedAt(): number;
  /** Sessions that watch a key, by `database:key`. */
  readonly watchers: Map<string, Set<SessionState>>;
  database(index: number): Database;
  /** Tells watchers of keys that FLUSHDB or FLUSHALL removed. */
  keysCleared(database: number, keys: readonly Bytes[]): void;
}
