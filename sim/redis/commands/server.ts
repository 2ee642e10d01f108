/** Commands about the server: settings, flushing, information. */
import type { Args, CommandResult, CommandTable, Context } from "../command.js";
import { pairs, subcommands } from "../command.js";
import { matchesGlob } from "../glob.js";
import {
  array,
  bulk,
  bulks,
  EMPTY,
  integer,
  map,
  OK,
  RedisError,
  syntaxError,
  type RedisReply,
  verbatim,
} from "../reply.js";
import { unsupported } from "../unsupported.js";
import { checkSetting, namesOf } from "../settings.js";
import { describeServer } from "../server-info.js";
import { readDatabaseIndex } from "./connection.js";

function getSettings({ core }: Context, args: Args): RedisReply {
  const items: RedisReply[] = [];
  for (const [name, value] of core.settings) {
    if (args.some((pattern) => matchesGlob(pattern.toLowerCase(), name))) items.push(bulk(name), bulk(value));
  }
  return map(items);
}

function setSettings({ core }: Context, args: Args): RedisReply {
  if (args.length % 2 !== 0) throw syntaxError();
  const changes = new Map<string, string>();
  for (const [name, value] of pairs(args)) {
    const lower = name.toLowerCase();
    const checked = checkSetting(name, value, core.settings.get(lower));
    for (const each of namesOf(lower)) {
      if (changes.has(each)) {
        throw new RedisError(
          `ERR CONFIG SET failed (possibly related to argument '${name}') - duplicate parameter`,
        );
      }
      changes.set(each, checked);
    }
  }
  for (const [name, value] of changes) core.settings.set(name, value);
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
      core.counters.reset();
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
    info: [-1, "", ({ core }, args) => verbatim(describeServer(core, args))],
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
    docs: [-2, "", () => map([])],
  });
  return (context, args) => {
    if (args.length === 0) throw unsupported("command");
    return named(context, args);
  };
}
