/** Between replies of commands and values of scripts. */
import type { LuaState } from "fengari";
import type { Bytes } from "../bytes.js";
import {
  array,
  bulk,
  error,
  integer,
  NULL,
  simple,
  type PlainReply,
  type Protocol,
  type RedisReply,
} from "../reply.js";
import { luaName, pushBytes, rawField, readBytes, stringField } from "./stack.js";
import { eachEntry } from "./table-shape.js";
import { lua } from "./fengari.js";

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
