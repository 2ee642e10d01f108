/** Hashes, lists and sets. */
import type { Behaviour } from "../script.js";

const hashes = (name: string, ...lines: string[]): Behaviour => ({ feature: "hashes", name, lines });
const lists = (name: string, ...lines: string[]): Behaviour => ({ feature: "lists", name, lines });
const sets = (name: string, ...lines: string[]): Behaviour => ({ feature: "sets", name, lines });

// One behaviour a line.
// prettier-ignore
export const collectionBehaviours: readonly Behaviour[] = [
  hashes("fields in the order they came, also numbers", "HSET h b 1 a 2 10 3 2 4", "HGETALL h", "HKEYS h", "HVALS h", "HLEN h"),
  hashes("HSET counts new fields", "HSET h a 1 b 2", "HSET h a 3 c 4", "HGET h a", "HGET h x", "HGET missing a", "HMSET h z 1", "HSET h a", "HSET h a 1 b", "HMSET h a 1 b"),
  hashes("HSETNX", "HSETNX h a 1", "HSETNX h a 2", "HGET h a"),
  hashes("HMGET and HEXISTS", "HSET h a 1", "HMGET h a b", "HMGET missing a b", "HEXISTS h a", "HEXISTS h b", "HSTRLEN h a", "HSTRLEN h b"),
  hashes("the last field takes the key along", "HSET h a 1 b 2", "HDEL h a c", "HDEL h b", "EXISTS h", "HDEL h b", "HGETALL h"),
  hashes("counting in fields", "HINCRBY h n 5", "HINCRBY h n -7", "HSET h s abc", "HINCRBY h s 1", "HINCRBY h n x", "HSET h m 9223372036854775807", "HINCRBY h m 1"),
  hashes("floats in fields", "HINCRBYFLOAT h f 10.5", "HINCRBYFLOAT h f 0.1", "HSET h s abc", "HINCRBYFLOAT h s 1", "HINCRBYFLOAT h f x"),
  hashes("HRANDFIELD", "HSET h a 1", "HRANDFIELD h", "HRANDFIELD h 5", "HRANDFIELD h -3", "HRANDFIELD h 1 WITHVALUES", "HRANDFIELD missing", "HRANDFIELD missing 2", "HRANDFIELD h 1 FOO", "HRANDFIELD h x"),
  hashes("hashes refuse other types", "SET s 1", "HSET s a 1", "HGET s a", "HGETALL s", "HDEL s a", "HINCRBY s a 1", "HLEN s", "HMGET s a"),
  lists("both ends", "RPUSH l a b", "LPUSH l c d", "LRANGE l 0 -1", "LPOP l", "RPOP l", "LLEN l", "LLEN missing"),
  lists("LPUSHX and RPUSHX need a list", "LPUSHX l a", "RPUSHX l a", "EXISTS l", "RPUSH l x", "LPUSHX l a b", "RPUSHX l z"),
  lists("popping several", "RPUSH l a b c d", "LPOP l 2", "RPOP l 5", "LPOP l 1", "LPOP l", "RPUSH l x", "LPOP l 0", "LPOP l -1", "LPOP missing 0", "LPOP l 1 2"),
  lists("ranges", "RPUSH l a b c d e", "LRANGE l 1 3", "LRANGE l -2 -1", "LRANGE l 3 1", "LRANGE l -100 100", "LRANGE l 10 20", "LRANGE missing 0 -1", "LRANGE l a b"),
  lists("trimming", "RPUSH l a b c d e", "LTRIM l 1 3", "LRANGE l 0 -1", "LTRIM l 5 10", "EXISTS l", "LTRIM missing 0 1"),
  lists("by index", "RPUSH l a b c", "LINDEX l 0", "LINDEX l -1", "LINDEX l 3", "LSET l 1 B", "LSET l -1 C", "LRANGE l 0 -1", "LSET l 9 x", "LSET missing 0 x", "LINDEX l x"),
  lists("inserting", "RPUSH l a c", "LINSERT l BEFORE c b", "LINSERT l AFTER c d", "LINSERT l before x y", "LINSERT missing BEFORE a b", "LINSERT l BESIDE a b", "LRANGE l 0 -1"),
  lists("removing from either end", "RPUSH l a b a c a", "LREM l 1 a", "LRANGE l 0 -1", "LREM l -1 a", "LRANGE l 0 -1", "LREM l 0 a", "LREM l 0 x", "LREM l 0 b", "LREM l 0 c", "EXISTS l"),
  lists("LPOS", "RPUSH l a b c 1 2 3 c c", "LPOS l c", "LPOS l c RANK 2", "LPOS l c RANK -1", "LPOS l c COUNT 2", "LPOS l c COUNT 0", "LPOS l c MAXLEN 2", "LPOS l x", "LPOS l x COUNT 1", "LPOS l c RANK 0", "LPOS l c COUNT -1", "LPOS missing c"),
  lists("moving between lists", "RPUSH a 1 2 3", "RPOPLPUSH a b", "LMOVE a b LEFT RIGHT", "LRANGE b 0 -1", "RPOPLPUSH a a", "RPOPLPUSH missing b", "LMOVE a b UP DOWN", "SET s 1", "RPOPLPUSH a s", "LRANGE a 0 -1"),
  lists("rotating one list", "RPUSH l 1 2 3", "LMOVE l l LEFT RIGHT", "LRANGE l 0 -1", "LMOVE l l RIGHT LEFT", "LRANGE l 0 -1"),
  lists("LMPOP takes from the first that has any", "RPUSH b 1 2 3", "LMPOP 2 a b LEFT", "LMPOP 2 a b RIGHT COUNT 5", "LMPOP 2 a b LEFT", "LMPOP 0 a LEFT", "LMPOP 1 a UP", "LMPOP 1 a LEFT COUNT 0"),
  lists("lists refuse other types", "SET s 1", "LPUSH s a", "LPOP s", "LRANGE s 0 1", "LLEN s", "LINDEX s 0", "LSET s 0 a", "LREM s 0 a", "LTRIM s 0 1", "LINSERT s BEFORE a b", "LPUSHX s a"),
  sets("adding and removing counts", "SADD s a b a", "SADD s b c", "SREM s a x", "SCARD s", "SCARD missing", "SISMEMBER s b", "SISMEMBER s a", "SMISMEMBER s a b", "SMISMEMBER missing a", "?> SMEMBERS s", "SREM s b c", "EXISTS s"),
  sets("whole numbers come sorted", "SADD s 3 1 2 -5", "SMEMBERS s"),
  sets("combining", "SADD a 1 2 3", "SADD b 2 3 4", "SADD c 3", "?> SUNION a b missing", "?> SINTER a b c", "SINTER a missing", "?> SDIFF a c", "SDIFF missing a", "SINTERCARD 2 a b", "SINTERCARD 2 a b LIMIT 1", "SINTERCARD 0 a", "SINTERCARD 3 a b"),
  sets("storing", "SADD a 1 2", "SADD b 2 3", "SUNIONSTORE d a b", "SCARD d", "SINTERSTORE d a b", "SMEMBERS d", "SDIFFSTORE d a a", "EXISTS d", "SET str 1", "SUNIONSTORE str a", "TYPE str"),
  sets("SMOVE", "SADD a x", "SMOVE a b x", "EXISTS a", "SMEMBERS b", "SMOVE a b x", "SMOVE b b x", "SET s 1", "SMOVE b s x", "SMOVE b b nothere"),
  sets("SPOP and SRANDMEMBER", "SADD s only", "SRANDMEMBER s", "SRANDMEMBER s 5", "SRANDMEMBER s -2", "SPOP s", "SPOP s", "SPOP s 3", "SRANDMEMBER s", "SRANDMEMBER s 1", "SADD s a", "SPOP s -1", "SPOP s 0", "SRANDMEMBER s 1 2"),
  sets("sets refuse other types", "SET s 1", "SADD s a", "SREM s a", "SMEMBERS s", "SINTER s", "SADD t a", "SUNION t s", "SINTER missing s", "SCARD s"),
];
