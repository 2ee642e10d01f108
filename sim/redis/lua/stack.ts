/** Moving values between JavaScript and a Lua stack. */
import type { LuaFunction, LuaState } from "fengari";
import type { Bytes } from "../bytes.js";
import { RedisError } from "../reply.js";
import { lauxlib, lua, toLuaString } from "./fengari.js";

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
export function rawField(L: LuaState, index: number, name: string): number {
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

export function isNumber(L: LuaState, index: number): boolean {
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
