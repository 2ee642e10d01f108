/** The part of fengari's C-like interface that is used here; the package has no types of its own. */
declare module "fengari" {
  /** An opaque Lua state. */
  export interface LuaState {
    readonly luaState: unique symbol;
  }
  export type LuaFunction = (L: LuaState) => number;
  export interface LuaDebug {
    currentline: number;
    what: Uint8Array | null;
    source: Uint8Array | null;
  }
  interface LuaApi {
    readonly LUA_OK: number;
    readonly LUA_REGISTRYINDEX: number;
    readonly LUA_MASKCOUNT: number;
    readonly LUA_TNIL: number;
    readonly LUA_TBOOLEAN: number;
    readonly LUA_TNUMBER: number;
    readonly LUA_TSTRING: number;
    readonly LUA_TFUNCTION: number;
    readonly LUA_TTABLE: number;
    readonly lua_Debug: new () => LuaDebug;
    lua_call(L: LuaState, args: number, results: number): void;
    lua_checkstack(L: LuaState, extra: number): boolean;
    lua_error(L: LuaState): number;
    lua_getfield(L: LuaState, index: number, name: Uint8Array): number;
    lua_getinfo(L: LuaState, what: Uint8Array, debug: LuaDebug): number;
    lua_getmetatable(L: LuaState, index: number): boolean;
    lua_getstack(L: LuaState, level: number, debug: LuaDebug): number;
    lua_gettop(L: LuaState): number;
    lua_isinteger(L: LuaState, index: number): boolean;
    lua_load(
      L: LuaState,
      reader: (L: LuaState, data: unknown) => Uint8Array | null,
      data: unknown,
      chunk: Uint8Array,
      mode: Uint8Array,
    ): number;
    lua_newtable(L: LuaState): void;
    lua_next(L: LuaState, index: number): number;
    lua_pcall(L: LuaState, args: number, results: number, handler: number): number;
    lua_pop(L: LuaState, count: number): void;
    lua_pushboolean(L: LuaState, value: boolean): void;
    lua_pushcfunction(L: LuaState, run: LuaFunction): void;
    lua_pushlightuserdata(L: LuaState, value: unknown): void;
    lua_pushlstring(L: LuaState, value: Uint8Array, length: number): void;
    lua_pushnil(L: LuaState): void;
    lua_pushnumber(L: LuaState, value: number): void;
    lua_pushvalue(L: LuaState, index: number): void;
    lua_rawget(L: LuaState, index: number): number;
    lua_rawequal(L: LuaState, a: number, b: number): number;
    lua_rawgeti(L: LuaState, index: number, key: number): number;
    lua_rawlen(L: LuaState, index: number): number;
    lua_rawset(L: LuaState, index: number): void;
    lua_rawseti(L: LuaState, index: number, key: number): void;
    lua_setfield(L: LuaState, index: number, name: Uint8Array): void;
    lua_sethook(L: LuaState, hook: ((L: LuaState) => void) | null, mask: number, count: number): void;
    lua_setmetatable(L: LuaState, index: number): void;
    lua_setupvalue(L: LuaState, index: number, upvalue: number): Uint8Array | null;
    lua_settop(L: LuaState, index: number): void;
    lua_tocfunction(L: LuaState, index: number): LuaFunction;
    lua_toboolean(L: LuaState, index: number): boolean;
    lua_tonumber(L: LuaState, index: number): number;
    lua_topointer(L: LuaState, index: number): unknown;
    lua_tolstring(L: LuaState, index: number): Uint8Array | null;
    lua_touserdata(L: LuaState, index: number): unknown;
    lua_typename(L: LuaState, type: number): Uint8Array;
    lua_type(L: LuaState, index: number): number;
  }
  interface LuaAuxiliary {
    luaL_newstate(): LuaState;
    luaL_ref(L: LuaState, table: number): number;
    luaL_requiref(L: LuaState, name: Uint8Array, open: LuaFunction, global: number): void;
    luaL_tolstring(L: LuaState, index: number): Uint8Array;
  }
  interface LuaLibraries {
    readonly luaopen_base: LuaFunction;
    readonly luaopen_coroutine: LuaFunction;
    readonly luaopen_math: LuaFunction;
    readonly luaopen_string: LuaFunction;
    readonly luaopen_table: LuaFunction;
  }
  const fengari: {
    readonly lua: LuaApi;
    readonly lauxlib: LuaAuxiliary;
    readonly lualib: LuaLibraries;
    to_luastring(text: string): Uint8Array;
  };
  export default fengari;
}

declare module "fengari/src/lobject.js" {
  import type { LuaState } from "fengari";
  /** A Lua value inside the virtual machine. */
  interface TValue {
    readonly value: unknown;
    ttisinteger(): boolean;
    setfltvalue(value: number): void;
    setsvalue(value: unknown): void;
  }
  const lobject: {
    luaO_str2num: (text: Uint8Array, target: TValue) => number;
    luaO_tostring: (L: LuaState, value: TValue) => void;
  };
  export default lobject;
}

declare module "fengari/src/ltable.js" {
  import type { LuaState } from "fengari";
  const ltable: {
    luaH_setfrom: (L: LuaState, table: object, key: unknown, value: unknown) => void;
    luaH_setint: (table: object, key: number, value: unknown) => void;
  };
  export default ltable;
}

declare module "fengari/src/ldebug.js" {
  import type { LuaState } from "fengari";
  const ldebug: { luaG_runerror(L: LuaState, text: Uint8Array): never };
  export default ldebug;
}

declare module "fengari/src/lstring.js" {
  import type { LuaState } from "fengari";
  const lstring: { luaS_bless(L: LuaState, text: Uint8Array): unknown };
  export default lstring;
}
