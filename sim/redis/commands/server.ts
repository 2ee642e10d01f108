/** Commands about the server: settings, flushing, information. */
import type { Args, CommandResult, CommandTable, Context } from "../command.js";
import { pairs, subcommands, wrongArity } from "../command.js";
import { matchesGlob } from "../glob.js";
import {
  array,
  bulk,
  bulks,
  EMPTY,
  integer,
  OK,
  RedisError,
  syntaxError,
  type RedisReply,
} from "../reply.js";
import { unsupported } from "../unsupported.js";
import { readDatabaseIndex } from "./connection.js";

/** Settings that may change while the server runs, and those that only read. */
const changeable: Readonly<Record<string, (value: string) => string>> = {
  "notify-keyspace-events": (value) => {
    if (!/^[g$lshzxetdmnKEA]*$/.test(value)) {
      throw new RedisError(
        "ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events') - Invalid event class character. Use 'Ag$lshzxeKEtmdn'.",
      );
    }
    return value;
  },
};

/** Settings of a new server. */
export function defaultSettings(): Map<string, string> {
  return new Map([
    ["notify-keyspace-events", ""],
    ["maxmemory", "0"],
    ["maxmemory-policy", "noeviction"],
    ["databases", "16"],
    ["timeout", "0"],
    ["save", ""],
    ["appendonly", "no"],
    ["proto-max-bulk-len", "536870912"],
  ]);
}

function getSettings({ core }: Context, args: Args): RedisReply {
  const items: string[] = [];
  for (const [name, value] of core.settings) {
    if (args.some((pattern) => matchesGlob(pattern.toLowerCase(), name))) items.push(name, value);
  }
  return bulks(items);
}

function setSettings({ core }: Context, args: Args): RedisReply {
  if (args.length % 2 !== 0) throw wrongArity("config|set");
  for (const [name, value] of pairs(args)) {
    const check = changeable[name.toLowerCase()];
    if (check === undefined) {
      throw new RedisError(
        core.settings.has(name.toLowerCase())
          ? `ERR SIM_UNSUPPORTED CONFIG SET ${name}: the simulated Redis lets only notify-keyspace-events change`
          : `ERR Unknown option or number of arguments for CONFIG SET - '${name}'`,
      );
    }
    core.settings.set(name.toLowerCase(), check(value));
  }
  // Keys whose deadlines nobody had to be told of until now.
  for (const db of core.databases) db.announceDeadlines();
  return OK;
}

const config = subcommands("config", {
  get: [-3, "", getSettings],
  set: [-4, "", setSettings],
  resetstat: [
    2,
    "",
    ({ core }) => {
      core.calls.clear();
      return OK;
    },
  ],
});

function flush(context: Context, args: Args, all: boolean): RedisReply {
  const word = args.length === 0 ? "SYNC" : args[0].toUpperCase();
  if (args.length > 1 || (word !== "SYNC" && word !== "ASYNC")) throw syntaxError();
  for (const db of all ? context.core.databases : [context.db]) {
    context.core.keysCleared(db.index, db.clear());
  }
  return OK;
}

function info({ core }: Context): RedisReply {
  const up = Math.floor((core.clock.now() - core.startedAt()) / 1000);
  const keyspace = core.databases
    .filter((db) => db.size > 0)
    .map((db) => {
      const expires = db.keys().filter((key) => db.expireAt(key) !== null).length;
      return `db${db.index}:keys=${db.size},expires=${expires},avg_ttl=0`;
    });
  const sections: Readonly<Record<string, readonly string[]>> = {
    Server: ["redis_version:7.0.15", "redis_mode:standalone", "os:phoenix-sim", `uptime_in_seconds:${up}`],
    Clients: [`connected_clients:${core.sessions.size}`, `blocked_clients:${core.blocking.count}`],
    Memory: ["used_memory:0", "maxmemory:0", "maxmemory_policy:noeviction"],
    Persistence: ["loading:0", "async_loading:0"],
    Replication: ["role:master", "connected_slaves:0"],
    Cluster: ["cluster_enabled:0"],
    Keyspace: keyspace,
  };
  const lines: string[] = [];
  for (const [title, rows] of Object.entries(sections)) lines.push(`# ${title}`, ...rows, "");
  return bulk(lines.join("\r\n"));
}

function time({ core }: Context): RedisReply {
  const now = core.clock.now();
  const seconds = Math.floor(now / 1000);
  return bulks([String(seconds), String(Math.floor((now - seconds * 1000) * 1000))]);
}

function swap({ core }: Context, args: Args): RedisReply {
  const [left, right] = [readDatabaseIndex(core, args[0]), readDatabaseIndex(core, args[1])];
  if (left !== right) {
    throw new RedisError("ERR SIM_UNSUPPORTED SWAPDB: the simulated Redis does not swap databases");
  }
  return OK;
}

/** @param count - How many commands the server knows. */
export function serverCommands(count: () => number): CommandTable {
  return {
    config: [-2, "s", config],
    flushdb: [-1, "w", (context, args) => flush(context, args, false)],
    flushall: [-1, "w", (context, args) => flush(context, args, true)],
    info: [-1, "", info],
    time: [1, "", time],
    swapdb: [3, "w", swap],
    lastsave: [1, "", ({ core }) => integer(Math.floor(core.startedAt() / 1000))],
    role: [1, "s", () => array([bulk("master"), integer(0), EMPTY])],
    wait: [3, "s", () => integer(0)],
    readonly: [
      1,
      "",
      () => {
        throw new RedisError("ERR This instance has cluster support disabled");
      },
    ],
    readwrite: [
      1,
      "",
      () => {
        throw new RedisError("ERR This instance has cluster support disabled");
      },
    ],
    command: [-1, "", describeCommands(count)],
  };
}

/** redis-cli asks for documentation when it starts; an empty answer makes it do without. */
function describeCommands(count: () => number): (context: Context, args: Args) => CommandResult {
  const named = subcommands("command", {
    count: [2, "", () => integer(count())],
    docs: [-2, "", () => EMPTY],
  });
  return (context, args) => {
    if (args.length === 0) throw unsupported("command");
    return named(context, args);
  };
}
