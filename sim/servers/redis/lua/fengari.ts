/** The parts of fengari, which is loaded with the first script of a process: undefined until `loadFengari` is called. */
import type Fengari from "fengari";
import type LuaDebug from "fengari/src/ldebug.js";
import type LuaObject from "fengari/src/lobject.js";
import type LuaString from "fengari/src/lstring.js";
import type LuaTable from "fengari/src/ltable.js";

import { loadPackage } from "../../../shared/load-package.js";

export let lua: (typeof Fengari)["lua"];
export let lauxlib: (typeof Fengari)["lauxlib"];
export let lualib: (typeof Fengari)["lualib"];
export let toLuaString: (typeof Fengari)["to_luastring"];
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
