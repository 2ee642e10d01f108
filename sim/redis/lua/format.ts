/** `string.format` as in Lua 5.1: fractions given to `%d` are cut off, integers are not limited to 32 bits. */
import type { LuaState } from "fengari";
import type { Bytes } from "../bytes.js";
import { toFixedExact } from "../long-double.js";
import { formatGeneral } from "../numbers.js";
import { RedisError } from "../reply.js";
import { describeValue, luaFunction, luaName, pushBytes, readBytes, setFunction } from "./stack.js";
import { lua } from "./fengari.js";

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
export function openFormat(L: LuaState): void {
  lua.lua_getfield(L, -1, luaName("string"));
  setFunction(L, "format", luaFunction(format));
  lua.lua_pop(L, 1);
}
