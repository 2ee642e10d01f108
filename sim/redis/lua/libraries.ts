/** The globals of a script: Lua's own libraries bent to version 5.1, and the `redis` table. */
import { createHash } from "node:crypto";
import fengari, { type LuaState } from "fengari";
import type { Bytes } from "../bytes.js";
import { formatGeneral } from "../numbers.js";
import { RedisError, type RedisReply } from "../reply.js";
import { openBit } from "./bit.js";
import { openCjson } from "./cjson.js";
import { openCmsgpack } from "./cmsgpack.js";
import { pushFieldTable, pushReply } from "./convert.js";
import { openFormat } from "./format.js";
import { luaFunction, luaName, pushBytes, readBytes, setFunction, setNumber } from "./stack.js";
import { openRandom } from "./random.js";
import { openStruct } from "./struct.js";

const { lua, lauxlib, lualib } = fengari;

export type RunCommand = (words: Bytes[]) => RedisReply;

/** Lua 5.1 where 5.3 differs: names that went, fractions where integers are wanted, integers that wrap. */
const lua51 = `
local floor, ceil, sub, rep, byte, char, spread = math.floor, math.ceil, string.sub, string.rep, string.byte, string.char, table.unpack
local function whole(n) if n == nil then return nil end n = tonumber(n) or n
  if n == nil or type(n) ~= "number" then return n end
  if n >= 2147483647 then return 2147483647 elseif n <= -2147483648 then return -2147483648 end
  return n < 0 and ceil(n) or floor(n) end
local text = tostring
tostring = function(v) if type(v) == "number" then return v .. "" end return text(v) end
unpack = function(t, i, j) return spread(t, whole(i), whole(j)) end
loadstring = load
gcinfo = function() return collectgarbage("count") end
math.floor = function(n) return floor(n) + 0.0 end
math.ceil = function(n) return ceil(n) + 0.0 end
math.pow = function(a, b) return a ^ b end
math.mod = math.fmod
math.log10 = function(n) return math.log(n, 10) end
local log = math.log
math.log = function(n) return log(n) end
table.getn = function(t) return #t end
table.maxn = function(t) local m = 0 for k in pairs(t) do if type(k) == "number" and k > m then m = k end end return m end
table.foreach = function(t, f) for k, v in pairs(t) do local r = f(k, v) if r ~= nil then return r end end end
table.foreachi = function(t, f) for i, v in ipairs(t) do local r = f(i, v) if r ~= nil then return r end end end
string.gfind = string.gmatch
string.sub = function(s, i, j) return sub(s, whole(i), whole(j)) end
string.rep = function(s, n) return rep(s, whole(n)) end
string.byte = function(s, i, j) return byte(s, whole(i), whole(j)) end
string.char = function(...) local t = {...} for i = 1, #t do t[i] = whole(t[i]) end return char(spread(t)) end
`;

/** What 5.3 has and 5.1, or Redis, has not. */
const removed = `
print = nil dofile = nil loadfile = nil rawlen = nil utf8 = nil
table.pack = nil table.unpack = nil table.move = nil
string.pack = nil string.unpack = nil string.packsize = nil
math.tointeger = nil math.type = nil math.ult = nil math.maxinteger = nil math.mininteger = nil
`;

function runText(L: LuaState, text: string): void {
  let source: Uint8Array | null = Buffer.from(text, "latin1");
  const reader = (): Uint8Array | null => {
    const part = source;
    source = null;
    return part;
  };
  if (lua.lua_load(L, reader, null, luaName("@phoenix-sim"), luaName("t")) !== lua.LUA_OK) {
    throw new Error(readBytes(L, -1));
  }
  lua.lua_call(L, 0, 0);
}

function readWords(L: LuaState): Bytes[] {
  const count = lua.lua_gettop(L);
  if (count === 0) throw new RedisError("ERR Please specify at least one argument for this redis lib call");
  return Array.from({ length: count }, (_, index) => {
    const type = lua.lua_type(L, index + 1);
    if (type === lua.LUA_TNUMBER) return formatGeneral(lua.lua_tonumber(L, index + 1), 17);
    if (type === lua.LUA_TSTRING) return readBytes(L, index + 1);
    throw new RedisError("ERR Lua redis lib command arguments must be strings or integers");
  });
}

/** `redis.call` raises the error reply of a command, `redis.pcall` returns it. */
function callWith(run: RunCommand, raise: boolean): (L: LuaState) => number {
  return (L) => {
    let failed: boolean;
    try {
      const reply = run(readWords(L));
      failed = reply.kind === "error";
      pushReply(L, reply);
    } catch (problem) {
      if (!(problem instanceof RedisError)) throw problem;
      failed = true;
      pushFieldTable(L, "err", problem.message);
    }
    return failed && raise ? lua.lua_error(L) : 1;
  };
}

