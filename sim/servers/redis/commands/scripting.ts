/** EVAL, EVALSHA, SCRIPT. A script runs alone: nothing else happens until it has ended, and it never waits. */
import { subcommands, type Args, type CommandTable, type Context, type Core } from "../command.js";
import type { ScriptCall } from "../lua/engine.js";
import { readInteger } from "../numbers.js";
import {
  OK,
  RedisError,
  array,
  bulk,
  error,
  flag,
  syntaxError,
  type Bytes,
  type RedisReply,
} from "../reply.js";

/** Runs one command on behalf of a script, which may not write if `readonly`; errors are replies. */
export type RunFromScript = (context: Context, words: readonly Bytes[], readonly: boolean) => RedisReply;

interface Evaluation {
  readonly context: Context;
  readonly script: Bytes;
  readonly digest: string;
  readonly args: Args;
  readonly run: RunFromScript;
  /** EVAL_RO and EVALSHA_RO: no command that writes. */
  readonly readonly: boolean;
}

function evaluate({ context, script, digest, args, run, readonly }: Evaluation): RedisReply {
  const keyCount = readInteger(args[1]);
  if (keyCount > args.length - 2) {
    throw new RedisError("ERR Number of keys can't be greater than number of args");
  }
  if (keyCount < 0) throw new RedisError("ERR Number of keys can't be negative");
  const { core, session } = context;
  const { database } = session;
  const { code, noWrites } = readShebang(script);
  const call: ScriptCall = {
    script: code,
    digest,
    keys: args.slice(2, 2 + keyCount),
    args: args.slice(2 + keyCount),
    call(words) {
      return run(context, words, readonly || noWrites);
    },
  };
  try {
    return core.lua.run(call);
  } finally {
    // SELECT inside a script is undone when it ends.
    session.database = database;
  }
}

const knownFlags = new Set(["no-writes", "allow-oom", "allow-stale", "no-cluster", "allow-cross-slot-keys"]);

/**
 * Reads a first line such as `#!lua flags=no-writes`.
 *
 * @returns The code that follows, its first line empty so that line numbers stay.
 * @throws RedisError for an engine, option or flag that Redis does not know.
 */
function readShebang(script: Bytes): { readonly code: Bytes; readonly noWrites: boolean } {
  if (!script.startsWith("#!")) return { code: script, noWrites: false };
  const end = script.indexOf("\n");
  if (end < 0) throw new RedisError("ERR Invalid script shebang");
  const [engine = "", ...options] = script
    .slice(0, end)
    .split(/\s+/)
    .filter((word) => word !== "");
  if (engine !== "#!lua") throw new RedisError(`ERR Unexpected engine in script shebang: ${engine}`);
  let noWrites = false;
  for (const option of options) {
    if (!option.startsWith("flags=")) throw new RedisError(`ERR Unknown lua shebang option: ${option}`);
    const flags = option.slice("flags=".length);
    for (const flag of flags === "" ? [] : flags.split(",")) {
      if (!knownFlags.has(flag)) throw new RedisError(`ERR Unexpected flag in script shebang: ${flag}`);
      noWrites ||= flag === "no-writes";
    }
  }
  return { code: script.slice(end), noWrites };
}

/** @returns The digest under which the script is known from now on. */
function remember({ lua, scripts }: Core, script: Bytes): string {
  const digest = scripts.digest(script);
  lua.compile(readShebang(script).code, digest);
  return scripts.add(script);
}

function evaluateText(context: Context, args: Args, run: RunFromScript, readonly: boolean): RedisReply {
  const [script] = args;
  return evaluate({ context, script, digest: remember(context.core, script), args, run, readonly });
}

function evaluateDigest(context: Context, args: Args, run: RunFromScript, readonly: boolean): RedisReply {
  const script = context.core.scripts.get(args[0]);
  if (script === undefined) return error("NOSCRIPT No matching script. Please use EVAL.");
  return evaluate({ context, script, digest: args[0].toLowerCase(), args, run, readonly });
}

const script = subcommands("script", {
  load: [3, "", ({ core }, args) => bulk(remember(core, args[0]))],
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
    eval: [-3, "s", (context, args) => evaluateText(context, args, run, false)],
    eval_ro: [-3, "s", (context, args) => evaluateText(context, args, run, true)],
    evalsha: [-3, "s", (context, args) => evaluateDigest(context, args, run, false)],
    evalsha_ro: [-3, "s", (context, args) => evaluateDigest(context, args, run, true)],
    script: [-2, "s", script],
  };
}
