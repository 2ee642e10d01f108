/** Random commands over a few keys: templates whose holes are filled from small pools, so that they collide. */
import { array, constant, constantFrom, record, tuple, type Arbitrary } from "fast-check";

const pools: Readonly<Record<string, readonly string[]>> = {
  key: ["k1", "k2", "k3", "k4"],
  value: ["1", "-2", "10", "3.5", "abc", "", "hello world", "9223372036854775807", "x", " 7", "1e3"],
  member: ["a", "b", "c", "1", "2", "-3", "zz"],
  index: ["0", "1", "2", "-1", "-2", "5", "-9", "x"],
  count: ["0", "1", "2", "5", "-1"],
  score: ["1", "2", "2.5", "-1", "0.1", "inf", "-inf", "1e10", "abc"],
  bound: ["-inf", "+inf", "1", "(1", "2", "(2.5", "x"],
  lex: ["-", "+", "[a", "(a", "[c", "(zz", "q"],
  id: ["1-1", "1-2", "2-1", "5-5", "3", "0-0", "abc", "4-*"],
  start: ["-", "0", "1-1", "(1-1", "2", "(2-1"],
  end: ["+", "5", "2-1", "(5-5", "1-2"],
  read: ["0", "1-1", "2", "$"],
  group: ["g1", "g2"],
  consumer: ["c1", "c2"],
  seconds: ["100", "1000", "-1", "0", "x"],
  // Absolute, so that two deadlines are equal on both servers or on none.
  moment: ["4102444800", "4102444900"],
  end2: ["LEFT", "RIGHT"],
};

const templates: readonly string[] = (
  "GET key|SET key value|SET key value NX|SET key value XX GET|SET key value EX seconds|SET key value KEEPTTL|" +
  "SETNX key value|GETSET key value|GETDEL key|GETEX key PERSIST|GETEX key EX seconds|APPEND key value|STRLEN key|" +
  "INCR key|DECR key|INCRBY key value|DECRBY key index|INCRBYFLOAT key value|GETRANGE key index index|" +
  "SETRANGE key count value|MSET key value key value|MSETNX key value key value|MGET key key|DEL key|DEL key key|" +
  "EXISTS key key|TYPE key|RENAME key key|RENAMENX key key|COPY key key|COPY key key REPLACE|EXPIRE key seconds|" +
  "EXPIRE key seconds NX|EXPIREAT key moment GT|EXPIREAT key moment LT|PERSIST key|" +
  "HSET key member value|HSET key member value member value|HSETNX key member value|HGET key member|" +
  "HMGET key member member|HGETALL key|HDEL key member member|HEXISTS key member|HLEN key|HKEYS key|HVALS key|" +
  "HSTRLEN key member|HINCRBY key member value|HINCRBYFLOAT key member value|" +
  "LPUSH key value|RPUSH key value value|LPUSHX key value|RPUSHX key value|LPOP key|RPOP key|LPOP key count|" +
  "RPOP key count|LLEN key|LRANGE key index index|LTRIM key index index|LINDEX key index|LSET key index value|" +
  "LINSERT key BEFORE value value|LINSERT key AFTER value value|LREM key count value|LPOS key value|" +
  "LPOS key value RANK count|LPOS key value COUNT count|RPOPLPUSH key key|LMOVE key key end2 end2|" +
  "LMPOP 2 key key end2|LMPOP 1 key end2 COUNT count|" +
  "SADD key member member|SREM key member|SCARD key|SISMEMBER key member|SMISMEMBER key member member|SMEMBERS key|" +
  "SMOVE key key member|SUNION key key|SINTER key key|SDIFF key key|SUNIONSTORE key key key|SINTERSTORE key key key|" +
  "SDIFFSTORE key key key|SINTERCARD 2 key key LIMIT count|" +
  "ZADD key score member|ZADD key score member score member|ZADD key NX score member|ZADD key XX CH score member|" +
  "ZADD key GT CH score member|ZADD key LT score member|ZADD key INCR score member|ZINCRBY key score member|" +
  "ZREM key member member|ZCARD key|ZSCORE key member|ZMSCORE key member member|ZRANK key member|" +
  "ZREVRANK key member|ZRANGE key index index|ZRANGE key index index REV WITHSCORES|ZREVRANGE key index index|" +
  "ZRANGEBYSCORE key bound bound WITHSCORES|ZREVRANGEBYSCORE key bound bound LIMIT count count|" +
  "ZRANGE key bound bound BYSCORE LIMIT count count|ZRANGEBYLEX key lex lex|ZREVRANGEBYLEX key lex lex|" +
  "ZCOUNT key bound bound|ZLEXCOUNT key lex lex|ZREMRANGEBYRANK key index index|ZREMRANGEBYSCORE key bound bound|" +
  "ZREMRANGEBYLEX key lex lex|ZPOPMIN key|ZPOPMAX key count|ZMPOP 2 key key MIN COUNT count|" +
  "ZUNIONSTORE key 2 key key|ZUNIONSTORE key 2 key key WEIGHTS score score AGGREGATE MAX|ZINTERSTORE key 2 key key|" +
  "ZDIFFSTORE key 2 key key|ZUNION 2 key key WITHSCORES|ZINTER 2 key key|ZDIFF 2 key key|ZRANGESTORE key key index index|" +
  "XADD key id member value|XADD key MAXLEN count id member value|XADD key NOMKSTREAM id member value|XLEN key|" +
  "XRANGE key start end|XREVRANGE key end start COUNT count|XDEL key id|XTRIM key MAXLEN count|XTRIM key MINID id|" +
  "XREAD COUNT count STREAMS key read|XGROUP CREATE key group read|XGROUP CREATE key group read MKSTREAM|" +
  "XGROUP DESTROY key group|XGROUP CREATECONSUMER key group consumer|XGROUP DELCONSUMER key group consumer|" +
  "XGROUP SETID key group read|XREADGROUP GROUP group consumer COUNT count STREAMS key >|" +
  "XREADGROUP GROUP group consumer STREAMS key read|XACK key group id|XPENDING key group|" +
  "XCLAIM key group consumer 0 id JUSTID|XCLAIM key group consumer 0 id FORCE|XAUTOCLAIM key group consumer 0 id|" +
  "XINFO GROUPS key|MULTI|EXEC|EXEC|DISCARD|WATCH key|UNWATCH|SELECT count|SELECT 0|SELECT 0|SELECT 0"
).split("|");

