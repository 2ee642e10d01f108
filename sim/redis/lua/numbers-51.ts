/**
 * Lua 5.1's numbers on fengari, which is a Lua 5.3 with 32-bit integers: there `65536 * 65536` would be 0
 * and `10 / 2` would read "5.0". Every numeral becomes a double, and doubles print as Lua 5.1 prints them.
 *
 * fengari has no switch for it, so two of its functions are replaced while a script runs; scripts run
 * synchronously, and other users of fengari in the process never see the replacements.
 */
import type LuaObject from "fengari/src/lobject.js";
import { formatGeneral } from "../numbers.js";
import { loadFengari, lobject, lstring } from "./fengari.js";

type LuaNumbers = Pick<typeof LuaObject, "luaO_str2num" | "luaO_tostring">;
let original: LuaNumbers | undefined;

/** A number as Lua 5.1 turns it into text. */
export function luaNumberText(value: number): string {
  return formatGeneral(value, 14);
}

const str2num =
  (own: LuaNumbers): LuaNumbers["luaO_str2num"] =>
  (text, target) => {
    const used = own.luaO_str2num(text, target);
    if (used > 0 && target.ttisinteger()) {
      const source = Buffer.from(text)
        .toString("latin1", 0, used - 1)
        .trim();
      const hex = /^([+-]?)(0x[\da-f]+)$/i.exec(source);
      target.setfltvalue(
        hex === null ? Number(source) : Number(`${hex[1] === "-" ? "-" : ""}${Number(hex[2])}`),
      );
    }
    return used;
  };

const tostring: LuaNumbers["luaO_tostring"] = (L, value) => {
  const text = luaNumberText(Number(value.value));
  value.setsvalue(lstring.luaS_bless(L, Buffer.from(text, "latin1")));
};

let replacements: LuaNumbers | undefined;

/** Loads fengari and runs a function with Lua 5.1's numbers in force. Must not be asynchronous. */
export function withLua51Numbers<T>(run: () => T): T {
  loadFengari();
  original ??= { luaO_str2num: lobject.luaO_str2num, luaO_tostring: lobject.luaO_tostring };
  replacements ??= { luaO_str2num: str2num(original), luaO_tostring: tostring };
  Object.assign(lobject, replacements);
  try {
    return run();
  } finally {
    Object.assign(lobject, original);
  }
}