function oneString(L: LuaState, problem: string): Bytes {
  if (lua.lua_gettop(L) !== 1) throw new RedisError(problem);
  return readBytes(L, 1);
}

const wrongNumberOrType = "wrong number or type of arguments";

function openRedis(L: LuaState, run: RunCommand): void {
  lua.lua_newtable(L);
  setFunction(L, "call", callWith(run, true));
  setFunction(L, "pcall", callWith(run, false));
  const isOneString = (state: LuaState): boolean =>
    lua.lua_gettop(state) === 1 && lua.lua_type(state, 1) === lua.LUA_TSTRING;
  setFunction(L, "error_reply", (state) => {
    if (!isOneString(state)) pushFieldTable(state, "err", `ERR ${wrongNumberOrType}`);
    else {
      const text = readBytes(state, 1).replace(/^-/, "");
      pushFieldTable(state, "err", text.includes(" ") ? text : `ERR ${text}`);
    }
    return 1;
  });
  setFunction(L, "status_reply", (state) => {
    if (!isOneString(state)) pushFieldTable(state, "err", `ERR ${wrongNumberOrType}`);
    else pushFieldTable(state, "ok", readBytes(state, 1));
    return 1;
  });
  setFunction(
    L,
    "sha1hex",
    luaFunction((state) => {
      const text = oneString(state, "wrong number of arguments");
      pushBytes(state, createHash("sha1").update(text, "latin1").digest("hex"));
      return 1;
    }),
  );
  // Logging has no reader here, and replication is always by effects.
  for (const name of ["log", "set_repl", "breakpoint", "debug"]) setFunction(L, name, () => 0);
  for (const name of ["replicate_commands"]) {
    setFunction(L, name, (state) => {
      lua.lua_pushboolean(state, true);
      return 1;
    });
  }
  setFunction(
    L,
    "setresp",
    luaFunction((state) => {
      if (lua.lua_tonumber(state, 1) !== 2) {
        throw new RedisError("SIM_UNSUPPORTED redis.setresp: the simulated Redis speaks RESP2 only");
      }
      return 0;
    }),
  );
  for (const [index, name] of ["DEBUG", "VERBOSE", "NOTICE", "WARNING"].entries()) {
    setNumber(L, `LOG_${name}`, index);
  }
  const replication = { REPL_NONE: 0, REPL_AOF: 1, REPL_SLAVE: 2, REPL_REPLICA: 2, REPL_ALL: 3 };
  for (const [name, value] of Object.entries(replication)) setNumber(L, name, value);
  lua.lua_setfield(L, -2, luaName("redis"));
}

/** Scripts may read globals, not make them: they see a table that passes reads on and refuses writes. */
function protect(L: LuaState): { globals: number; environment: number } {
  const nonexistent = luaFunction((state) => {
    const name = readBytes(state, 2);
    throw new RedisError(`Script attempted to access nonexistent global variable '${name}'`);
  });
  const readonly = luaFunction(() => {
    throw new RedisError("Attempt to modify a readonly table");
  });
  lua.lua_newtable(L);
  setFunction(L, "__index", nonexistent);
  lua.lua_setmetatable(L, -2);
  lua.lua_newtable(L);
  lua.lua_newtable(L);
  lua.lua_pushvalue(L, -3);
  lua.lua_setfield(L, -2, luaName("__index"));
  setFunction(L, "__newindex", readonly);
  lua.lua_setmetatable(L, -2);
  lua.lua_pushvalue(L, -1);
  lua.lua_setfield(L, -3, luaName("_G"));
  const environment = lauxlib.luaL_ref(L, lua.LUA_REGISTRYINDEX);
  const globals = lauxlib.luaL_ref(L, lua.LUA_REGISTRYINDEX);
  return { globals, environment };
}

export interface OpenedLibraries {
  /** Registry slot of the globals. */
  readonly globals: number;
  /** Registry slot of the table that scripts see in their place. */
  readonly environment: number;
}

export function openLibraries(L: LuaState, run: RunCommand): OpenedLibraries {
  const standard = {
    _G: lualib.luaopen_base,
    table: lualib.luaopen_table,
    string: lualib.luaopen_string,
    math: lualib.luaopen_math,
    coroutine: lualib.luaopen_coroutine,
  };
  for (const [name, open] of Object.entries(standard)) {
    lauxlib.luaL_requiref(L, luaName(name), open, 1);
    lua.lua_pop(L, 1);
  }
  runText(L, lua51);
  runText(L, removed);
  // Slot 2 of the registry is the table of globals.
  lua.lua_rawgeti(L, lua.LUA_REGISTRYINDEX, 2);
  openRedis(L, run);
  for (const open of [openCjson, openCmsgpack, openBit, openStruct, openFormat, openRandom]) open(L);
  return protect(L);
}
