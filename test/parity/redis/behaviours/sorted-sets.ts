/** Sorted sets. */
import type { Behaviour } from "../script.js";

const zsets = (name: string, ...lines: string[]): Behaviour => ({ feature: "sorted sets", name, lines });

// One behaviour a line.
// prettier-ignore
export const sortedSetBehaviours: readonly Behaviour[] = [
  zsets("members by score, then by name", "ZADD z 2 b 1 a 2 a2", "ZRANGE z 0 -1 WITHSCORES", "ZREVRANGE z 0 -1", "ZCARD z", "ZSCORE z b", "ZSCORE z x", "ZMSCORE z a x", "ZCARD missing"),
  zsets("adding counts new members", "ZADD z 1 a", "ZADD z 2 a 3 b", "ZADD z CH 3 a 3 b", "ZADD z CH 1 c"),
  zsets("NX, XX, GT and LT", "ZADD z 5 a", "ZADD z NX 1 a 2 b", "ZADD z XX 6 a 1 c", "ZADD z GT CH 4 a", "ZADD z GT CH 8 a", "ZADD z LT CH 3 a 9 b", "ZADD z GT 1 new", "ZRANGE z 0 -1 WITHSCORES", "ZADD missing XX 1 a", "EXISTS missing"),
  zsets("ZADD INCR", "ZADD z INCR 5 a", "ZADD z INCR 2 a", "ZADD z NX INCR 1 a", "ZADD z XX INCR 1 b", "ZADD z GT INCR -1 a", "ZADD z INCR 1 a 2 b"),
  zsets("options that exclude each other", "ZADD z NX XX 1 a", "ZADD z GT LT 1 a", "ZADD z NX GT 1 a", "ZADD z 1", "ZADD z a b", "ZADD z 1 a 2", "ZADD z CH", "ZADD z nan a"),
  zsets("scores as text", "ZADD z 1.5 a 0.1 b 1e20 c -inf d +inf e 3.0 f 1e-7 g 100000000000000000 h", "ZRANGE z 0 -1 WITHSCORES", "ZADD z 0x10 hex", "ZSCORE z hex"),
  zsets("ZINCRBY", "ZINCRBY z 1.5 a", "ZINCRBY z -0.5 a", "ZADD z inf i", "ZINCRBY z -inf i", "ZINCRBY z x a"),
  zsets("ranks", "ZADD z 1 a 2 b 3 c", "ZRANK z a", "ZREVRANK z a", "ZRANK z x", "ZRANK missing a", "ZRANK z c"),
  zsets("ranges by rank", "ZADD z 1 a 2 b 3 c", "ZRANGE z 0 1", "ZRANGE z -2 -1 WITHSCORES", "ZRANGE z 0 -1 REV", "ZRANGE z 0 0 REV WITHSCORES", "ZRANGE z 5 9", "ZREVRANGE z 0 1 WITHSCORES", "ZRANGE missing 0 -1", "ZRANGE z a b"),
  zsets("ranges by score", "ZADD z 1 a 2 b 3 c 4 d", "ZRANGEBYSCORE z 2 3", "ZRANGEBYSCORE z (1 (4 WITHSCORES", "ZRANGEBYSCORE z -inf +inf LIMIT 1 2", "ZREVRANGEBYSCORE z 3 1", "ZREVRANGEBYSCORE z +inf -inf LIMIT 1 1", "ZRANGE z (1 3 BYSCORE", "ZRANGE z 3 1 BYSCORE REV", "ZRANGE z 1 4 BYSCORE LIMIT 0 -1", "ZRANGEBYSCORE z x 1", "ZCOUNT z 2 3", "ZCOUNT z (2 inf", "ZRANGEBYSCORE z 3 2"),
  zsets("ranges by name", "ZADD z 0 a 0 b 0 c 0 d", "ZRANGEBYLEX z - +", "ZRANGEBYLEX z [b (d", "ZRANGEBYLEX z (a [c LIMIT 1 1", "ZREVRANGEBYLEX z + [b", "ZRANGE z [a [b BYLEX", "ZRANGE z + - BYLEX REV LIMIT 0 2", "ZLEXCOUNT z - +", "ZLEXCOUNT z (a (d", "ZRANGEBYLEX z a b", "ZRANGE z - + BYLEX WITHSCORES"),
  zsets("limits need a range by score or name", "ZADD z 1 a", "ZRANGE z 0 -1 LIMIT 0 1", "ZRANGEBYSCORE z 0 9 LIMIT 1", "ZRANGEBYSCORE z 0 9 LIMIT -1 2", "ZRANGE z 0 9 FOO"),
  zsets("removing", "ZADD z 1 a 2 b 3 c 4 d 5 e", "ZREM z a x", "ZREMRANGEBYRANK z 0 0", "ZREMRANGEBYSCORE z (3 4", "ZREMRANGEBYLEX z [c [c", "ZRANGE z 0 -1", "ZREM z c e", "EXISTS z", "ZREMRANGEBYSCORE z x y"),
  zsets("popping", "ZADD z 1 a 2 b 3 c", "ZPOPMIN z", "ZPOPMAX z", "ZPOPMIN z 5", "ZPOPMIN z", "ZPOPMIN missing 2", "ZPOPMIN missing -1", "ZPOPMAX missing x"),
  zsets("ZMPOP", "ZADD b 1 x 2 y", "ZMPOP 2 a b MIN", "ZMPOP 2 a b MAX COUNT 9", "ZMPOP 2 a b MIN", "ZMPOP 1 a UP", "ZMPOP 0 a MIN"),
  zsets("unions", "ZADD a 1 x 2 y", "ZADD b 10 y 20 z", "ZUNIONSTORE u 2 a b", "ZRANGE u 0 -1 WITHSCORES", "ZUNIONSTORE u 2 a b WEIGHTS 2 0.5", "ZRANGE u 0 -1 WITHSCORES", "ZUNION 2 a b AGGREGATE MAX WITHSCORES", "ZUNION 2 a b AGGREGATE MIN", "ZUNION 1 missing"),
  zsets("intersections and differences", "ZADD a 1 x 2 y", "ZADD b 10 y 20 z", "ZINTERSTORE i 2 a b", "ZRANGE i 0 -1 WITHSCORES", "ZINTER 2 a b WITHSCORES", "ZDIFF 2 a b WITHSCORES", "ZDIFFSTORE d 2 a a", "EXISTS d", "ZINTERCARD 2 a b", "ZINTERCARD 2 a b LIMIT 1"),
  zsets("a plain set takes part with score one", "SADD s x y", "ZADD z 5 y", "ZUNION 2 s z WITHSCORES", "ZINTER 2 s z WITHSCORES"),
  zsets("combining needs numbers that fit", "ZADD a 1 x", "ZUNIONSTORE u 0 a", "ZUNIONSTORE u 3 a b", "ZUNIONSTORE u x a", "ZUNION 1 a WEIGHTS", "ZUNION 1 a WEIGHTS x", "ZUNION 1 a AGGREGATE AVG", "ZUNION 1 a FOO"),
  zsets("ZRANGESTORE", "ZADD z 1 a 2 b 3 c", "ZRANGESTORE d z 0 1", "ZRANGE d 0 -1 WITHSCORES", "ZRANGESTORE d z (1 3 BYSCORE", "ZRANGE d 0 -1", "ZRANGESTORE d missing 0 -1", "EXISTS d"),
  zsets("ZRANDMEMBER", "ZADD z 1 a", "ZRANDMEMBER z", "ZRANDMEMBER z 3 WITHSCORES", "ZRANDMEMBER z -2", "ZRANDMEMBER missing", "ZRANDMEMBER missing 1"),
  zsets("sorted sets refuse other types", "SET s 1", "ZADD s 1 a", "ZRANGE s 0 -1", "ZSCORE s a", "ZREM s a", "ZPOPMIN s", "ZCARD s", "ZINCRBY s 1 a", "ZUNION 1 s", "ZADD s x a"),
];
