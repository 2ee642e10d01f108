/** The `struct` library: binary records of fixed layout. */
import type { LuaState } from "fengari";
import type LuaObject from "fengari/src/lobject.js";

import type { Bytes } from "../bytes.js";
import { formatGeneral } from "../numbers.js";
import { RedisError } from "../reply.js";
import { luaFunction, luaName, pushBytes, readBytes, setFunction } from "./convert.js";
import { loadFengari, lobject, lstring, lua } from "./fengari.js";

interface Item {
  readonly kind: "integer" | "float" | "zero-ended" | "chars" | "padding";
  readonly size: number;
  readonly signed: boolean;
  readonly little: boolean;
}

const integerSizes: Readonly<Record<string, number>> = { b: 1, h: 2, l: 8, i: 4, t: 8 };

function readFormat(format: Bytes): Item[] {
  const items: Item[] = [];
  let little = true;
  for (const [, letter = "", digits = ""] of format.matchAll(/([\s\S])(\d*)/g)) {
    const lower = letter.toLowerCase();
    const signed = letter === lower && letter !== "T";
    const integerSize = integerSizes[lower];
    if (letter === "<" || letter === ">") little = letter === "<";
    else if (letter === " " || letter === "!" || letter === "=") continue;
    else if (letter === "f") items.push({ kind: "float", size: 4, signed, little });
    else if (letter === "d") items.push({ kind: "float", size: 8, signed, little });
    else if (letter === "s") items.push({ kind: "zero-ended", size: 0, signed, little });
    else if (letter === "c") {
      items.push({ kind: "chars", size: digits === "" ? 1 : Number(digits), signed, little });
    } else if (letter === "x") items.push({ kind: "padding", size: 1, signed, little });
    else if (integerSize !== undefined) {
      const size = lower === "i" && digits !== "" ? Number(digits) : integerSize;
      if (size < 1 || size > 8) throw new RedisError("integral size is larger than limit of 32");
      items.push({ kind: "integer", size, signed, little });
    } else throw new RedisError(`invalid format option '${letter}'`);
  }
  return items;
}

function integerBytes(value: number, { size, little }: Item): Bytes {
  const whole = BigInt.asUintN(size * 8, BigInt(Math.trunc(Number.isFinite(value) ? value : 0)));
  const bytes = Array.from({ length: size }, (_, at) => Number((whole >> BigInt(8 * at)) & 0xffn));
  return String.fromCharCode(...(little ? bytes : bytes.reverse()));
}

function floatBytes(value: number, { size, little }: Item): Bytes {
  const view = new DataView(new ArrayBuffer(size));
  if (size === 4) view.setFloat32(0, value, little);
  else view.setFloat64(0, value, little);
  return String.fromCharCode(...new Uint8Array(view.buffer));
}

function pack(L: LuaState): number {
  let out = "";
  let index = 1;
  for (const item of readFormat(readBytes(L, 1))) {
    if (item.kind === "padding") {
      out += "\0";
      continue;
    }
    index += 1;
    if (item.kind === "integer") out += integerBytes(lua.lua_tonumber(L, index), item);
    else if (item.kind === "float") out += floatBytes(lua.lua_tonumber(L, index), item);
    else {
      const text = readBytes(L, index);
      const size = item.size === 0 ? text.length : item.size;
      if (text.length < size) throw new RedisError(`bad argument #${index} to 'pack' (string too short)`);
      out += item.kind === "chars" ? text.slice(0, size) : `${text}\0`;
    }
  }
  pushBytes(L, out);
  return 1;
}

function readInteger(bytes: Bytes, { signed, little }: Item): number {
  let whole = 0n;
  for (let at = 0; at < bytes.length; at += 1) {
    const byte = bytes.charCodeAt(little ? bytes.length - 1 - at : at);
    whole = (whole << 8n) | BigInt(byte);
  }
  return Number(signed ? BigInt.asIntN(bytes.length * 8, whole) : whole);
}

function readFloat(bytes: Bytes, { size, little }: Item): number {
  const view = new DataView(Uint8Array.from(Buffer.from(bytes, "latin1")).buffer);
  return size === 4 ? view.getFloat32(0, little) : view.getFloat64(0, little);
}

