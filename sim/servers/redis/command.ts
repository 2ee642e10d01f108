/** What a command is: its arity, its flags and the function that runs it; and small helpers for them all. */
import type { Blocking, TimerClock } from "./blocking.js";
import type { Database } from "./database.js";
import type { LuaEngine, ScriptCache } from "./lua/engine.js";
import type { PubSub, Subscriber } from "./pubsub.js";
import { RedisError, syntaxError, type Bytes, type Protocol, type RedisReply } from "./reply.js";

// Commands that Redis 7.0 has and the simulated one has not: they answer with an error that says so.

/** Lower-case names. */
export const unsupportedCommands: ReadonlySet<string> = new Set(
  (
    "acl asking bgrewriteaof bgsave bitfield bitfield_ro bitpos cluster debug dump " +
    "failover fcall fcall_ro function geoadd geodist geohash geopos georadius georadius_ro georadiusbymember " +
    "georadiusbymember_ro geosearch geosearchstore latency lcs lolwut memory migrate module " +
    "monitor pfadd pfcount pfdebug pfmerge pfselftest psync replconf replicaof restore restore-asking save " +
    "shutdown slaveof slowlog sort sort_ro spublish ssubscribe sunsubscribe sync xsetid"
  ).split(" "),
);

/** Subcommands of families that are here otherwise, as `family|name`. */
const unsupportedSubcommands: ReadonlySet<string> = new Set(
  (
    "client|caching client|getredir client|help client|pause client|reply client|tracking client|trackinginfo " +
    "client|unpause command|getkeys command|getkeysandflags command|help command|info command|list " +
    "config|help config|rewrite object|freq object|help object|idletime pubsub|help pubsub|shardchannels " +
    "pubsub|shardnumsub script|debug script|help xgroup|help xinfo|help"
  ).split(" "),
);

/** The error of a command, or `family|subcommand`, that Redis has and the simulation has not. */
export function unsupported(name: string): RedisError {
  const shown = name.toUpperCase().replace("|", " ");
  return new RedisError(
    `ERR SIM_UNSUPPORTED ${shown}: Redis has this command, the simulated one has not; docs/support.md lists those it has`,
  );
}

/** The error for a subcommand that is not in a family's table. */
function missingSubcommand(family: string, given: string): RedisError {
  const name = `${family}|${given.toLowerCase()}`;
  if (unsupportedSubcommands.has(name)) return unsupported(name);
  return new RedisError(`ERR unknown subcommand '${given}'. Try ${family.toUpperCase()} HELP.`);
}

/**
 * The words after the command's name. The arity check of the table has made sure of those that a command
 * cannot do without, so the first few read as strings; for the others use {@link argument}.
 */
export interface Args extends ReadonlyArray<Bytes> {
  readonly 0: Bytes;
  readonly 1: Bytes;
  readonly 2: Bytes;
  readonly 3: Bytes;
}

/** What a command works on. */
export interface Context {
  readonly core: Core;
  readonly session: SessionState;
  /** The session's selected database. */
  readonly db: Database;
  /** Whole epoch milliseconds. */
  readonly now: number;
  /** False inside EXEC and scripts, where nothing waits. */
  readonly mayBlock: boolean;
  readonly inScript: boolean;
}

export type CommandResult = RedisReply | Promise<RedisReply>;
export type Run = (context: Context, args: Args) => CommandResult;

/**
 * `arity` counts the name and is negative for "at least". Flags: `w` writes, `s` not from scripts,
 * `p` allowed while subscribed, `m` runs at once even after MULTI, `x` refused after MULTI.
 */
export type CommandSpec = readonly [arity: number, flags: string, run: Run];
export type CommandTable = Readonly<Record<string, CommandSpec>>;

export function aritySatisfied(arity: number, count: number): boolean {
  return arity >= 0 ? count === arity : count >= -arity;
}

export const wrongArity = (name: string): RedisError =>
  new RedisError(`ERR wrong number of arguments for '${name}' command`);

/** @throws RedisError syntax error when there is no such word. */
export function argument(args: readonly Bytes[], index: number): Bytes {
  const value = args[index];
  if (value === undefined) throw syntaxError();
  return value;
}

/** Words two by two; the count must be even. */
export function pairs(words: readonly Bytes[]): [Bytes, Bytes][] {
  const result: [Bytes, Bytes][] = [];
  for (let index = 0; index + 1 < words.length; index += 2) {
    result.push([words[index] ?? "", words[index + 1] ?? ""]);
  }
  return result;
}

/** Makes one command of a family such as XGROUP; arities count both words. */
export function subcommands(family: string, table: CommandTable): Run {
  const index = new Map(Object.entries(table));
  return (context, args) => {
    const name = args[0].toLowerCase();
    const spec = index.get(name);
    if (spec === undefined) throw missingSubcommand(family, args[0]);
    if (!aritySatisfied(spec[0], args.length + 1)) throw wrongArity(`${family}|${name}`);
    return spec[2](context, args.slice(1) as unknown as Args);
  };
}

// What the parts of one server share: databases, sessions, subscriptions, waiting clients, settings.

interface WatchedKey {
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

// What INFO counts: connections, commands, hits and misses of reading commands.

export interface Counters {
  connections: number;
  commands: number;
  errors: number;
  expired: number;
  hits: number;
  misses: number;
  /** A command begins; only commands that do not write count hits and misses. */
  begin(writes: boolean): void;
  /** The running command looked a key up. Several looks at one key in a row count once. */
  looked(key: string, found: boolean): void;
  reset(): void;
}

export function createCounters(): Counters {
  let reading = false;
  let last: string | undefined;
  return {
    connections: 0,
    commands: 0,
    errors: 0,
    expired: 0,
    hits: 0,
    misses: 0,
    begin(writes) {
      this.commands += 1;
      reading = !writes;
      last = undefined;
    },
    looked(key, found) {
      if (!reading || key === last) return;
      last = key;
      if (found) this.hits += 1;
      else this.misses += 1;
    },
    reset() {
      Object.assign(this, { connections: 0, commands: 0, errors: 0, expired: 0, hits: 0, misses: 0 });
    },
  };
}
