/** From words to a reply: finds the command, checks arity and state, queues after MULTI, turns errors into replies. */
import type { Bytes } from "./bytes.js";
import {
  aritySatisfied,
  wrongArity,
  type Args,
  type CommandResult,
  type CommandSpec,
  type Context,
} from "./command.js";
import { bitCommands } from "./commands/bits.js";
import { blockingPopCommands } from "./commands/blocking-pops.js";
import { connectionCommands } from "./commands/connection.js";
import { hashCommands } from "./commands/hashes.js";
import { keyCommands } from "./commands/keys.js";
import { listCommands } from "./commands/lists.js";
import { pubsubCommands } from "./commands/pubsub.js";
import { scanCommands } from "./commands/scan.js";
import { scriptCommands } from "./commands/scripting.js";
import { serverCommands } from "./commands/server.js";
import { setCommands } from "./commands/sets.js";
import { sortedSetCombineCommands } from "./commands/sorted-set-combine.js";
import { sortedSetEditCommands } from "./commands/sorted-set-edit.js";
import { sortedSetRangeCommands } from "./commands/sorted-set-range.js";
import { streamGroupCommands } from "./commands/stream-groups.js";
import { streamInfoCommands } from "./commands/stream-info.js";
import { streamReadCommands } from "./commands/stream-read.js";
import { streamCommands } from "./commands/streams.js";
import { stringCommands } from "./commands/strings.js";
import { transactionCommands } from "./commands/transactions.js";
import { SimError } from "../errors.js";
import type { Core } from "./core.js";
import { error, QUEUED, RedisError, type RedisReply } from "./reply.js";
import { unsupported, unsupportedCommands } from "./unsupported.js";

const commands: ReadonlyMap<string, CommandSpec> = new Map(
  Object.entries({
    ...stringCommands,
    ...bitCommands,
    ...keyCommands,
    ...hashCommands,
    ...listCommands,
    ...blockingPopCommands,
    ...setCommands,
    ...sortedSetEditCommands,
    ...sortedSetRangeCommands,
    ...sortedSetCombineCommands,
    ...streamCommands,
    ...streamInfoCommands,
    ...streamReadCommands,
    ...streamGroupCommands,
    ...scanCommands,
    ...pubsubCommands,
    ...connectionCommands,
    ...transactionCommands(runQueued),
    ...scriptCommands(runFromScript),
    ...serverCommands(() => commands.size),
  }),
);

/** @returns The names of all commands, lower case. */
export function commandNames(): string[] {
  return [...commands.keys()];
}

function unknownCommand(words: readonly Bytes[]): RedisError {
  const [name = "", ...args] = words;
  if (unsupportedCommands.has(name.toLowerCase())) return unsupported(name);
  const shown = args.map((word) => `'${word.slice(0, 128)}' `);
  let text = "";
  // Redis stops after 128 characters of arguments.
  for (const word of shown) if (text.length < 128) text += word;
  return new RedisError(
    `ERR unknown command '${name.slice(0, 128)}', with args beginning with: ${text}`.replaceAll(
      /[\r\n]/g,
      " ",
    ),
  );
}

/** @throws RedisError when there is no such command or too few or many words. */
export function findCommand(words: readonly Bytes[]): CommandSpec {
  const given = words[0] ?? "";
  const spec = commands.get(given) ?? commands.get(given.toLowerCase());
  if (spec === undefined) throw unknownCommand(words);
  if (!aritySatisfied(spec[0], words.length)) throw wrongArity(given.toLowerCase());
  return spec;
}

/** Runs one found command and counts it. @throws RedisError */
export function runCommand(context: Context, spec: CommandSpec, words: readonly Bytes[]): CommandResult {
  const name = words[0]?.toLowerCase() ?? "";
  const { calls, counters } = context.core;
  counters.begin(spec[1].includes("w"));
  calls.set(name, (calls.get(name) ?? 0) + 1);
  return spec[2](context, words.slice(1) as unknown as Args);
}

// What is no error of Redis is a bug of the simulator: it is told as one, and the connection lives on.
function toErrorReply({ counters }: Core, problem: unknown): RedisReply {
  counters.errors += 1;
  if (problem instanceof RedisError) return error(problem.message);
  if (problem instanceof SimError) throw problem;
  const { name, message } = problem instanceof Error ? problem : { name: "Error", message: String(problem) };
  return error(
    `ERR SIM_INTERNAL ${name}: ${message}; this is a bug of the simulated Redis, please report it`,
  );
}

function runInside(context: Context, words: readonly Bytes[], inScript: boolean): RedisReply {
  const { core, session, now } = context;
  const inside: Context = {
    core,
    session,
    now,
    db: core.database(session.database),
    mayBlock: false,
    inScript,
  };
  try {
    const reply = runCommand(inside, findCommand(words), words);
    if (reply instanceof Promise) throw new Error(`${words[0] ?? ""} waits inside a transaction`);
    return reply;
  } catch (problem) {
    return toErrorReply(core, problem);
  }
}

function runQueued(context: Context, words: readonly Bytes[]): RedisReply {
  return runInside(context, words, false);
}

function runFromScript(context: Context, words: readonly Bytes[], readonly: boolean): RedisReply {
  const name = words[0]?.toLowerCase() ?? "";
  const spec = commands.get(name);
  if (spec === undefined && !unsupportedCommands.has(name)) {
    return error("ERR Unknown Redis command called from script");
  }
  if (spec !== undefined && !aritySatisfied(spec[0], words.length)) {
    return error("ERR Wrong number of args calling Redis command from script");
  }
  if (spec?.[1].includes("s") === true) return error("ERR This Redis command is not allowed from script");
  if (readonly && spec?.[1].includes("w") === true) {
    return error("ERR Write commands are not allowed from read-only scripts.");
  }
  return runInside(context, words, true);
}

const subscribedProblem = (name: string): RedisError =>
  new RedisError(
    `ERR Can't execute '${name}': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context`,
  );

function dispatchOrThrow(context: Context, words: readonly Bytes[]): CommandResult {
  const { session, core } = context;
  let spec: CommandSpec;
  try {
    spec = findCommand(words);
  } catch (problem) {
    session.queueBroken = true;
    throw problem;
  }
  const flags = spec[1];
  const name = words[0] ?? "";
  session.lastCommand = name;
  if (session.protocol === 2 && core.pubsub.count(session) > 0 && !flags.includes("p"))
    throw subscribedProblem(name.toLowerCase());
  if (session.queue !== null && !flags.includes("m")) {
    session.queue.push(words);
    return QUEUED;
  }
  return runCommand(context, spec, words);
}

/** Answers one command of a session; a promise when it waits. */
export function dispatch(context: Context, words: readonly Bytes[]): CommandResult {
  let reply: CommandResult;
  try {
    reply = dispatchOrThrow(context, words);
  } catch (problem) {
    reply = toErrorReply(context.core, problem);
  }
  context.core.blocking.serve();
  return reply;
}
