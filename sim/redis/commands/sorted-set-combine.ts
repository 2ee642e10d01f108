/** Unions, intersections and differences of sorted sets, and ZRANGESTORE. */
import type { Bytes } from "../bytes.js";
import { argument, type Args, type CommandTable, type Context } from "../command.js";
import { readDouble, readIntegerIn } from "../numbers.js";
import { integer, RedisError, syntaxError, wrongType, type RedisReply } from "../reply.js";
import { createSortedSet, type Member } from "../types/sorted-set.js";
import { readRangeRequest, replyMembers } from "./sorted-set-range.js";

type Operation = "union" | "inter" | "diff";
type Aggregate = (a: number, b: number) => number;

const aggregates: Readonly<Record<string, Aggregate>> = {
  // Infinity minus infinity is zero here, as in Redis.
  SUM: (a, b) => (Number.isNaN(a + b) ? 0 : a + b),
  MIN: (a, b) => Math.min(a, b),
  MAX: (a, b) => Math.max(a, b),
};

interface CombineRequest {
  readonly inputs: readonly ReadonlyMap<Bytes, number>[];
  readonly weights: readonly number[];
  readonly aggregate: Aggregate;
  readonly withScores: boolean;
  readonly limit: number;
}

/** A plain set takes part with all scores 1. */
function scoresOf({ db }: Context, key: Bytes): ReadonlyMap<Bytes, number> {
  const type = db.type(key);
  if (type === undefined) return new Map();
  if (type === "set") return new Map([...(db.read(key, "set") ?? [])].map((member) => [member, 1]));
  if (type !== "zset") throw wrongType();
  return new Map(
    db
      .read(key, "zset")
      ?.all()
      .map(({ member, score }) => [member, score]),
  );
}

interface Allowed {
  readonly combining: boolean;
  readonly scores: boolean;
  readonly limit: boolean;
}

function readRequest(
  context: Context,
  words: readonly Bytes[],
  name: string,
  allow: Allowed,
): CombineRequest {
  const problem = allow.limit
    ? "ERR numkeys should be greater than 0"
    : `ERR at least 1 input key is needed for '${name}' command`;
  const keyCount = Number(words[0]);
  if (!Number.isInteger(keyCount))
    readIntegerIn(argument(words, 0), 1, Infinity, "ERR value is not an integer or out of range");
  if (keyCount < 1) throw new RedisError(problem);
  if (keyCount > words.length - 1) {
    throw allow.limit
      ? new RedisError("ERR Number of keys can't be greater than number of args")
      : syntaxError();
  }
  const inputs = words.slice(1, keyCount + 1).map((key) => scoresOf(context, key));
  let weights = inputs.map(() => 1);
  let aggregate = aggregates["SUM"] ?? Math.max;
  let withScores = false;
  let limit = 0;
  for (let index = keyCount + 1; index < words.length; index += 1) {
    const word = (words[index] ?? "").toUpperCase();
    if (allow.combining && word === "WEIGHTS" && index + keyCount < words.length) {
      weights = words.slice(index + 1, index + 1 + keyCount).map((text) => {
        const weight = readDouble(text);
        if (weight === undefined) throw new RedisError("ERR weight value is not a float");
        return weight;
      });
      index += keyCount;
    } else if (allow.combining && word === "AGGREGATE") {
      const chosen = aggregates[argument(words, index + 1).toUpperCase()];
      if (chosen === undefined) throw syntaxError();
      aggregate = chosen;
      index += 1;
    } else if (allow.scores && word === "WITHSCORES") withScores = true;
    else if (allow.limit && word === "LIMIT") {
      limit = readIntegerIn(argument(words, index + 1), 0, Infinity, "ERR LIMIT can't be negative");
      index += 1;
    } else throw syntaxError();
  }
  return { inputs, weights, aggregate, withScores, limit };
}

function combine(operation: Operation, { inputs, weights, aggregate }: CombineRequest): Member[] {
  const result = new Map<Bytes, number>();
  const weighted = (score: number, index: number): number => {
    const value = score * (weights[index] ?? 1);
    return Number.isNaN(value) ? 0 : value;
  };
  for (const [index, input] of inputs.entries()) {
    for (const [member, score] of input) {
      const old = result.get(member);
      if (operation === "union") {
        result.set(
          member,
          old === undefined ? weighted(score, index) : aggregate(old, weighted(score, index)),
        );
      } else if (index === 0) {
        const others = inputs.slice(1);
        if (operation === "diff" && !others.some((other) => other.has(member))) result.set(member, score);
        if (operation === "inter" && others.every((other) => other.has(member))) {
          result.set(member, weighted(score, 0));
        }
      } else if (operation === "inter" && old !== undefined) {
        result.set(member, aggregate(old, weighted(score, index)));
      }
    }
  }
  return [...createSortedSet([...result].map(([member, score]) => ({ member, score }))).all()];
}

function show(operation: Operation): (context: Context, args: Args) => RedisReply {
  const allow = { combining: operation !== "diff", scores: true, limit: false };
  return (context, args) => {
    const request = readRequest(context, args, `z${operation}`, allow);
    return replyMembers(combine(operation, request), request.withScores);
  };
}

function replace({ db }: Context, key: Bytes, members: readonly Member[], event: string): RedisReply {
  if (members.length > 0) {
    db.put(key, "zset", createSortedSet(members));
    db.ready(key);
    db.changed(key, "z", event);
  } else if (db.remove(key)) db.changed(key, "g", "del");
  return integer(members.length);
}

function store(operation: Operation): (context: Context, args: Args) => RedisReply {
  const name = `z${operation}store`;
  const allow = { combining: operation !== "diff", scores: false, limit: false };
  return (context, args) => {
    const request = readRequest(context, args.slice(1), name, allow);
    return replace(context, args[0], combine(operation, request), name);
  };
}

function storeRange(context: Context, args: Args): RedisReply {
  const { request, members } = readRangeRequest(args.slice(2), "index", false, true);
  if (request.withScores) throw syntaxError();
  const source = context.db.read(args[1], "zset");
  return replace(context, args[0], source === undefined ? [] : members(source), "zrangestore");
}

function intersectionSize(context: Context, args: Args): RedisReply {
  const request = readRequest(context, args, "zintercard", { combining: false, scores: false, limit: true });
  const size = combine("inter", request).length;
  return integer(request.limit > 0 ? Math.min(request.limit, size) : size);
}

export const sortedSetCombineCommands: CommandTable = {
  zunion: [-3, "", show("union")],
  zinter: [-3, "", show("inter")],
  zdiff: [-3, "", show("diff")],
  zunionstore: [-4, "w", store("union")],
  zinterstore: [-4, "w", store("inter")],
  zdiffstore: [-4, "w", store("diff")],
  zintercard: [-3, "", intersectionSize],
  zrangestore: [-5, "w", storeRange],
};
