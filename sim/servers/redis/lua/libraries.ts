/** The globals of a script: Lua's own libraries bent to version 5.1, and the `redis` table. */
import type { LuaState } from "fengari";
import { createHash } from "node:crypto";

import { formatGeneral, toFixedExact } from "../numbers.js";
import { RedisError, type Bytes, type Protocol, type RedisReply } from "../reply.js";
import { plain } from "../resp.js";
import { openCjson } from "./cjson.js";
import {
  describeValue,
  fromLua,
  lauxlib,
  ldebug,
  ltable,
  lua,
  luaFunction,
  luaName,
  lualib,
  pushBytes,
  pushFieldTable,
  pushReply,
  pushRichReply,
  readBytes,
  setFunction,
  setNumber,
} from "./fengari.js";
import { openCmsgpack, openStruct } from "./struct.js";

// Tables that scripts cannot change, as in the Lua that Redis ships: the globals, the libraries, the metatable of
// strings. Neither an assignment nor `rawset`, `table.insert` or `setmetatable` gets through.
//
// fengari has no such switch, so that its two functions that write into a table are replaced while a script runs, as
// in numbers-51.ts.

const readonlyTables = new WeakSet<object>();

function tableAt(L: LuaState, index: number): object {
  return lua.lua_topointer(L, index) as object;
}