function unpack(L: LuaState): number {
  const data = readBytes(L, 2);
  let at = lua.lua_gettop(L) > 2 ? Math.trunc(lua.lua_tonumber(L, 3)) - 1 : 0;
  let count = 0;
  let last = 0;
  for (const item of readFormat(readBytes(L, 1))) {
    let { size } = item;
    if (item.kind === "zero-ended") {
      const end = data.indexOf("\0", at);
      if (end < 0) throw new RedisError("unfinished string in data");
      size = end - at;
    } else if (item.kind === "chars" && size === 0) {
      // c0 takes its length from the number just read, which is not returned itself.
      size = last;
      lua.lua_pop(L, 1);
      count -= 1;
    }
    if (at + size > data.length) throw new RedisError("data string too short");
    const bytes = data.slice(at, at + size);
    at += size + (item.kind === "zero-ended" ? 1 : 0);
    if (item.kind === "padding") continue;
    count += 1;
    if (item.kind === "integer") {
      last = readInteger(bytes, item);
      lua.lua_pushnumber(L, last);
    } else if (item.kind === "float") lua.lua_pushnumber(L, readFloat(bytes, item));
    else pushBytes(L, bytes);
  }
  lua.lua_pushnumber(L, at + 1);
  return count + 1;
}

function size(L: LuaState): number {
  const items = readFormat(readBytes(L, 1));
  if (items.some(({ kind, size }) => kind === "zero-ended" || (kind === "chars" && size === 0))) {
    throw new RedisError("variable-length format in 'size'");
  }
  lua.lua_pushnumber(
    L,
    items.reduce((sum, item) => sum + item.size, 0),
  );
  return 1;
}

/** Adds `struct` to the table on top of the stack. */
export function openStruct(L: LuaState): void {
  lua.lua_newtable(L);
  setFunction(L, "pack", luaFunction(pack));
  setFunction(L, "unpack", luaFunction(unpack));
  setFunction(L, "size", luaFunction(size));
  lua.lua_setfield(L, -2, luaName("struct"));
}

// Lua 5.1's numbers on fengari, which is a Lua 5.3 with 32-bit integers: there `65536 * 65536` would be 0
// and `10 / 2` would read "5.0". Every numeral becomes a double, and doubles print as Lua 5.1 prints them.
//
// fengari has no switch for it, so two of its functions are replaced while a script runs; scripts run
// synchronously, and other users of fengari in the process never see the replacements.

type LuaNumbers = Pick<typeof LuaObject, "luaO_str2num" | "luaO_tostring">;
let original: LuaNumbers | undefined;

/** A number as Lua 5.1 turns it into text. */
export function luaNumberText(value: number): string {
  return formatGeneral(value, 14);
}

const str2num =
  (library: LuaNumbers): LuaNumbers["luaO_str2num"] =>
  (text, target) => {
    const used = library.luaO_str2num(text, target);
    if (used > 0 && target.ttisinteger()) {
      const source = Buffer.from(text)
        .toString("latin1", 0, used - 1)
        .trim();
      const hex = /^([+-]?)(0x[\da-f]+)$/i.exec(source);
      target.setfltvalue(
        hex === null ? Number(source) : Number(`${hex[1] === "-" ? "-" : ""}${Number(hex[2])}`),
      );
    }
    return used;
  };

const tostring: LuaNumbers["luaO_tostring"] = (L, value) => {
  const text = luaNumberText(Number(value.value));
  value.setsvalue(lstring.luaS_bless(L, Buffer.from(text, "latin1")));
};

let replacements: LuaNumbers | undefined;

/** Loads fengari and runs a function with Lua 5.1's numbers in force. Must not be asynchronous. */
export function withLua51Numbers<T>(run: () => T): T {
  loadFengari();
  original ??= { luaO_str2num: lobject.luaO_str2num, luaO_tostring: lobject.luaO_tostring };
  replacements ??= { luaO_str2num: str2num(original), luaO_tostring: tostring };
  Object.assign(lobject, replacements);
  try {
    return run();
  } finally {
    Object.assign(lobject, original);
  }
}
