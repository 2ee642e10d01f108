/** The `bit` library: operations on 32-bit integers. */
import type { LuaState } from "fengari";
import { luaName, pushBytes, setFunction } from "./stack.js";
import { lua } from "./fengari.js";

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
export function openBit(L: LuaState): void {
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
