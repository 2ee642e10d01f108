/** The parts of fengari, which is loaded with the first script of a process: undefined until `loadFengari` is called. */
import type Fengari from "fengari";
import type { LuaFunction, LuaState } from "fengari";
import type LuaDebug from "fengari/src/ldebug.js";
import type LuaObject from "fengari/src/lobject.js";
import type LuaString from "fengari/src/lstring.js";
import type LuaTable from "fengari/src/ltable.js";

import { loadPackage } from "../../../shared/load-package.js";
import {
  NULL,
  RedisError,
  array,
  bulk,
  error,
  integer,
  simple,
  type Bytes,
  type PlainReply,
  type Protocol,
  type RedisReply,
} from "../reply.js";

export let lua: (typeof Fengari)["lua"];
export let lauxlib: (typeof Fengari)["lauxlib"];
export let lualib: (typeof Fengari)["lualib"];
let toLuaString: (typeof Fengari)["to_luastring"];
export let lobject: typeof LuaObject;
export let lstring: typeof LuaString;
export let ldebug: typeof LuaDebug;
export let ltable: typeof LuaTable;

/** Whoever runs scripts calls it before; a second call does nothing. */
export function loadFengari(): void {
  if (lua !== undefined) return;
  const fengari = loadPackage("fengari") as typeof Fengari;
  ({ lua, lauxlib, lualib } = fengari);
  toLuaString = fengari.to_luastring;
  lobject = loadPackage("fengari/src/lobject.js") as typeof LuaObject;
  lstring = loadPackage("fengari/src/lstring.js") as typeof LuaString;
  ldebug = loadPackage("fengari/src/ldebug.js") as typeof LuaDebug;
  ltable = loadPackage("fengari/src/ltable.js") as typeof LuaTable;
}

// Between replies of commands and values of scripts.

// Moving values between JavaScript and a Lua stack.

const names = new Map<string, Uint8Array>();

/** A short constant name as Lua bytes; kept, so not for data. */
export function luaName(text: string): Uint8Array {
  const known = names.get(text);
  if (known !== undefined) return known;
  const bytes = toLuaString(text);
  names.set(text, bytes);
  return bytes;
}

export function pushBytes(L: LuaState, value: Bytes): void {
  const bytes = Buffer.from(value, "latin1");
  lua.lua_pushlstring(L, bytes, bytes.length);
}

