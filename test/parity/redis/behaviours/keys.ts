/** Keys of any type, deadlines, databases, scans. */
import type { Behaviour } from "../script.js";

const keys = (name: string, ...lines: string[]): Behaviour => ({ feature: "keys", name, lines });
const expiry = (name: string, ...lines: string[]): Behaviour => ({ feature: "expiry", name, lines });

// One behaviour a line.
// prettier-ignore
export const keyBehaviours: readonly Behaviour[] = [
  keys("deleting counts what was there", "MSET a 1 b 2", "DEL a b c", "DEL a", "SET d 1", "UNLINK d e", "EXISTS d"),
  keys("EXISTS counts each mention", "SET a 1", "EXISTS a a b", "TOUCH a b"),
  keys("types by name", "SET s 1", "RPUSH l 1", "HSET h f 1", "SADD t 1", "ZADD z 1 m", "XADD x 1-1 f v", "TYPE s", "TYPE l", "TYPE h", "TYPE t", "TYPE z", "TYPE x", "TYPE none"),
  keys("RENAME moves value and deadline", "SET a 1 EX 100", "SET b 2", "RENAME a b", "GET b", "TTL b", "EXISTS a", "RENAME missing x", "RENAME b b"),
  keys("RENAMENX does not overwrite", "SET a 1", "SET b 2", "RENAMENX a b", "RENAMENX a c", "GET c", "RENAMENX missing x"),
  keys("COPY makes another", "RPUSH a 1 2", "COPY a b", "COPY a b", "COPY a b REPLACE", "RPUSH b 3", "LLEN a", "LLEN b", "COPY missing x", "COPY a a", "COPY a z DB 99"),
  keys("MOVE between databases", "SET a 1", "MOVE a 1", "EXISTS a", "SELECT 1", "GET a", "MOVE a 1", "MOVE a 99", "SELECT 99", "SELECT x"),
  keys("COPY to another database", "SET a 1 EX 100", "COPY a b DB 2", "SELECT 2", "GET b", "TTL b"),
  keys("patterns", "MSET hello 1 hallo 2 hxllo 3 hllo 4 \"h*llo\" 5", "?> KEYS h?llo", "?> KEYS h*llo", "?> KEYS h[ae]llo", "?> KEYS h[^e]llo", "?> KEYS h[a-b]llo", "?> KEYS h\\\\*llo", "KEYS nothing", "?> KEYS *"),
  keys("DBSIZE and FLUSHDB", "MSET a 1 b 2", "DBSIZE", "SELECT 3", "SET c 1", "FLUSHDB", "DBSIZE", "SELECT 0", "DBSIZE", "FLUSHALL", "DBSIZE", "FLUSHALL ASYNC", "FLUSHDB NOW"),
  keys("RANDOMKEY", "RANDOMKEY", "SET only 1", "RANDOMKEY"),
  keys("a scan of few keys is done at once", "MSET a 1 b 2 c 3", "?> SCAN 0 COUNT 100", "DEL a b", "SCAN 0", "SCAN 0 MATCH x*", "SCAN 0 TYPE list", "SCAN 0 TYPE string", "SCAN x", "SCAN 0 COUNT 0", "SCAN 0 COUNT x", "SCAN 0 FOO"),
  keys("scans inside small values", "HSET h a 1 b 2", "HSCAN h 0", "HSCAN h 0 MATCH a*", "SADD s x", "SSCAN s 0", "ZADD z 1 a 2.5 b", "ZSCAN z 0", "HSCAN missing 0", "SSCAN h 0", "ZSCAN h 0", "HSCAN h 0 TYPE string"),
  keys("OBJECT ENCODING of small values", "SET n 12", "OBJECT ENCODING n", "SET s short", "OBJECT ENCODING s", "APPEND s er", "SADD i 1 2", "OBJECT ENCODING i", "HSET h a 1", "OBJECT ENCODING h", "ZADD z 1 a", "OBJECT ENCODING z", "OBJECT ENCODING missing", "OBJECT FOO a"),
  keys("unknown commands and wrong words", "FOO", "foo bar baz", "FOO \"a b\"", "DEL", "EXISTS", "TYPE", "RENAME a"),
  expiry("TTL of what is there, forever, or not", "SET k v", "TTL k", "PTTL k", "EXPIRE k 100", "TTL k", "TTL missing", "PTTL missing", "EXPIRETIME k2", "EXPIRETIME missing", "PERSIST k", "PERSIST k", "TTL k"),
  expiry("a deadline in the past removes", "SET k v", "EXPIRE k -1", "EXISTS k", "SET k v", "PEXPIREAT k 1", "EXISTS k", "SET k v", "EXPIRE k 0", "EXISTS k", "EXPIRE k 10"),
  expiry("absolute deadlines are kept to the unit", "SET k v", "EXPIREAT k 4102444800", "EXPIRETIME k", "PEXPIRETIME k", "PEXPIREAT k 4102444800123", "EXPIRETIME k", "PEXPIRETIME k"),
  expiry("NX and XX", "SET k v", "EXPIRE k 100 XX", "EXPIRE k 100 NX", "EXPIRE k 200 NX", "TTL k", "EXPIRE k 300 XX", "TTL k"),
  expiry("GT and LT, where no deadline is for ever", "SET k v", "EXPIRE k 100 GT", "TTL k", "EXPIRE k 100 LT", "EXPIRE k 50 GT", "EXPIRE k 200 GT", "TTL k", "EXPIRE k 300 LT", "EXPIRE k 150 LT", "TTL k"),
  expiry("conditions that exclude each other", "SET k v", "EXPIRE k 1 NX XX", "EXPIRE k 1 GT LT", "EXPIRE k 1 NX GT", "EXPIRE k 1 FOO", "EXPIRE k 10 XX GT"),
  expiry("what is no time", "SET k v", "EXPIRE k abc", "EXPIRE k 9223372036854775807", "EXPIRE k 1.5", "PEXPIRE k 9223372036854775807", "TTL k"),
  expiry("collections keep their deadline when they change", "RPUSH l 1", "EXPIRE l 100", "RPUSH l 2", "TTL l", "HSET h a 1", "EXPIRE h 100", "HSET h b 2", "TTL h"),
  expiry("an emptied collection takes its deadline along", "SADD s 1", "EXPIRE s 100", "SREM s 1", "EXISTS s", "SADD s 2", "TTL s"),
  expiry("a store command forgets the deadline", "SADD a 1", "SADD b 1", "EXPIRE b 100", "SUNIONSTORE b a", "TTL b"),
  expiry("TTL rounds to the nearest second", "SET k v PX 99600", "TTL k", "PEXPIRE k 100400", "TTL k"),
];