/** By the first letters of a command, the key that mostly holds what it works on; other keys are of any type. */
const usualKeys: readonly (readonly [RegExp, string])[] = [
  [/^H/, "h"],
  [/^(?:L|RP)/, "l"],
  [/^S(?:ADD|REM|CARD|ISM|MISM|MEM|MOVE|UNI|INT|DIFF)/, "s"],
  [/^Z/, "z"],
  [/^X/, "x"],
];

/** Values for a hole, in a command of this name. */
function poolOf(hole: string, name: string): readonly string[] | undefined {
  const pool = pools[hole];
  if (hole !== "key" || pool === undefined) return pool;
  const usual = usualKeys.find(([names]) => names.test(name))?.[1];
  if (usual === undefined) return [...pool, "h", "l", "s", "z", "x"];
  return [...pool, ...Array.from({ length: 3 * pool.length }, () => usual)];
}

const unordered = new Set(["SMEMBERS", "SUNION", "SINTER", "SDIFF"]);

/** Whether the real server promises no order for the elements of the answer. */
export function isUnordered(words: readonly string[]): boolean {
  return unordered.has(words[0] ?? "");
}

/** One command as its words. */
const command: Arbitrary<readonly string[]> = constantFrom(...templates).chain((template) => {
  const words = template.split(" ");
  const holes = words.map((word) => {
    const pool = poolOf(word, words[0] ?? "");
    return pool === undefined ? constant(word) : constantFrom(...pool);
  });
  return tuple(...holes);
});

/** A step of one of two sessions. */
export interface RandomStep {
  readonly session: "a" | "b";
  readonly words: readonly string[];
}

/** Up to sixty commands in a row, most of them of the first session. */
export const history: Arbitrary<readonly RandomStep[]> = array(
  record({ session: constantFrom("a", "a", "a", "b"), words: command }),
  { minLength: 1, maxLength: 60, size: "max" },
);