export function fromLua(bytes: Uint8Array): Bytes {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** The text of a string or number; numbers stay what they are on the stack. */
export function readBytes(L: LuaState, index: number): Bytes {
  lua.lua_pushvalue(L, index);
  const bytes = lua.lua_tolstring(L, -1);
  lua.lua_pop(L, 1);
  return bytes === null ? "" : fromLua(bytes);
}

/** The text of any value, as `tostring` gives it. */
export function describeValue(L: LuaState, index: number): Bytes {
  // fengari's own conversion would write a whole double as "5.0".
  if (isNumber(L, index)) return readBytes(L, index);
  const text = fromLua(lauxlib.luaL_tolstring(L, index));
  lua.lua_pop(L, 1);
  return text;
}

export function setFunction(L: LuaState, name: string, run: LuaFunction): void {
  lua.lua_pushcfunction(L, run);
  lua.lua_setfield(L, -2, luaName(name));
}

export function setNumber(L: LuaState, name: string, value: number): void {
  lua.lua_pushnumber(L, value);
  lua.lua_setfield(L, -2, luaName(name));
}

/** Pushes a field of the table at `index`; no metatable is asked. @returns Its type. */
function rawField(L: LuaState, index: number, name: string): number {
  pushBytes(L, name);
  return lua.lua_rawget(L, index);
}

/** @returns A field of the table at `index` that is a string, or undefined; no metatable is asked. */
export function stringField(L: LuaState, index: number, name: string): Bytes | undefined {
  const type = rawField(L, index, name);
  const value = type === lua.LUA_TSTRING ? readBytes(L, -1) : undefined;
  lua.lua_pop(L, 1);
  return value;
}

function isNumber(L: LuaState, index: number): boolean {
  return lua.lua_type(L, index) === lua.LUA_TNUMBER;
}

/** Where a running function was called: `user_script:3: `, as error messages begin. */
function position(L: LuaState): string {
  const debug = new lua.lua_Debug();
  if (lua.lua_getstack(L, 1, debug) === 0) return "";
  lua.lua_getinfo(L, luaName("Sl"), debug);
  return debug.currentline > 0 ? `user_script:${debug.currentline}: ` : "";
}

/** Wraps a JavaScript function so that the RedisErrors it throws become Lua errors with their position. */
export function luaFunction(run: LuaFunction): LuaFunction {
  return (L) => {
    try {
      return run(L);
    } catch (problem) {
      if (!(problem instanceof RedisError)) throw problem;
      pushBytes(L, position(L) + problem.message);
    }
    return lua.lua_error(L);
  };
}

// Looking over a Lua table: is it an array, and how long?

export interface TableShape {
  /** Greatest key when all keys are positive whole numbers, else -1; 0 for an empty table. */
  readonly length: number;
  readonly entries: number;
}

/** @param index - Absolute stack index of the table. */
export function tableShape(L: LuaState, index: number): TableShape {
  let length = 0;
  let entries = 0;
  lua.lua_checkstack(L, 4);
  lua.lua_pushnil(L);
  while (lua.lua_next(L, index) !== 0) {
    lua.lua_pop(L, 1);
    entries += 1;
    const key = isNumber(L, -1) ? lua.lua_tonumber(L, -1) : 0;
    length = length >= 0 && Number.isInteger(key) && key > 0 ? Math.max(length, key) : -1;
  }
  return { length, entries };
}

/** Calls back for each entry with the key at -2 and the value at -1. */
export function eachEntry(L: LuaState, index: number, visit: () => void): void {
  lua.lua_pushnil(L);
  while (lua.lua_next(L, index) !== 0) {
    visit();
    lua.lua_pop(L, 1);
  }
}

/** Pushes `{ [field] = text }`. */
export function pushFieldTable(L: LuaState, field: "ok" | "err", text: Bytes): void {
  lua.lua_newtable(L);
  pushBytes(L, text);
  lua.lua_setfield(L, -2, luaName(field));
}

/** Null becomes false; a status `{ok=...}`; an error `{err=...}`. */
export function pushReply(L: LuaState, reply: PlainReply): void {
  switch (reply.kind) {
    case "simple":
      return pushFieldTable(L, "ok", reply.text);
    case "error":
      return pushFieldTable(L, "err", reply.text);
    case "integer":
      return lua.lua_pushnumber(L, Number(reply.value));
    case "bulk":
      if (reply.value === null) return lua.lua_pushboolean(L, false);
      return pushBytes(L, reply.value);
    case "array":
      if (reply.items === null) return lua.lua_pushboolean(L, false);
      lua.lua_checkstack(L, 4);
      lua.lua_newtable(L);
      for (const [index, item] of reply.items.entries()) {
        pushReply(L, item);
        lua.lua_rawseti(L, -2, index + 1);
      }
  }
}

/** The same after `redis.setresp(3)`: types of their own come as tables with one field that names the type. */
export function pushRichReply(L: LuaState, reply: RedisReply): void {
  lua.lua_checkstack(L, 6);
  switch (reply.kind) {
    case "simple":
    case "error":
    case "integer":
      return pushReply(L, reply);
    case "bulk":
      return reply.value === null ? lua.lua_pushnil(L) : pushBytes(L, reply.value);
    case "array":
      return reply.items === null ? lua.lua_pushnil(L) : pushRichItems(L, reply.items);
    case "push":
      return pushRichItems(L, reply.items);
    case "pairs":
      return pushRichItems(L, twoByTwo(reply.items));
    case "map":
      return pushTyped(L, "map", () => {
        lua.lua_newtable(L);
        for (const item of twoByTwo(reply.items)) {
          for (const each of item.items ?? []) pushRichReply(L, each);
          lua.lua_rawset(L, -3);
        }
      });
    case "set":
      return pushTyped(L, "set", () => {
        lua.lua_newtable(L);
        for (const item of reply.items) {
          pushRichReply(L, item);
          lua.lua_pushboolean(L, true);
          lua.lua_rawset(L, -3);
        }
      });
    case "double":
      return pushTyped(L, "double", () => lua.lua_pushnumber(L, reply.value));
    case "boolean":
      return lua.lua_pushboolean(L, reply.value);
    case "bignumber":
      return pushTyped(L, "big_number", () => pushBytes(L, reply.text));
    case "verbatim":
      return pushTyped(L, "verbatim_string", () => {
        lua.lua_newtable(L);
        pushBytes(L, reply.text);
        lua.lua_setfield(L, -2, luaName("string"));
        pushBytes(L, reply.format);
        lua.lua_setfield(L, -2, luaName("format"));
      });
    default:
      return reply satisfies never;
  }
}

function pushTyped(L: LuaState, name: string, pushValue: () => void): void {
  lua.lua_newtable(L);
  pushValue();
  lua.lua_setfield(L, -2, luaName(name));
}

function pushRichItems(L: LuaState, items: readonly RedisReply[]): void {
  lua.lua_newtable(L);
  for (const [index, item] of items.entries()) {
    pushRichReply(L, item);
    lua.lua_rawseti(L, -2, index + 1);
  }
}

function twoByTwo(items: readonly RedisReply[]): { kind: "array"; items: readonly RedisReply[] }[] {
  return Array.from({ length: items.length / 2 }, (_, index) => ({
    kind: "array",
    items: items.slice(index * 2, index * 2 + 2),
  }));
}

const longMax = 2n ** 63n - 1n;

/** As C converts: fractions are cut off; what does not fit is the least 64-bit integer. */
function truncate(value: number): number | bigint {
  const whole = Math.trunc(value);
  if (Number.isSafeInteger(whole)) return whole + 0;
  if (!Number.isFinite(whole)) return -longMax - 1n;
  const exact = BigInt(whole);
  return exact > longMax || exact < -longMax - 1n ? -longMax - 1n : exact;
}

const depthMax = 200;

/**
 * Numbers are truncated; true is 1, false and nil are null; an array ends at its first nil. No metatable is asked.
 *
 * @param protocol - What the script has chosen: with 3 a boolean stays one.
 */
export function readReply(L: LuaState, index: number, protocol: Protocol, depth = 0): RedisReply {
  if (depth > depthMax) return error("ERR reached lua stack limit");
  switch (lua.lua_type(L, index)) {
    case lua.LUA_TSTRING:
      return bulk(readBytes(L, index));
    case lua.LUA_TNUMBER:
      return integer(truncate(lua.lua_tonumber(L, index)));
    case lua.LUA_TBOOLEAN:
      if (protocol === 3) return { kind: "boolean", value: lua.lua_toboolean(L, index) };
      return lua.lua_toboolean(L, index) ? integer(1) : NULL;
    case lua.LUA_TTABLE: {
      const problem = stringField(L, index, "err");
      if (problem !== undefined) return error(problem.replaceAll(/[\r\n]+/g, " "));
      const status = stringField(L, index, "ok");
      if (status !== undefined) return simple(status.replaceAll(/[\r\n]+/g, " "));
      return readTyped(L, index, protocol, depth) ?? array(readItems(L, index, protocol, depth));
    }
    default:
      return NULL;
  }
}

/** A table that names a type of the protocol: `{double=1.5}`, `{map={...}}`, `{set={...}}` and so on. */
function readTyped(L: LuaState, index: number, protocol: Protocol, depth: number): RedisReply | undefined {
  lua.lua_checkstack(L, 6);
  const top = lua.lua_gettop(L);
  try {
    if (rawField(L, index, "double") === lua.LUA_TNUMBER) {
      return { kind: "double", value: lua.lua_tonumber(L, -1) };
    }
    if (rawField(L, index, "map") === lua.LUA_TTABLE) {
      return { kind: "map", items: readEntries(L, lua.lua_gettop(L), protocol, depth, true) };
    }
    if (rawField(L, index, "set") === lua.LUA_TTABLE) {
      return { kind: "set", items: readEntries(L, lua.lua_gettop(L), protocol, depth, false) };
    }
    const digits = stringField(L, index, "big_number");
    if (digits !== undefined) return { kind: "bignumber", text: digits.replaceAll(/[\r\n]/g, " ") };
    if (rawField(L, index, "verbatim_string") !== lua.LUA_TTABLE) return undefined;
    const at = lua.lua_gettop(L);
    const [text, format] = [stringField(L, at, "string"), stringField(L, at, "format")];
    if (text === undefined || format === undefined) return undefined;
    return { kind: "verbatim", format: format.slice(0, 3), text };
  } finally {
    lua.lua_settop(L, top);
  }
}

function readEntries(
  L: LuaState,
  index: number,
  protocol: Protocol,
  depth: number,
  withValues: boolean,
): RedisReply[] {
  const items: RedisReply[] = [];
  eachEntry(L, index, () => {
    const top = lua.lua_gettop(L);
    // A copy of the key: reading a number as text must not change what `next` goes on from.
    lua.lua_pushvalue(L, top - 1);
    items.push(readReply(L, top + 1, protocol, depth + 1));
    lua.lua_pop(L, 1);
    if (withValues) items.push(readReply(L, top, protocol, depth + 1));
  });
  return items;
}

function readItems(L: LuaState, index: number, protocol: Protocol, depth: number): RedisReply[] {
  const items: RedisReply[] = [];
  lua.lua_checkstack(L, 4);
  for (let at = 1; ; at += 1) {
    const type = lua.lua_rawgeti(L, index, at);
    const item = type === lua.LUA_TNIL ? undefined : readReply(L, lua.lua_gettop(L), protocol, depth + 1);
    lua.lua_pop(L, 1);
    if (item === undefined) return items;
    items.push(item);
  }
}
