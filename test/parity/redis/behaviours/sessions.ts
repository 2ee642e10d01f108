/** Transactions, publishing, waiting, connections, settings. */
import type { Behaviour } from "../script.js";

const of =
  (feature: string) =>
  (name: string, ...lines: string[]): Behaviour => ({ feature, name, lines });
const transactions = of("transactions");
const pubsub = of("pub/sub");
const blocking = of("blocking");
const connection = of("connection");
const notifications = of("keyspace notifications");

// One behaviour a line.
// prettier-ignore
export const sessionBehaviours: readonly Behaviour[] = [
  transactions("commands wait for EXEC", "MULTI", "SET k 1", "INCR k", "b> GET k", "EXEC", "b> GET k"),
  transactions("a failing command does not stop the others", "SET k abc", "MULTI", "INCR k", "SET l 1", "RPUSH l x", "GET l", "EXEC", "GET l"),
  transactions("a command that cannot be queued spoils it", "MULTI", "SET k 1", "NOSUCH", "SET l 1", "EXEC", "EXISTS k", "MULTI", "GET", "EXEC", "PING"),
  transactions("DISCARD forgets", "MULTI", "SET k 1", "DISCARD", "EXISTS k", "DISCARD", "EXEC"),
  transactions("no nesting", "MULTI", "MULTI", "WATCH k", "SET k 1", "EXEC"),
  transactions("WATCH notices a change by another", "SET k 1", "WATCH k", "b> SET k 2", "MULTI", "SET k 3", "EXEC", "GET k"),
  transactions("WATCH notices a change by itself", "WATCH k", "SET k 1", "MULTI", "GET k", "EXEC"),
  transactions("WATCH is not moved by what changes nothing", "SET k 1", "WATCH k", "b> DEL other", "b> GET k", "b> EXPIRE missing 1", "MULTI", "GET k", "EXEC"),
  transactions("UNWATCH and EXEC end a watch", "WATCH k", "UNWATCH", "b> SET k 1", "MULTI", "GET k", "EXEC", "b> SET k 2", "MULTI", "GET k", "EXEC"),
  transactions("a deleted and remade key is a change", "SET k 1", "WATCH k", "b> DEL k", "b> SET k 1", "MULTI", "PING", "EXEC"),
  transactions("a deadline is a change", "SET k 1", "WATCH k", "b> EXPIRE k 100", "MULTI", "PING", "EXEC"),
  transactions("WATCH notices FLUSHALL", "SET k 1", "WATCH k", "b> FLUSHALL", "MULTI", "PING", "EXEC"),
  transactions("an empty transaction", "MULTI", "EXEC"),
  transactions("nothing waits inside", "MULTI", "BLPOP q 0", "BLMOVE a b LEFT LEFT 0", "XREAD BLOCK 0 STREAMS s $", "BZPOPMIN z 0", "EXEC"),
  transactions("SELECT inside lasts", "MULTI", "SELECT 1", "SET k 1", "EXEC", "GET k", "SELECT 0", "GET k"),
  pubsub("messages reach subscribers in order", "b> SUBSCRIBE one two", "PUBLISH one a", "PUBLISH two b", "PUBLISH three c", "PUBLISH one d"),
  pubsub("patterns", "b> PSUBSCRIBE news.*", "c> PSUBSCRIBE n?ws.x", "PUBLISH news.x a", "PUBLISH news.y b", "PUBLISH other c"),
  pubsub("channel first, then pattern", "b> PSUBSCRIBE a*", "b> SUBSCRIBE abc", "PUBLISH abc x"),
  pubsub("subscribing twice counts once", "b> SUBSCRIBE a", "b> SUBSCRIBE a", "PUBLISH a x"),
  pubsub("unsubscribing", "b> SUBSCRIBE a b", "b> UNSUBSCRIBE a", "PUBLISH a x", "PUBLISH b y", "b> UNSUBSCRIBE b", "b> GET k", "b> UNSUBSCRIBE", "b> PUNSUBSCRIBE"),
  pubsub("what a subscriber may not do", "b> SUBSCRIBE a", "b> GET k", "b> SET k v", "b> PING", "b> PING hi", "b> PUBLISH a x", "b> NOSUCH"),
  pubsub("PUBSUB looks", "b> SUBSCRIBE a b", "b> PSUBSCRIBE p*", "?> PUBSUB CHANNELS", "PUBSUB CHANNELS a*", "PUBSUB NUMSUB a x", "PUBSUB NUMPAT", "PUBSUB NUMSUB", "PUBSUB FOO"),
  pubsub("a transaction publishes when it runs", "b> SUBSCRIBE a", "MULTI", "PUBLISH a x", "EXEC"),
  pubsub("channels do not know databases", "b> SELECT 3", "b> SUBSCRIBE a", "PUBLISH a x"),
  blocking("BLPOP takes what is there", "RPUSH q a b", "BLPOP q 0", "BRPOP q 0", "RPUSH two x", "BLPOP one two 0"),
  blocking("BLPOP waits for a push", "b~> BLPOP q 0", "RPUSH q a b", "LRANGE q 0 -1"),
  blocking("first come, first served", "b~> BLPOP q 0", "c~> BLPOP q 0", "RPUSH q 1", "RPUSH q 2"),
  blocking("two elements for two who wait", "b~> BLPOP q 0", "c~> BLPOP q 0", "RPUSH q 1 2 3", "LRANGE q 0 -1"),
  blocking("the key given first wins", "b~> BLPOP x y 0", "MULTI", "RPUSH y 1", "RPUSH x 2", "EXEC", "LLEN x", "LLEN y"),
  blocking("a transaction serves after its end", "b~> BLPOP q 0", "MULTI", "RPUSH q a", "DEL q", "EXEC", "RPUSH q b"),
  blocking("LPUSH of several gives the last one pushed", "b~> BLPOP q 0", "LPUSH q a b c", "LRANGE q 0 -1"),
  blocking("BLMOVE moves when it can", "b~> BLMOVE q r LEFT RIGHT 0", "RPUSH q a", "LRANGE r 0 -1", "EXISTS q"),
  blocking("a move feeds the next who waits", "b~> BLPOP r 0", "c~> BLMOVE q r LEFT RIGHT 0", "RPUSH q a", "EXISTS q r"),
  blocking("BRPOPLPUSH", "RPUSH q a b", "BRPOPLPUSH q r 0", "b~> BRPOPLPUSH e r 0", "RPUSH e z", "LRANGE r 0 -1"),
  blocking("BLMPOP and BZMPOP", "b~> BLMPOP 0 2 x y LEFT COUNT 2", "RPUSH y 1 2 3", "LLEN y", "c~> BZMPOP 0 1 z MIN", "ZADD z 1 a 2 b", "ZCARD z"),
  blocking("BZPOPMIN and BZPOPMAX", "ZADD z 1 a 2.5 b", "BZPOPMIN z 0", "BZPOPMAX z 0", "b~> BZPOPMIN z 0", "ZADD z 3 c 1 d", "ZRANGE z 0 -1"),
  blocking("XREAD waits for new entries", "XADD s 1-1 a 1", "b~> XREAD BLOCK 0 STREAMS s $", "XADD s 2-1 b 2"),
  blocking("everybody who reads a stream gets the entry", "b~> XREAD BLOCK 0 STREAMS s 0", "c~> XREAD BLOCK 0 STREAMS s 0", "XADD s 1-1 a 1"),
  blocking("one of a group gets the entry", "XGROUP CREATE s g 0 MKSTREAM", "b~> XREADGROUP GROUP g b BLOCK 0 STREAMS s >", "c~> XREADGROUP GROUP g c BLOCK 0 STREAMS s >", "XADD s 1-1 a 1", "XADD s 2-1 a 2", "XPENDING s g"),
  blocking("a push of another type does not wake", "b~> BLPOP q 0", "SET q 1", "DEL q", "RPUSH q a"),
  blocking("a rename wakes", "b~> BLPOP q 0", "RPUSH r a", "RENAME r q", "EXISTS q"),
  blocking("time-outs that are none", "BLPOP q -1", "BLPOP q abc", "BLPOP q", "BLMOVE a b LEFT LEFT x", "BZPOPMIN z -1"),
  blocking("a wrong type fails at once", "SET q 1", "BLPOP q 0", "BLPOP empty q 0", "BZPOPMIN q 0", "BLMOVE q r LEFT LEFT 0"),
  blocking("CLIENT UNBLOCK", "b~> BLPOP q 0", "CLIENT UNBLOCK 999999"),
  connection("PING and ECHO", "PING", "PING hi", "PING a b", "ECHO hi", "ECHO"),
  connection("names", "CLIENT GETNAME", "CLIENT SETNAME me", "CLIENT GETNAME", "CLIENT SETNAME \"a b\"", "#> CLIENT ID", "CLIENT FOO"),
  connection("HELLO without RESP3", "#> HELLO 2", "HELLO x", "HELLO 9"),
  connection("AUTH without a password", "AUTH x"),
  connection("databases are apart", "SET k 0", "SELECT 1", "GET k", "SET k 1", "b> GET k", "SELECT 0", "GET k", "SELECT 16", "SELECT -1"),
  connection("RESET", "SELECT 1", "MULTI", "RESET", "SET k 1", "SELECT 0", "GET k"),
  connection("settings", "CONFIG GET maxmemory-policy", "CONFIG GET nosuch", "CONFIG SET nosuch 1", "CONFIG SET notify-keyspace-events q", "CONFIG SET notify-keyspace-events", "CONFIG FOO"),
  connection("TIME and INFO have their shape", "#> TIME", "#> INFO", "COMMAND DOCS nosuch", "#> COMMAND COUNT", "#> LASTSAVE", "ROLE"),
  notifications("both channels", "CONFIG SET notify-keyspace-events KEA", "b> PSUBSCRIBE __key*__:*", "SET k v", "DEL k"),
  notifications("events of each type", "CONFIG SET notify-keyspace-events EA", "b> PSUBSCRIBE __keyevent*", "SET s 1 EX 100", "INCR s", "APPEND s x", "RPUSH l a", "LPOP l", "HSET h a 1", "HDEL h a", "SADD t a", "SREM t a", "ZADD z 1 a", "ZREM z a", "XADD x 1-1 a 1", "EXPIRE s 10", "PERSIST s", "RENAME s s2"),
  notifications("only the classes asked for", "CONFIG SET notify-keyspace-events El", "b> PSUBSCRIBE __key*", "SET k v", "RPUSH l a", "DEL l"),
  notifications("what changes nothing says nothing", "CONFIG SET notify-keyspace-events EA", "b> PSUBSCRIBE __key*", "DEL missing", "SADD s a", "SADD s a", "SREM s x", "EXPIRE missing 1", "SETNX k 1", "SETNX k 2"),
  notifications("stores and moves", "CONFIG SET notify-keyspace-events EA", "b> PSUBSCRIBE __key*", "SADD a 1", "SUNIONSTORE b a", "RPUSH l 1", "RPOPLPUSH l m", "COPY a c", "MOVE a 1", "SET p v PXAT 33177117420000"),
];
