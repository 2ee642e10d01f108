/** Looking over a Lua table: is it an array, and how long? */
import type { LuaState } from "fengari";
import { isNumber } from "./stack.js";
import { lua } from "./fengari.js";

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
