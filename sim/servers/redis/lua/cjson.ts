/** The `cjson` library: encode, decode and null, with the defaults of Redis. */
import type { LuaState } from "fengari";

import { RedisError, toBytes, type Bytes } from "../reply.js";
import {
  eachEntry,
  lua,
  luaFunction,
  luaName,
  pushBytes,
  readBytes,
  setFunction,
  tableShape,
} from "./fengari.js";
import { luaNumberText } from "./struct.js";

const depthMax = 1000;
/** An array with more than ten places may have at most half of them empty. */
const sparseRatio = 2;
const sparseSafe = 10;

const escapes: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "/": "\\/",
  "\b": "\\b",
  "\t": "\\t",
  "\n": "\\n",
  "\f": "\\f",
  "\r": "\\r",
};

function quote(text: Bytes): Bytes {
  // oxlint-disable-next-line no-control-regex
  const escaped = text.replaceAll(/["\\/\x00-\x1f\x7f]/g, (character) => {
    const code = character.charCodeAt(0).toString(16).padStart(4, "0");
    return escapes[character] ?? `\\u${code}`;
  });
  return `"${escaped}"`;
}

function cannot(type: string, reason: string): RedisError {
  return new RedisError(`Cannot serialise ${type}: ${reason}`);
}

function numberText(value: number): string {
  if (!Number.isFinite(value)) throw cannot("number", "must not be NaN or Inf");
  return luaNumberText(value);
}

function encodeTable(L: LuaState, index: number, depth: number): Bytes {
  if (depth > depthMax) throw cannot("table", "excessive nesting");
  const { length, entries } = tableShape(L, index);
  const parts: Bytes[] = [];
  if (length > 0) {
    if (length > entries * sparseRatio && length > sparseSafe) {
      throw cannot("table", "excessively sparse array");
    }
    for (let at = 1; at <= length; at += 1) {
      lua.lua_rawgeti(L, index, at);
      parts.push(encode(L, lua.lua_gettop(L), depth));
      lua.lua_pop(L, 1);
    }
    return `[${parts.join(",")}]`;
  }
  eachEntry(L, index, () => {
    const top = lua.lua_gettop(L);
    const type = lua.lua_type(L, top - 1);
    if (type !== lua.LUA_TSTRING && type !== lua.LUA_TNUMBER) {
      throw cannot("table", "table key must be a number or string");
    }
    const key = type === lua.LUA_TNUMBER ? numberText(lua.lua_tonumber(L, top - 1)) : readBytes(L, top - 1);
    parts.push(`${quote(key)}:${encode(L, top, depth)}`);
  });
  return `{${parts.join(",")}}`;
}

function encode(L: LuaState, index: number, depth: number): Bytes {
  switch (lua.lua_type(L, index)) {
    case lua.LUA_TSTRING:
      return quote(readBytes(L, index));
    case lua.LUA_TNUMBER:
      return numberText(lua.lua_tonumber(L, index));
    case lua.LUA_TBOOLEAN:
      return lua.lua_toboolean(L, index) ? "true" : "false";
    case lua.LUA_TNIL:
      return "null";
    case lua.LUA_TTABLE:
      return encodeTable(L, index, depth + 1);
    default:
      // The only light userdata that a script can hold is cjson.null.
      if (lua.lua_touserdata(L, index) === nullMark) return "null";
      throw cannot("function", "type not supported");
  }
}

const nullMark = Object.freeze({});

function pushValue(L: LuaState, value: unknown): void {
  lua.lua_checkstack(L, 4);
  if (value === null) lua.lua_pushlightuserdata(L, nullMark);
  else if (typeof value === "string") pushBytes(L, value);
  else if (typeof value === "number") lua.lua_pushnumber(L, value);
  else if (typeof value === "boolean") lua.lua_pushboolean(L, value);
  else if (Array.isArray(value)) {
    lua.lua_newtable(L);
    for (const [index, item] of value.entries()) {
      pushValue(L, item);
      lua.lua_rawseti(L, -2, index + 1);
    }
  } else {
    lua.lua_newtable(L);
    for (const [key, item] of Object.entries(value as object)) {
      pushBytes(L, key);
      pushValue(L, item);
      lua.lua_rawset(L, -3);
    }
  }
}

/** Escapes beyond ASCII become UTF-8 bytes, so that the text keeps one character per byte. */
function unescapeWide(text: Bytes): Bytes {
  return text.replaceAll(/\\(?:u[\da-f]{4}(?:(?<=d[89ab][\da-f]{2})\\ud[c-f][\da-f]{2})?|.)/gis, (escape) => {
    if (!/^\\u/i.test(escape) || /^\\u00[0-7]/i.test(escape)) return escape;
    const units = escape.match(/[\da-f]{4}/gi) ?? [];
    return toBytes(String.fromCharCode(...units.map((unit) => Number.parseInt(unit, 16))));
  });
}

function parse(text: Bytes): unknown {
  try {
    return JSON.parse(unescapeWide(text));
  } catch (problem) {
    const position = /position (\d+)/.exec(problem instanceof Error ? problem.message : "")?.[1];
    throw new RedisError(
      position === undefined
        ? `Expected value but found T_END at character ${text.length + 1}`
        : `Expected value but found invalid token at character ${Number(position) + 1}`,
    );
  }
}

/** Adds `cjson` to the table on top of the stack. */
export function openCjson(L: LuaState): void {
  lua.lua_newtable(L);
  setFunction(
    L,
    "encode",
    luaFunction((state) => {
      pushBytes(state, encode(state, 1, 0));
      return 1;
    }),
  );
  setFunction(
    L,
    "decode",
    luaFunction((state) => {
      pushValue(state, parse(readBytes(state, 1)));
      return 1;
    }),
  );
  lua.lua_pushlightuserdata(L, nullMark);
  lua.lua_setfield(L, -2, luaName("null"));
  lua.lua_setfield(L, -2, luaName("cjson"));
}