/** Makes the table at `index`, and all tables and metatables within it, read-only. */
function protectTables(L: LuaState, index: number): void {
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
function openProtectedSetMetatable(L: LuaState): void {
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

// `math.random` of scripts: the generator of Redis (drand48), which goes on from script to script.

const multiplier = 0x5deece66dn;
const increment = 0xbn;
const mask = (1n << 48n) - 1n;
const top = 2 ** 31 - 1;

/** Where the generator stands when the server starts. */
const start = 0x1234abcd330en;

/** Replaces `math.random` in the globals on top of the stack. */
function openRandom(L: LuaState): void {
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

// The `bit` library: operations on 32-bit integers.

const toBit = (L: LuaState, index: number): number => {
  const value = lua.lua_tonumber(L, index);
  // Beyond 2^32 only the low bits count, also where a shift would lose them.
  return Number(BigInt.asIntN(32, BigInt(Math.round(Number.isFinite(value) ? value : 0))));
};

function fold(combine: (a: number, b: number) => number): (L: LuaState) => number {
  return (L) => {
    let value = toBit(L, 1);
    for (let index = 2; index <= lua.lua_gettop(L); index += 1) value = combine(value, toBit(L, index));
    lua.lua_pushnumber(L, value | 0);
    return 1;
  };
}

function shift(move: (value: number, by: number) => number): (L: LuaState) => number {
  return (L) => {
    lua.lua_pushnumber(L, move(toBit(L, 1), toBit(L, 2) & 31) | 0);
    return 1;
  };
}

function unary(change: (value: number) => number): (L: LuaState) => number {
  return (L) => {
    lua.lua_pushnumber(L, change(toBit(L, 1)) | 0);
    return 1;
  };
}

function toHex(L: LuaState): number {
  const given = lua.lua_gettop(L) > 1 ? toBit(L, 2) : 8;
  const digits = Math.min(8, Math.abs(given));
  const hex = (toBit(L, 1) >>> 0)
    .toString(16)
    .padStart(8, "0")
    .slice(8 - digits);
  pushBytes(L, given < 0 ? hex.toUpperCase() : hex);
  return 1;
}

const swap = (value: number): number =>
  ((value & 0xff) << 24) | ((value & 0xff00) << 8) | ((value >>> 8) & 0xff00) | (value >>> 24);

/** Adds `bit` to the table on top of the stack. */
function openBit(L: LuaState): void {
  lua.lua_newtable(L);
  const functions = {
    tobit: unary((value) => value),
    bnot: unary((value) => ~value),
    bswap: unary(swap),
    band: fold((a, b) => a & b),
    bor: fold((a, b) => a | b),
    bxor: fold((a, b) => a ^ b),
    lshift: shift((value, by) => value << by),
    rshift: shift((value, by) => value >>> by),
    arshift: shift((value, by) => value >> by),
    rol: shift((value, by) => (value << by) | (value >>> (32 - by))),
    ror: shift((value, by) => (value >>> by) | (value << (32 - by))),
    tohex: toHex,
  };
  for (const [name, run] of Object.entries(functions)) setFunction(L, name, run);
  lua.lua_setfield(L, -2, luaName("bit"));
}

// `string.format` as in Lua 5.1: fractions given to `%d` are cut off, integers are not limited to 32 bits.

interface Spec {
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
}

function pad(text: string, { flags, width }: Spec, numeric: boolean): string {
  if (flags.includes("-")) return text.padEnd(width);
  if (!numeric || !flags.includes("0")) return text.padStart(width);
  const sign = /^[+\- ]/.exec(text)?.[0] ?? "";
  return sign + text.slice(sign.length).padStart(width - sign.length, "0");
}

function withSign(text: string, flags: string): string {
  if (text.startsWith("-")) return text;
  if (flags.includes("+")) return `+${text}`;
  return flags.includes(" ") ? ` ${text}` : text;
}

function formatNumber(value: number, letter: string, { flags, precision }: Spec): string {
  const digits = precision ?? 6;
  switch (letter) {
    case "d":
    case "i": {
      const whole = BigInt(Number.isFinite(value) ? Math.trunc(value) : 0);
      const text = (whole < 0n ? -whole : whole).toString().padStart(precision ?? 1, "0");
      return withSign(whole < 0n ? `-${text}` : text, flags);
    }
    case "u":
    case "x":
    case "X":
    case "o": {
      const whole = BigInt.asUintN(64, BigInt(Math.trunc(value)));
      const text = whole.toString({ u: 10, x: 16, X: 16, o: 8 }[letter]).padStart(precision ?? 1, "0");
      return letter === "X" ? text.toUpperCase() : text;
    }
    case "f":
      return withSign(Number.isFinite(value) ? toFixedExact(value, digits) : formatGeneral(value, 6), flags);
    case "e":
    case "E": {
      const text = value.toExponential(digits).replace(/e([+-])(\d)$/, "e$10$2");
      return withSign(letter === "E" ? text.toUpperCase() : text, flags);
    }
    default: {
      const text = formatGeneral(value, Math.max(1, digits));
      return withSign(letter === "G" ? text.toUpperCase() : text, flags);
    }
  }
}

function quoted(text: Bytes): Bytes {
  const inner = text
    .replaceAll(/["\\\n]/g, (character) => `\\${character}`)
    .replaceAll("\r", "\\r")
    .replaceAll("\0", "\\000");
  return `"${inner}"`;
}

function requireNumber(L: LuaState, index: number): number {
  const type = lua.lua_type(L, index);
  const value = lua.lua_tonumber(L, index);
  if (
    type === lua.LUA_TNUMBER ||
    (type === lua.LUA_TSTRING && readBytes(L, index).trim() !== "" && !Number.isNaN(value))
  ) {
    return value;
  }
  throw new RedisError(`bad argument #${index} to 'format' (number expected)`);
}

function format(L: LuaState): number {
  const count = lua.lua_gettop(L);
  let index = 1;
  const text = readBytes(L, 1).replaceAll(
    /%(?:%|([-+ #0]*)(\d*)(?:\.(\d*))?(.?))/gs,
    (
      all: string,
      flags: string | undefined,
      width: string,
      precision: string | undefined,
      letter: string,
    ) => {
      if (flags === undefined) return "%";
      index += 1;
      const spec = {
        flags,
        width: Number(width),
        precision: precision === undefined ? undefined : Number(precision),
      };
      if (!"diuxXofeEgGcsq".includes(letter) || letter === "") {
        throw new RedisError(`invalid option '${all}' to 'format'`);
      }
      if (index > count) throw new RedisError(`bad argument #${index} to 'format' (no value)`);
      if (letter === "q") return quoted(describeValue(L, index));
      if (letter === "s") return pad(describeValue(L, index).slice(0, spec.precision), spec, false);
      const value = requireNumber(L, index);
      if (letter === "c") return pad(String.fromCharCode(value & 0xff), spec, false);
      return pad(formatNumber(value, letter, spec), spec, true);
    },
  );
  pushBytes(L, text);
  return 1;
}

/** Replaces `string.format` in the globals on top of the stack. */
function openFormat(L: LuaState): void {
  lua.lua_getfield(L, -1, luaName("string"));
  setFunction(L, "format", luaFunction(format));
  lua.lua_pop(L, 1);
}

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
