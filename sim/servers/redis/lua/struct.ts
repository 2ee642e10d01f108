/** The `struct` library: binary records of fixed layout. */
import type { LuaState } from "fengari";
import type LuaObject from "fengari/src/lobject.js";

import { formatGeneral } from "../numbers.js";
import { RedisError, type Bytes } from "../reply.js";
import {
  eachEntry,
  loadFengari,
  lobject,
  lstring,
  lua,
  luaFunction,
  luaName,
  pushBytes,
  readBytes,
  setFunction,
  tableShape,
} from "./fengari.js";

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

function packStruct(L: LuaState): number {
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

function unpackStruct(L: LuaState): number {
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
  setFunction(L, "pack", luaFunction(packStruct));
  setFunction(L, "unpack", luaFunction(unpackStruct));
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

// The `cmsgpack` library: MessagePack in and out of scripts.

/** Deeper tables become nil, as in Redis. */
const depthMax = 16;

type Output = number[];

function pushSized(out: Output, value: number | bigint, bytes: number): void {
  const whole = BigInt(value);
  for (let shift = bytes - 1; shift >= 0; shift -= 1) out.push(Number((whole >> BigInt(shift * 8)) & 0xffn));
}

function packInteger(out: Output, value: number): void {
  if (value >= 0) {
    if (value < 0x80) out.push(value);
    else if (value <= 0xff) out.push(0xcc, value);
    else if (value <= 0xffff) out.push(0xcd, value >> 8, value & 0xff);
    else {
      const wide = value > 0xffffffff;
      out.push(wide ? 0xcf : 0xce);
      pushSized(out, value, wide ? 8 : 4);
    }
  } else if (value >= -32) out.push(value & 0xff);
  else {
    const size = value >= -0x80 ? 0 : value >= -0x8000 ? 1 : value >= -0x80000000 ? 2 : 3;
    out.push(0xd0 + size);
    pushSized(out, value, 2 ** size);
  }
}

function packNumber(out: Output, value: number): void {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 63) return packInteger(out, value);
  const single = Math.fround(value) === value;
  const view = new DataView(new ArrayBuffer(8));
  if (single) view.setFloat32(0, value);
  else view.setFloat64(0, value);
  out.push(single ? 0xca : 0xcb, ...new Uint8Array(view.buffer, 0, single ? 4 : 8));
}

/** Writes the head of a string, array or map of a given size. */
function packHead(
  out: Output,
  size: number,
  fixed: number,
  fixedMax: number,
  codes: readonly number[],
): void {
  if (size <= fixedMax) out.push(fixed | size);
  else {
    const widths = codes.length === 3 ? [1, 2, 4] : [2, 4];
    const at = widths.findIndex((width) => size < 2 ** (8 * width));
    out.push(codes[at] ?? 0);
    pushSized(out, size, widths[at] ?? 4);
  }
}

function packTable(L: LuaState, index: number, out: Output, depth: number): void {
  const { length, entries } = tableShape(L, index);
  if (length === entries) {
    packHead(out, length, 0x90, 15, [0xdc, 0xdd]);
    for (let at = 1; at <= length; at += 1) {
      lua.lua_rawgeti(L, index, at);
      pack(L, lua.lua_gettop(L), out, depth);
      lua.lua_pop(L, 1);
    }
    return;
  }
  packHead(out, entries, 0x80, 15, [0xde, 0xdf]);
  eachEntry(L, index, () => {
    const top = lua.lua_gettop(L);
    pack(L, top - 1, out, depth);
    pack(L, top, out, depth);
  });
}

function pack(L: LuaState, index: number, out: Output, depth: number): void {
  const type = lua.lua_type(L, index);
  if (type === lua.LUA_TSTRING) {
    const bytes = lua.lua_tolstring(L, index) ?? new Uint8Array();
    packHead(out, bytes.length, 0xa0, 31, [0xd9, 0xda, 0xdb]);
    for (const byte of bytes) out.push(byte);
  } else if (type === lua.LUA_TNUMBER) packNumber(out, lua.lua_tonumber(L, index));
  else if (type === lua.LUA_TBOOLEAN) out.push(lua.lua_toboolean(L, index) ? 0xc3 : 0xc2);
  else if (type === lua.LUA_TTABLE && depth < depthMax) packTable(L, index, out, depth + 1);
  else out.push(0xc0);
}

interface Input {
  readonly view: DataView;
  readonly bytes: Uint8Array;
  at: number;
}

function take(input: Input, size: number): number {
  const { at } = input;
  if (at + size > input.bytes.length) throw new RedisError("Missing bytes in input.");
  input.at += size;
  return at;
}

function readUnsigned(input: Input, size: number): number {
  const at = take(input, size);
  if (size === 1) return input.view.getUint8(at);
  if (size === 2) return input.view.getUint16(at);
  return size === 4 ? input.view.getUint32(at) : Number(input.view.getBigUint64(at));
}

function readSigned(input: Input, size: number): number {
  const at = take(input, size);
  if (size === 1) return input.view.getInt8(at);
  if (size === 2) return input.view.getInt16(at);
  return size === 4 ? input.view.getInt32(at) : Number(input.view.getBigInt64(at));
}

function unpackString(L: LuaState, input: Input, size: number): void {
  const at = take(input, size);
  lua.lua_pushlstring(L, input.bytes.slice(at, at + size), size);
}

function unpackItems(L: LuaState, input: Input, size: number, paired: boolean): void {
  lua.lua_checkstack(L, 4);
  lua.lua_newtable(L);
  for (let index = 1; index <= size; index += 1) {
    unpack(L, input);
    if (paired) {
      unpack(L, input);
      lua.lua_rawset(L, -3);
    } else lua.lua_rawseti(L, -2, index);
  }
}

function unpack(L: LuaState, input: Input): void {
  const code = input.view.getUint8(take(input, 1));
  if (code < 0x80) return lua.lua_pushnumber(L, code);
  if (code >= 0xe0) return lua.lua_pushnumber(L, code - 0x100);
  if (code < 0x90) return unpackItems(L, input, code & 15, true);
  if (code < 0xa0) return unpackItems(L, input, code & 15, false);
  if (code < 0xc0) return unpackString(L, input, code & 31);
  if (code === 0xc0) return lua.lua_pushnil(L);
  if (code === 0xc2 || code === 0xc3) return lua.lua_pushboolean(L, code === 0xc3);
  if (code >= 0xc4 && code <= 0xc6) return unpackString(L, input, readUnsigned(input, 2 ** (code - 0xc4)));
  if (code === 0xca) return lua.lua_pushnumber(L, input.view.getFloat32(take(input, 4)));
  if (code === 0xcb) return lua.lua_pushnumber(L, input.view.getFloat64(take(input, 8)));
  if (code >= 0xcc && code <= 0xcf) return lua.lua_pushnumber(L, readUnsigned(input, 2 ** (code - 0xcc)));
  if (code >= 0xd0 && code <= 0xd3) return lua.lua_pushnumber(L, readSigned(input, 2 ** (code - 0xd0)));
  if (code >= 0xd9 && code <= 0xdb) return unpackString(L, input, readUnsigned(input, 2 ** (code - 0xd9)));
  if (code === 0xdc || code === 0xdd)
    return unpackItems(L, input, readUnsigned(input, code === 0xdc ? 2 : 4), false);
  if (code === 0xde || code === 0xdf)
    return unpackItems(L, input, readUnsigned(input, code === 0xde ? 2 : 4), true);
  throw new RedisError("Bad data format in input.");
}

/** Adds `cmsgpack` to the table on top of the stack. */
export function openCmsgpack(L: LuaState): void {
  lua.lua_newtable(L);
  setFunction(L, "pack", (state) => {
    const out: Output = [];
    const count = lua.lua_gettop(state);
    for (let index = 1; index <= count; index += 1) pack(state, index, out, 0);
    const bytes = Uint8Array.from(out);
    lua.lua_pushlstring(state, bytes, bytes.length);
    return 1;
  });
  setFunction(
    L,
    "unpack",
    luaFunction((state) => {
      const bytes = lua.lua_tolstring(state, 1) ?? new Uint8Array();
      const input = { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.length), at: 0 };
      let count = 0;
      for (; input.at < bytes.length; count += 1) {
        lua.lua_checkstack(state, 4);
        unpack(state, input);
      }
      return count;
    }),
  );
  lua.lua_setfield(L, -2, luaName("cmsgpack"));
}
