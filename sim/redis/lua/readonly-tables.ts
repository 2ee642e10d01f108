/**
 * Tables that scripts cannot change, as in the Lua that Redis ships: the globals, the libraries, the metatable of
 * strings. Neither an assignment nor `rawset`, `table.insert` or `setmetatable` gets through.
 *
 * fengari has no such switch, so that its two functions that write into a table are replaced while a script runs, as
 * in numbers-51.ts.
 */
import type { LuaState } from "fengari";
import { luaName, setFunction } from "./stack.js";
import { ldebug, ltable, lua } from "./fengari.js";

const readonlyTables = new WeakSet<object>();

function tableAt(L: LuaState, index: number): object {
  return lua.lua_topointer(L, index) as object;
}

/** Makes the table at `index`, and all tables and metatables within it, read-only. */
export function protectTables(L: LuaState, index: number): void {
  const at = index < 0 ? lua.lua_gettop(L) + 1 + index : index;
  const table = tableAt(L, at);
  if (readonlyTables.has(table)) return;
  readonlyTables.add(table);
  lua.lua_checkstack(L, 4);
  if (lua.lua_getmetatable(L, at)) {
    protectTables(L, -1);
    lua.lua_pop(L, 1);
  }
  lua.lua_pushnil(L);
  while (lua.lua_next(L, at) !== 0) {
    if (lua.lua_type(L, -1) === lua.LUA_TTABLE) protectTables(L, -1);
    lua.lua_pop(L, 1);
  }
}

function refuse(L: LuaState): never {
  return ldebug.luaG_runerror(L, luaName("Attempt to modify a readonly table"));
}

/** Puts a `setmetatable` that respects read-only tables among the globals on top of the stack. */
export function openProtectedSetMetatable(L: LuaState): void {
  lua.lua_getfield(L, -1, luaName("setmetatable"));
  const plain = lua.lua_tocfunction(L, -1);
  lua.lua_pop(L, 1);
  setFunction(L, "setmetatable", (state) => {
    const isTable = lua.lua_type(state, 1) === lua.LUA_TTABLE;
    return isTable && readonlyTables.has(tableAt(state, 1)) ? refuse(state) : plain(state);
  });
}

/**
 * Runs a function while read-only tables refuse to be changed. Must not be asynchronous.
 *
 * @param L - Where an error is raised whose place is not known otherwise.
 */
export function withReadonlyTables<T>(L: LuaState, run: () => T): T {
  const original = { setfrom: ltable.luaH_setfrom, setint: ltable.luaH_setint };
  ltable.luaH_setfrom = (state, table, key, value) =>
    readonlyTables.has(table) ? refuse(state) : original.setfrom(state, table, key, value);
  ltable.luaH_setint = (table, key, value) =>
    readonlyTables.has(table) ? refuse(L) : original.setint(table, key, value);
  try {
    return run();
  } finally {
    ltable.luaH_setfrom = original.setfrom;
    ltable.luaH_setint = original.setint;
  }
}
