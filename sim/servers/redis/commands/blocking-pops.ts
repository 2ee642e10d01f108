/** Commands that wait for an element: BLPOP, BLMOVE, BZPOPMIN and the multi-key pops with and without waiting. */
import {
  argument,
  type Args,
  type CommandResult,
  type CommandTable,
  type Context,
  type Run,
} from "../command.js";
import type { Database } from "../database.js";
import { readDouble, readIntegerIn } from "../numbers.js";
import {
  NULL,
  NULL_ARRAY,
  RedisError,
  array,
  bulk,
  bulks,
  double,
  syntaxError,
  type Bytes,
  type RedisReply,
} from "../reply.js";
import { moveElement, popFirst, popMany, readEnd } from "./lists.js";
import { popMembers } from "./sorted-sets.js";

/** @returns Milliseconds; 0 for ever. */
function readTimeout(text: Bytes): number {
  const seconds = readDouble(text);
  if (seconds === undefined || !Number.isFinite(seconds)) {
    throw new RedisError("ERR timeout is not a float or out of range");
  }
  if (seconds < 0) throw new RedisError("ERR timeout is negative");
  return Math.ceil(seconds * 1000);
}

/**
 * Answers at once when it can, else waits for one of the keys. `attempt` gets all keys first, later the one
 * that became ready.
 */
export function orWait(
  context: Context,
  keys: readonly Bytes[],
  timeoutMs: number,
  atOnce: RedisReply,
  attempt: (keys: readonly Bytes[]) => RedisReply | undefined,
): CommandResult {
  const reply = attempt(keys);
  if (reply !== undefined) return reply;
  if (!context.mayBlock) return atOnce;
  const { core, session, db } = context;
  return core.blocking.wait({
    owner: session,
    database: db.index,
    keys,
    timeoutMs,
    onTimeout: NULL_ARRAY,
    attempt: (key) => attempt([key]),
  });
}

/** The first key that holds something decides; a key of another type on the way is an error. */
function popFrom(db: Database, keys: readonly Bytes[], end: "LEFT" | "RIGHT"): RedisReply | undefined {
  for (const key of keys) {
    if (db.read(key, "list") !== undefined) return bulks([key, popFirst(db, key, end)]);
  }
  return undefined;
}

function blockingPop(end: "LEFT" | "RIGHT"): Run {
  return (context, args) => {
    const timeoutMs = readTimeout(argument(args, args.length - 1));
    const keys = args.slice(0, -1);
    return orWait(context, keys, timeoutMs, NULL_ARRAY, (from) => popFrom(context.db, from, end));
  };
}

function blockingMove(context: Context, args: Args, ends: [Bytes, Bytes], timeout: Bytes): CommandResult {
  const [fromEnd, toEnd] = [readEnd(ends[0]), readEnd(ends[1])];
  const timeoutMs = readTimeout(timeout);
  return orWait(context, [args[0]], timeoutMs, NULL, () => {
    const value = moveElement(context.db, args[0], args[1], fromEnd, toEnd);
    return value === undefined ? undefined : bulk(value);
  });
}

function blockingScorePop(end: "MIN" | "MAX"): Run {
  return (context, args) => {
    const timeoutMs = readTimeout(argument(args, args.length - 1));
    const keys = args.slice(0, -1);
    return orWait(context, keys, timeoutMs, NULL_ARRAY, (from) => {
      for (const key of from) {
        const [popped] = popMembers(context.db, key, end, 1);
        if (popped !== undefined) return array([bulk(key), bulk(popped.member), double(popped.score)]);
      }
      return undefined;
    });
  };
}

interface MultiPop {
  readonly keys: readonly Bytes[];
  readonly where: string;
  readonly count: number;
}

function readMultiPop(words: readonly Bytes[], places: readonly string[]): MultiPop {
  const problem = "ERR numkeys should be greater than 0";
  const keyCount = readIntegerIn(argument(words, 0), 1, Infinity, problem);
  const where = argument(words, keyCount + 1).toUpperCase();
  if (!places.includes(where)) throw syntaxError();
  const rest = words.slice(keyCount + 2);
  let count = 1;
  if (rest.length > 0) {
    if (rest.length !== 2 || rest[0]?.toUpperCase() !== "COUNT") throw syntaxError();
    count = readIntegerIn(argument(rest, 1), 1, Infinity, "ERR count should be greater than 0");
  }
  return { keys: words.slice(1, keyCount + 1), where, count };
}

function popLists(db: Database, { keys, where, count }: MultiPop): RedisReply | undefined {
  for (const key of keys) {
    if (db.read(key, "list") === undefined) continue;
    return array([bulk(key), bulks(popMany(db, key, where === "LEFT" ? "LEFT" : "RIGHT", count))]);
  }
  return undefined;
}

function popScores(db: Database, { keys, where, count }: MultiPop): RedisReply | undefined {
  for (const key of keys) {
    const popped = popMembers(db, key, where === "MIN" ? "MIN" : "MAX", count);
    if (popped.length === 0) continue;
    const items = popped.map(({ member, score }) => array([bulk(member), double(score)]));
    return array([bulk(key), array(items)]);
  }
  return undefined;
}

function multiPop(places: readonly string[], take: typeof popLists): Run {
  return ({ db }, args) => take(db, readMultiPop(args, places)) ?? NULL_ARRAY;
}

function blockingMultiPop(places: readonly string[], take: typeof popLists): Run {
  return (context, args) => {
    const timeoutMs = readTimeout(args[0]);
    const request = readMultiPop(args.slice(1), places);
    return orWait(context, request.keys, timeoutMs, NULL_ARRAY, (keys) =>
      take(context.db, { ...request, keys }),
    );
  };
}

const ends = ["LEFT", "RIGHT"];
const extremes = ["MIN", "MAX"];

export const blockingPopCommands: CommandTable = {
  blpop: [-3, "ws", blockingPop("LEFT")],
  brpop: [-3, "ws", blockingPop("RIGHT")],
  blmove: [6, "ws", (context, args) => blockingMove(context, args, [args[2], args[3]], argument(args, 4))],
  brpoplpush: [4, "ws", (context, args) => blockingMove(context, args, ["RIGHT", "LEFT"], args[2])],
  lmpop: [-4, "w", multiPop(ends, popLists)],
  blmpop: [-5, "w", blockingMultiPop(ends, popLists)],
  bzpopmin: [-3, "ws", blockingScorePop("MIN")],
  bzpopmax: [-3, "ws", blockingScorePop("MAX")],
  zmpop: [-4, "w", multiPop(extremes, popScores)],
  bzmpop: [-5, "w", blockingMultiPop(extremes, popScores)],
};
