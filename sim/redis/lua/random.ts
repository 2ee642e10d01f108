/** `math.random` of scripts: the generator of Redis (drand48), which goes on from script to script. */
import type { LuaState } from "fengari";
import { RedisError } from "../reply.js";
import { luaFunction, luaName, setFunction } from "./stack.js";
import { lua } from "./fengari.js";

const multiplier = 0x5deece66dn;
const increment = 0xbn;
const mask = (1n << 48n) - 1n;
const top = 2 ** 31 - 1;

/** Where the generator stands when the server starts. */
const start = 0x1234abcd330en;

/** Replaces `math.random` in the globals on top of the stack. */
export function openRandom(L: LuaState): void {
  let state = start;
  const seed = (value: number): void => {
    state = (BigInt(Math.trunc(value) >>> 0) << 16n) + 0x330en;
  };
  const next = (): number => {
    state = (multiplier * state + increment) & mask;
    return Number(state >> 17n);
  };
  function random(running: LuaState): number {
    const fraction = (next() % top) / top;
    const count = lua.lua_gettop(running);
    if (count === 0) {
      lua.lua_pushnumber(running, fraction);
      return 1;
    }
    const low = count === 1 ? 1 : Math.trunc(lua.lua_tonumber(running, 1));
    const high = Math.trunc(lua.lua_tonumber(running, count === 1 ? 1 : 2));
    if (high < low) throw new RedisError(`bad argument #${count} to 'random' (interval is empty)`);
    lua.lua_pushnumber(running, Math.floor(fraction * (high - low + 1)) + low);
    return 1;
  }
  lua.lua_getfield(L, -1, luaName("math"));
  setFunction(L, "random", luaFunction(random));
  setFunction(L, "randomseed", (running) => {
    seed(lua.lua_tonumber(running, 1));
    return 0;
  });
  lua.lua_pop(L, 1);
}
