/** EVAL, EVALSHA, SCRIPT. A script runs alone: nothing else happens until it has ended, and it never waits. */
import type { Bytes } from "../bytes.js";
import { subcommands, type Args, type CommandTable, type Context } from "../command.js";
import type { ScriptCall } from "../lua/engine.js";
import { readInteger } from "../numbers.js";
import { array, bulk, error, flag, OK, RedisError, syntaxError, type RedisReply } from "../reply.js";

/** Runs one command on behalf of a script; errors are replies. */
export type RunFromScript = (context: Context, words: readonly Bytes[]) => RedisReply;

function evaluate(
  context: Context,
  script: Bytes,
  digest: string,
  args: Args,
  run: RunFromScript,
): RedisReply {
  const keyCount = readInteger(args[1]);
  if (keyCount > args.length - 2) {
    throw new RedisError("ERR Number of keys can't be greater than number of args");
  }
  if (keyCount < 0) throw new RedisError("ERR Number of keys can't be negative");
  const { core, session } = context;
  const { database } = session;
  const call: ScriptCall = {
    script,
    digest,
    keys: args.slice(2, 2 + keyCount),
    args: args.slice(2 + keyCount),
    call(words) {
      return run(context, words);
    },
  };
  try {
    return core.lua.run(call);
  } finally {
    // SELECT inside a script is undone when it ends.
    session.database = database;
  }
}

function evaluateText(context: Context, args: Args, run: RunFromScript): RedisReply {
  const known = context.core.scripts.digest(args[0]);
  context.core.lua.compile(args[0], known);
  context.core.scripts.add(args[0]);
  return evaluate(context, args[0], known, args, run);
}

function evaluateDigest(context: Context, args: Args, run: RunFromScript): RedisReply {
  const script = context.core.scripts.get(args[0]);
  if (script === undefined) return error("NOSCRIPT No matching script. Please use EVAL.");
  return evaluate(context, script, args[0].toLowerCase(), args, run);
}

const script = subcommands("script", {
  load: [
    3,
    "",
    ({ core }, args) => {
      core.lua.compile(args[0], core.scripts.digest(args[0]));
      return bulk(core.scripts.add(args[0]));
    },
  ],
  exists: [
    -3,
    "",
    ({ core }, args) => array(args.map((digest) => flag(core.scripts.get(digest) !== undefined))),
  ],
  flush: [
    -2,
    "",
    ({ core }, args) => {
      const word = args.length === 0 ? "SYNC" : args[0].toUpperCase();
      if (args.length > 1 || (word !== "SYNC" && word !== "ASYNC")) {
        throw args.length > 1
          ? syntaxError()
          : new RedisError("ERR SCRIPT FLUSH only support SYNC|ASYNC option");
      }
      core.scripts.clear();
      return OK;
    },
  ],
  kill: [
    2,
    "",
    () => {
      throw new RedisError("NOTBUSY No scripts in execution right now.");
    },
  ],
});

export function scriptCommands(run: RunFromScript): CommandTable {
  return {
    eval: [-3, "s", (context, args) => evaluateText(context, args, run)],
    evalsha: [-3, "s", (context, args) => evaluateDigest(context, args, run)],
    script: [-2, "s", script],
  };
}
