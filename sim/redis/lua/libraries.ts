/** The globals of a script: Lua's own libraries bent to version 5.1, and the `redis` table. */
import { createHash } from "node:crypto";
import type { LuaState } from "fengari";
import type { Bytes } from "../bytes.js";
import { formatGeneral } from "../numbers.js";
import { type Protocol, RedisError, type RedisReply } from "../reply.js";
import { plain } from "../resp.js";
import { openBit } from "./bit.js";
import { openCjson } from "./cjson.js";
import { openCmsgpack } from "./cmsgpack.js";
import { pushFieldTable, pushReply, pushRichReply } from "./convert.js";
import { openFormat } from "./format.js";
import { fromLua, luaFunction, luaName, pushBytes, readBytes, setFunction, setNumber } from "./stack.js";
import { openRandom } from "./random.js";
import { openProtectedSetMetatable, protectTables } from "./readonly-tables.js";
import { openStruct } from "./struct.js";
import { lua, lauxlib, lualib } from "./fengari.js";

/** What the script that runs may do. */
export interface ScriptHost {
  call(words: Bytes[]): RedisReply;
  /** Version of the protocol whose types the script sees; `redis.setresp` sets it. */
  protocol: Protocol;
}

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
function callWith(host: ScriptHost, raise: boolean): (L: LuaState) => number {
  return (L) => {
    let failed: boolean;
    try {
      const reply = host.call(readWords(L));
      failed = reply.kind === "error";
      if (host.protocol === 2) pushReply(L, plain(reply));
      else pushRichReply(L, reply);
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

function openRedis(L: LuaState, host: ScriptHost): void {
  lua.lua_newtable(L);
  setFunction(L, "call", callWith(host, true));
  setFunction(L, "pcall", callWith(host, false));
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
  setFunction(L, "setresp", (state) => {
    const version = lua.lua_tonumber(state, 1);
    const problem =
      lua.lua_gettop(state) === 1
        ? "ERR RESP version must be 2 or 3."
        : "ERR redis.setresp() requires one argument.";
    if (lua.lua_gettop(state) !== 1 || (version !== 2 && version !== 3)) {
      pushFieldTable(state, "err", problem);
      return lua.lua_error(state);
    }
    host.protocol = version;
    return 0;
  });
  pushBytes(L, "7.0.15");
  lua.lua_setfield(L, -2, luaName("REDIS_VERSION"));
  setNumber(L, "REDIS_VERSION_NUM", 0x07_00_0f);
  setFunction(
    L,
    "acl_check_cmd",
    luaFunction((state) => {
      readWords(state);
      lua.lua_pushboolean(state, true);
      return 1;
    }),
  );
  for (const [index, name] of ["DEBUG", "VERBOSE", "NOTICE", "WARNING"].entries()) {
    setNumber(L, `LOG_${name}`, index);
  }
  const replication = { REPL_NONE: 0, REPL_AOF: 1, REPL_SLAVE: 2, REPL_REPLICA: 2, REPL_ALL: 3 };
  for (const [name, value] of Object.entries(replication)) setNumber(L, name, value);
  lua.lua_setfield(L, -2, luaName("redis"));
}

/** `load` of Lua 5.1, which takes a function and no text. */
function openLoad(L: LuaState): void {
  lua.lua_getfield(L, -1, luaName("load"));
  const load = lua.lua_tocfunction(L, -1);
  lua.lua_pop(L, 1);
  setFunction(
    L,
    "load",
    luaFunction((state) => {
      const type = lua.lua_type(state, 1);
      if (type === lua.LUA_TFUNCTION) return load(state);
      const given = fromLua(lua.lua_typename(state, type));
      throw new RedisError(`bad argument #1 to 'load' (function expected, got ${given})`);
    }),
  );
}

/** Scripts see the globals and cannot change them: a name that is not there is an error, as is a new one. */
function protect(L: LuaState): number {
  lua.lua_newtable(L);
  setFunction(
    L,
    "__index",
    luaFunction((state) => {
      const name = readBytes(state, 2);
      throw new RedisError(`Script attempted to access nonexistent global variable '${name}'`);
    }),
  );
  lua.lua_setmetatable(L, -2);
  protectTables(L, -1);
  pushBytes(L, "");
  lua.lua_getmetatable(L, -1);
  protectTables(L, -1);
  lua.lua_pop(L, 2);
  return lauxlib.luaL_ref(L, lua.LUA_REGISTRYINDEX);
}

/** @returns The registry slot of the globals. */
export function openLibraries(L: LuaState, host: ScriptHost): number {
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
  openRedis(L, host);
  for (const open of [openCjson, openCmsgpack, openBit, openStruct, openFormat, openRandom]) open(L);
  openLoad(L);
  openProtectedSetMetatable(L);
  return protect(L);
}
