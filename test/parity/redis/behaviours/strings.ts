/** Strings and counters. */
import type { Behaviour } from "../script.js";

const strings = (name: string, ...lines: string[]): Behaviour => ({ feature: "strings", name, lines });

// One behaviour a line.
// prettier-ignore
export const stringBehaviours: readonly Behaviour[] = [
  strings("a value comes back", "SET k v", "GET k", "GET missing", "STRLEN k", "STRLEN missing"),
  strings("bytes are kept as they are", 'SET k "\\u0000\\u00ff\\r\\n"', "GET k", "STRLEN k"),
  strings("NX and XX decide whether to set", "SET k a NX", "SET k b NX", "SET k c XX", "SET n d XX", "GET k", "GET n"),
  strings("GET gives the old value back", "SET k a GET", "SET k b GET", "SET k c NX GET", "SET n d NX GET", "GET k", "GET n"),
  strings("options in any case and order", "set k a px 100000 nx", "TTL k", "SET k b xx EX 50", "TTL k"),
  strings("SET forgets the deadline, KEEPTTL keeps it", "SET k a EX 100", "SET k b KEEPTTL", "TTL k", "SET k c", "TTL k"),
  strings("options that exclude each other", "SET k v NX XX", "SET k v EX 1 PX 1", "SET k v EX 10 KEEPTTL", "SET k v FOO", "SET k v EX"),
  strings("times that are no times", "SET k v EX 0", "SET k v PX -1", "SET k v EX abc", "SET k v EX 9223372036854775807", "SETEX k 0 v", "PSETEX k -1 v"),
  strings("SET over another type replaces it", "RPUSH k a", "SET k v", "TYPE k", "RPUSH l a", "SET l v GET", "TYPE l"),
  strings("EXAT in the past removes at once", "SET k v PXAT 1", "GET k", "EXISTS k"),
  strings("counters count", "INCR n", "INCRBY n 10", "DECR n", "DECRBY n 20", "GET n", "INCRBY n -5"),
  strings("counters refuse what is no integer", "SET k abc", "INCR k", "SET k 1.5", "INCR k", "SET k \" 1\"", "INCR k", "SET k 01", "INCR k", "INCRBY n x"),
  strings("counters do not overflow", "SET n 9223372036854775807", "INCR n", "GET n", "SET n -9223372036854775808", "DECR n", "DECRBY n -9223372036854775808", "INCRBY n 9223372036854775808"),
  strings("big counters are exact", "SET n 9007199254740993", "INCR n", "INCRBY n 2", "DECRBY n 1"),
  strings("a counter keeps its deadline", "SET n 5 EX 100", "INCR n", "TTL n", "APPEND n 0", "TTL n"),
  strings("floats add without noise", "INCRBYFLOAT f 0.1", "INCRBYFLOAT f 0.2", "INCRBYFLOAT f -0.3", "SET f 3.0e3", "INCRBYFLOAT f 200", "INCRBYFLOAT f 5.0e-3"),
  strings("floats refuse what is no float", "SET f abc", "INCRBYFLOAT f 1", "INCRBYFLOAT g abc", "INCRBYFLOAT g inf", "INCRBYFLOAT g nan"),
  strings("APPEND makes and lengthens", "APPEND k ab", "APPEND k cd", "GET k"),
  strings("ranges count from both ends", "SET k \"This is a string\"", "GETRANGE k 0 3", "GETRANGE k -3 -1", "GETRANGE k 0 -1", "GETRANGE k 10 100", "GETRANGE k 5 3", "GETRANGE k -100 2", "GETRANGE m 0 1", "SUBSTR k 0 1"),
  strings("SETRANGE pads with zeros", "SETRANGE k 3 abc", "GET k", "SETRANGE k 1 X", "GET k", "SETRANGE m 5 \"\"", "EXISTS m", "SETRANGE k -1 a"),
  strings("GETSET and GETDEL hand over", "GETSET k a", "GETSET k b", "GETDEL k", "GETDEL k", "GET k"),
  strings("GETEX changes the deadline", "SET k v", "GETEX k EX 100", "TTL k", "GETEX k PERSIST", "TTL k", "GETEX k", "GETEX m EX 10", "GETEX k PXAT 1", "EXISTS k", "GETEX k EX 1 PX 2"),
  strings("many at once", "MSET a 1 b 2", "MGET a b c", "MSETNX c 3 a 9", "GET c", "MSETNX c 3 d 4", "MGET a c d", "MSET a", "MSET a 1 b", "MSETNX a 1 b"),
  strings("MGET passes over other types", "RPUSH l x", "SET s y", "MGET l s"),
  strings("strings refuse other types", "RPUSH l x", "GET l", "INCR l", "APPEND l x", "STRLEN l", "GETRANGE l 0 1", "SETRANGE l 0 x", "GETSET l x", "GETDEL l", "GETEX l"),
  strings("bits", "SETBIT b 7 1", "SETBIT b 7 0", "SETBIT b 20 1", "GETBIT b 20", "GETBIT b 900", "GET b", "SETBIT b -1 1", "SETBIT b 1 2", "SETBIT b x 1", "GETBIT missing 1", "SETBIT b 4294967296 1"),
  strings("counting bits", "SET k foobar", "BITCOUNT k", "BITCOUNT k 0 0", "BITCOUNT k 1 1", "BITCOUNT k 5 30 BIT", "BITCOUNT k -2 -1", "BITCOUNT k 9 12", "BITCOUNT k 0", "BITCOUNT k 0 1 FOO", "BITCOUNT missing", "BITCOUNT k -1 -3"),
  strings("combining bits", "SET a foof", "SET b ab", "BITOP AND d a b", "GET d", "BITOP OR d a b", "GET d", "BITOP XOR d a b missing", "GET d", "BITOP NOT d a", "GET d", "BITOP NOT d a b", "BITOP FOO d a", "BITOP AND d missing", "EXISTS d"),
  strings("bits refuse other types", "RPUSH l x", "SETBIT l 0 1", "GETBIT l 0", "BITCOUNT l", "BITOP AND d l"),
  strings("arity", "GET", "GET a b", "SET k", "INCR", "MGET", "STRLEN", "GETRANGE k 0"),
];
