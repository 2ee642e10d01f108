/** OBJECT ENCODING: the answer of a server with default limits. */
import type { Bytes } from "../bytes.js";
import type { Database } from "../database.js";
import { readLong } from "../numbers.js";

const smallEntries = 128;
const smallBytes = 64;
const smallIntegers = 512;

const isSmall = (words: Iterable<Bytes>): boolean => [...words].every((word) => word.length <= smallBytes);

/** @returns The name of the encoding; the key must exist. */
export function encodingOf(db: Database, key: Bytes): string {
  switch (db.type(key)) {
    case "string": {
      const value = db.string(key) ?? "";
      if (readLong(value) !== undefined) return "int";
      return value.length <= 44 ? "embstr" : "raw";
    }
    case "list":
      return "quicklist";
    case "hash": {
      const hash = db.read(key, "hash") ?? new Map<Bytes, Bytes>();
      const small = hash.size <= smallEntries && isSmall(hash.keys()) && isSmall(hash.values());
      return small ? "listpack" : "hashtable";
    }
    case "set": {
      const members = [...(db.read(key, "set") ?? [])];
      const integers = members.every((member) => readLong(member) !== undefined);
      return integers && members.length <= smallIntegers ? "intset" : "hashtable";
    }
    case "zset": {
      const members = db.read(key, "zset")?.all() ?? [];
      return members.length <= smallEntries && isSmall(members.map(({ member }) => member))
        ? "listpack"
        : "skiplist";
    }
    case "stream":
    case undefined:
    default:
      return "stream";
  }
}
