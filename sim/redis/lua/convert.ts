/** Between replies of commands and values of scripts. */
import fengari, { type LuaState } from "fengari";
import type { Bytes } from "../bytes.js";
import { array, bulk, error, integer, NULL, simple, type RedisReply } from "../reply.js";
import { luaName, pushBytes, readBytes, stringField } from "./stack.js";

const { lua } = fengari;

/** Pushes `{ [field] = text }`. */
export function pushFieldTable(L: LuaState, field: "ok" | "err", text: Bytes): void {
  lua.lua_newtable(L);
  pushBytes(L, text);
  lua.lua_setfield(L, -2, luaName(field));
}

/** Null becomes false; a status `{ok=...}`; an error `{err=...}`. */
export function pushReply(L: LuaState, reply: RedisReply): void {
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

/** Numbers are truncated; true is 1, false and nil are null; an array ends at its first nil. */
export function readReply(L: LuaState, index: number, depth = 0): RedisReply {
  if (depth > depthMax) return error("ERR reached lua stack limit");
  switch (lua.lua_type(L, index)) {
    case lua.LUA_TSTRING:
      return bulk(readBytes(L, index));
    case lua.LUA_TNUMBER:
      return integer(truncate(lua.lua_tonumber(L, index)));
    case lua.LUA_TBOOLEAN:
      return lua.lua_toboolean(L, index) ? integer(1) : NULL;
    case lua.LUA_TTABLE: {
      const problem = stringField(L, index, "err");
      if (problem !== undefined) return error(problem.replaceAll(/[\r\n]+/g, " "));
      const status = stringField(L, index, "ok");
      if (status !== undefined) return simple(status.replaceAll(/[\r\n]+/g, " "));
      return array(readItems(L, index, depth));
    }
    default:
      return NULL;
  }
}

function readItems(L: LuaState, index: number, depth: number): RedisReply[] {
  const items: RedisReply[] = [];
  lua.lua_checkstack(L, 4);
  for (let at = 1; ; at += 1) {
    const type = lua.lua_rawgeti(L, index, at);
    const item = type === lua.LUA_TNIL ? undefined : readReply(L, lua.lua_gettop(L), depth + 1);
    lua.lua_pop(L, 1);
    if (item === undefined) return items;
    items.push(item);
  }
}
