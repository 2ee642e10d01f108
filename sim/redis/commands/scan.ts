/**
 * SCAN, HSCAN, SSCAN, ZSCAN. The cursor is a position in creation order, so that a scan of unchanging data
 * returns each element once. Small hashes, sets and sorted sets come at once, as from the real server.
 */
import type { Bytes } from "../bytes.js";
import { argument, type Args, type CommandTable, type Context } from "../command.js";
import { matchesGlob } from "../glob.js";
import { formatScore, readIntegerIn } from "../numbers.js";
import { array, bulk, bulks, RedisError, syntaxError, type RedisReply } from "../reply.js";

interface ScanOptions {
  match: Bytes;
  count: number;
  type: string | undefined;
}

function readCursor(text: Bytes): number {
  if (!/^\d{1,19}$/.test(text)) throw new RedisError("ERR invalid cursor");
  return Number(text);
}

function readOptions(words: readonly Bytes[], typed: boolean): ScanOptions {
  const options: ScanOptions = { match: "*", count: 10, type: undefined };
  for (let index = 0; index < words.length; index += 2) {
    const word = (words[index] ?? "").toUpperCase();
    const value = argument(words, index + 1);
    if (word === "MATCH") options.match = value;
    else if (word === "COUNT") {
      options.count = readIntegerIn(
        value,
        -Infinity,
        Infinity,
        "ERR value is not an integer or out of range",
      );
      if (options.count < 1) throw syntaxError();
    } else if (typed && word === "TYPE") options.type = value.toLowerCase();
    else throw syntaxError();
  }
  return options;
}

function page<T>(items: readonly T[], cursor: number, count: number): { next: Bytes; items: readonly T[] } {
  const end = cursor + count;
  return { next: end >= items.length ? "0" : String(end), items: items.slice(cursor, end) };
}

function scanKeys({ db }: Context, args: Args): RedisReply {
  const cursor = readCursor(args[0]);
  const { match, count, type } = readOptions(args.slice(1), true);
  const { next, items } = page(db.keys(), cursor, count);
  const keys = items.filter(
    (key) => matchesGlob(match, key) && (type === undefined || db.type(key) === type),
  );
  return array([bulk(next), bulks(keys)]);
}

type Elements = (context: Context, key: Bytes) => { rows: Bytes[][]; small: boolean };

const smallSize = 128;

function scanWith(elements: Elements): (context: Context, args: Args) => RedisReply {
  return (context, args) => {
    const cursor = readCursor(args[1]);
    const { match, count } = readOptions(args.slice(2), false);
    const { rows, small } = elements(context, args[0]);
    const { next, items } = page(rows, cursor, small ? Infinity : count);
    return array([bulk(next), bulks(items.filter(([name = ""]) => matchesGlob(match, name)).flat())]);
  };
}

const hashRows: Elements = ({ db }, key) => {
  const rows = [...(db.read(key, "hash") ?? [])];
  return { rows, small: rows.length <= smallSize };
};

const setRows: Elements = ({ db }, key) => {
  const rows = [...(db.read(key, "set") ?? [])].map((member) => [member]);
  return { rows, small: rows.length <= smallSize };
};

const sortedSetRows: Elements = ({ db }, key) => {
  const members = db.read(key, "zset")?.all() ?? [];
  const rows = members.map(({ member, score }) => [member, formatScore(score)]);
  return { rows, small: rows.length <= smallSize };
};

export const scanCommands: CommandTable = {
  scan: [-2, "", scanKeys],
  hscan: [-3, "", scanWith(hashRows)],
  sscan: [-3, "", scanWith(setRows)],
  zscan: [-3, "", scanWith(sortedSetRows)],
};
