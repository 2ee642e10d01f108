/** The text that `jsonb` keeps: sorted keys, one blank after `:` and `,`, numbers as numeric prints them. */
import { compareKeys, parseJson, printJson } from "./json.js";

/** @throws DatabaseError 22P02 when the text is not JSON. */
export function canonicalJson(text: string): string {
  return fromCompact(text) ?? printJson(parseJson(text));
}

/**
 * Clients send what JSON.stringify makes. Such a text is read by JSON.parse, which takes a tenth of the time; whatever
 * it would not give back letter for letter (blanks, keys twice, other spellings of numbers) is read the long way.
 *
 * @returns Undefined when the text is none of these, or holds escapes or numbers with an exponent.
 */
function fromCompact(text: string): string | undefined {
  if (text.includes("\\u")) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return JSON.stringify(value) === text ? print(value) : undefined;
}

function print(value: unknown): string | undefined {
  if (Array.isArray(value)) return joined("[", value.map(print), "]");
  if (typeof value === "number") {
    const digits = String(value);
    return digits.includes("e") ? undefined : digits;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort((a, b) => compareKeys(a[0], b[0]));
  return joined("{", entries.map(printEntry), "}");
}

function printEntry([key, item]: readonly [string, unknown]): string | undefined {
  const text = print(item);
  return text === undefined ? undefined : `${JSON.stringify(key)}: ${text}`;
}

function joined(open: string, parts: readonly (string | undefined)[], close: string): string | undefined {
  return parts.includes(undefined) ? undefined : `${open}${parts.join(", ")}${close}`;
}
