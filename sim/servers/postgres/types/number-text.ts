/** Text forms of the binary number types. */
import { DatabaseError } from "../database-error.js";
import { invalidInput } from "./type.js";
import type { Value } from "./value.js";

export function integerParser(name: string, limit: number): (text: string) => number {
  return (text) => {
    if (!/^\s*[+-]?\d+\s*$/.test(text)) throw invalidInput(name, text);
    const value = Number(text);
    if (value >= limit || value < -limit) {
      throw new DatabaseError("22003", `value "${text}" is out of range for type ${name}`);
    }
    return value;
  };
}

export const int8Limit = 2n ** 63n;

export function parseInt8(text: string): bigint {
  if (!/^\s*[+-]?\d+\s*$/.test(text)) throw invalidInput("bigint", text);
  const value = BigInt(text.trim().replace(/^\+/, ""));
  if (value >= int8Limit || value < -int8Limit) {
    throw new DatabaseError("22003", `value "${text}" is out of range for type bigint`);
  }
  return value;
}

export function floatParser(name: string): (text: string) => number {
  return (text) => {
    const trimmed = text.trim();
    if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) {
      const value = Number(trimmed);
      if (!Number.isFinite(value)) {
        throw new DatabaseError("22003", `"${trimmed}" is out of range for type ${name}`);
      }
      return name === "real" ? Math.fround(value) : value;
    }
    if (/^nan$/i.test(trimmed)) return NaN;
    const infinite = /^([+-]?)inf(inity)?$/i.exec(trimmed);
    if (infinite !== null) return infinite[1] === "-" ? -Infinity : Infinity;
    throw invalidInput(name, text);
  };
}

/** Shortest digits that read back the same, with PostgreSQL's exponent form. */
export function printFloat(value: Value): string {
  const number = value as number;
  if (Object.is(number, -0)) return "-0";
  const text = String(number);
  const [digits = "", exponent] = text.split("e");
  if (exponent !== undefined) {
    return `${digits}e${exponent.startsWith("-") ? "-" : "+"}${exponent.replace(/^[+-]/, "").padStart(2, "0")}`;
  }
  const magnitude = Math.abs(number);
  if (magnitude >= 1e15 && Number.isFinite(number)) return withExponent(number.toExponential());
  if (magnitude < 1e-4 && magnitude > 0) return withExponent(number.toExponential());
  return text;
}

function withExponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

/** Shortest digits that read back as the same single-precision number. */
export function printFloat4(value: Value): string {
  const number = value as number;
  for (let digits = 6; digits <= 9; digits += 1) {
    const short = Number(number.toPrecision(digits));
    if (Math.fround(short) === number) {
      const magnitude = Math.abs(short);
      return magnitude >= 1e6 && Number.isFinite(short)
        ? withExponent(short.toExponential())
        : printFloat(short);
    }
  }
  return printFloat(number);
}

/** NaN is above all and equal to itself. */
export function compareFloat(a: Value, b: Value): number {
  const left = a as number;
  const right = b as number;
  if (Number.isNaN(left) || Number.isNaN(right))
    return Number(Number.isNaN(left)) - Number(Number.isNaN(right));
  return left < right ? -1 : left > right ? 1 : 0;
}
