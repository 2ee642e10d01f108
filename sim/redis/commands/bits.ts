/** Commands on the bits of strings. */
import type { Bytes } from "../bytes.js";
import type { Args, CommandTable, Context } from "../command.js";
import { readInteger, readIntegerIn } from "../numbers.js";
import { integer, RedisError, syntaxError, type RedisReply } from "../reply.js";

const offsetMax = 2 ** 32 - 1;

const readOffset = (text: Bytes): number =>
  readIntegerIn(text, 0, offsetMax, "ERR bit offset is not an integer or out of range");

function bitAt(value: Bytes, offset: number): number {
  const byte = offset >>> 3 < value.length ? value.charCodeAt(offset >>> 3) : 0;
  return (byte >> (7 - (offset & 7))) & 1;
}

function setBit({ db }: Context, args: Args): RedisReply {
  const offset = readOffset(args[1]);
  const bit = readIntegerIn(args[2], 0, 1, "ERR bit is not an integer or out of range");
  const place = offset >>> 3;
  const value = (db.string(args[0]) ?? "").padEnd(place + 1, "\0");
  const old = bitAt(value, offset);
  const mask = 1 << (7 - (offset & 7));
  const byte = bit === 1 ? value.charCodeAt(place) | mask : value.charCodeAt(place) & ~mask;
  const changed = value.slice(0, place) + String.fromCharCode(byte) + value.slice(place + 1);
  db.setString(args[0], changed, "keep");
  db.changed(args[0], "$", "setbit");
  return integer(old);
}

function countBits(value: Bytes, from: number, to: number): number {
  let count = 0;
  for (let offset = from; offset < to; offset += 1) count += bitAt(value, offset);
  return count;
}

function count({ db }: Context, args: Args): RedisReply {
  if (args.length === 2 || args.length > 4) throw syntaxError();
  const value = db.string(args[0]) ?? "";
  if (args.length === 1) return integer(countBits(value, 0, value.length * 8));
  const [first, last] = [readInteger(args[1]), readInteger(args[2])];
  const word = args.length === 4 ? args[3].toUpperCase() : "BYTE";
  if (word !== "BYTE" && word !== "BIT") throw syntaxError();
  if (first < 0 && last < 0 && first > last) return integer(0);
  const unit = word === "BYTE" ? 8 : 1;
  const size = (value.length * 8) / unit;
  const clamp = (place: number): number => Math.max(0, place < 0 ? size + place : place);
  return integer(countBits(value, clamp(first) * unit, Math.min(clamp(last) + 1, size) * unit));
}

const operations: Readonly<Record<string, (a: number, b: number) => number>> = {
  AND: (a, b) => a & b,
  OR: (a, b) => a | b,
  XOR: (a, b) => a ^ b,
};

function combine({ db }: Context, args: Args): RedisReply {
  const name = args[0].toUpperCase();
  const operation = operations[name];
  if (operation === undefined && name !== "NOT") throw syntaxError();
  const keys = args.slice(2);
  if (name === "NOT" && keys.length !== 1) {
    throw new RedisError("ERR BITOP NOT must be called with a single source key.");
  }
  const values = keys.map((key) => db.string(key) ?? "");
  const size = Math.max(...values.map((value) => value.length));
  let result = "";
  for (let place = 0; place < size; place += 1) {
    const bytes = values.map((value) => (place < value.length ? value.charCodeAt(place) : 0));
    result += String.fromCharCode(
      operation === undefined ? ~(bytes[0] ?? 0) & 0xff : bytes.reduce(operation),
    );
  }
  if (size > 0) {
    db.setString(args[1], result, null);
    db.changed(args[1], "$", "set");
  } else if (db.remove(args[1])) db.changed(args[1], "g", "del");
  return integer(size);
}

export const bitCommands: CommandTable = {
  setbit: [4, "w", setBit],
  getbit: [3, "", ({ db }, args) => integer(bitAt(db.string(args[0]) ?? "", readOffset(args[1])))],
  bitcount: [-2, "", count],
  bitop: [-4, "w", combine],
};
