/** Functions of text, bytea and bit strings. */
import { createHash } from "node:crypto";
import { DatabaseError } from "../../database-error.js";
import { parseEscaped, parseHex } from "../../types/builtin.js";
import { quoteIdentifier, splitName } from "../../types/catalog-names.js";
import type { PgType } from "../../types/type.js";
import type { Value } from "../../types/value.js";
import { define, withInfo } from "../resolution.js";
import { hashBytes } from "./hash.js";
import { likeEscape } from "./pattern.js";

const points = (value: string): string[] => Array.from(value);
const tooLarge = (): DatabaseError => new DatabaseError("54000", "requested length too large");

function slice<T extends string | Uint8Array>(value: T, start: number, length?: number): T {
  if (length !== undefined && length < 0)
    throw new DatabaseError("22011", "negative substring length not allowed");
  const from = Math.max(start - 1, 0);
  const to = length === undefined ? undefined : Math.max(start - 1 + length, 0);
  return (typeof value === "string" ? points(value).slice(from, to).join("") : value.slice(from, to)) as T;
}

function pad(value: string, length: number, fill: string, left: boolean): string {
  const own = points(value);
  if (length > 100_000_000) throw tooLarge();
  if (own.length >= length || fill === "") return own.slice(0, Math.max(length, 0)).join("");
  const filler = points(fill);
  const padding = Array.from(
    { length: length - own.length },
    (_, index) => filler[index % filler.length],
  ).join("");
  return left ? padding + value : value + padding;
}

function trim(value: string, characters: string, sides: string): string {
  const set = new Set(characters);
  const own = points(value);
  let [from, to] = [0, own.length];
  if (sides !== "r") while (from < to && set.has(own[from] ?? "")) from += 1;
  if (sides !== "l") while (to > from && set.has(own[to - 1] ?? "")) to -= 1;
  return own.slice(from, to).join("");
}

function place(value: string, part: string): number {
  const at = value.indexOf(part);
  return at < 0 ? 0 : points(value.slice(0, at)).length + 1;
}

function overlay(value: string, part: string, start: number, length = points(part).length): string {
  if (start <= 0) throw new DatabaseError("22011", "negative substring length not allowed");
  return slice(value, 1, start - 1) + part + slice(value, start + length);
}

function splitPart(value: string, separator: string, field: number): string {
  if (field === 0) throw new DatabaseError("22023", "field position must not be zero");
  const parts = value === "" ? [] : separator === "" ? [value] : value.split(separator);
  return parts.at(field > 0 ? field - 1 : field) ?? "";
}

function translate(value: string, from: string, to: string): string {
  const [source, target] = [points(from), points(to)];
  return points(value)
    .map((point) => {
      const at = source.indexOf(point);
      return at < 0 ? point : (target[at] ?? "");
    })
    .join("");
}

const toBytes = (text: string): Uint8Array => Buffer.from(text);

function encode(bytes: Uint8Array, format: string): string {
  const buffer = Buffer.from(bytes);
  switch (format.toLowerCase()) {
    case "hex":
      return buffer.toString("hex");
    case "base64":
      return (buffer.toString("base64").match(/.{1,76}/g) ?? []).join("\n");
    case "escape":
      return Array.from(buffer, (byte) =>
        byte === 92
          ? "\\\\"
          : byte === 0 || byte > 126 + 1
            ? `\\${byte.toString(8).padStart(3, "0")}`
            : String.fromCharCode(byte),
      ).join("");
    default:
      throw new DatabaseError("22023", `unrecognized encoding: "${format}"`);
  }
}

function decode(text: string, format: string): Uint8Array {
  switch (format.toLowerCase()) {
    case "hex":
      return parseHex(text);
    case "base64": {
      const wrong = /[^A-Za-z0-9+/=\s]/u.exec(text);
      if (wrong !== null)
        throw new DatabaseError("22023", `invalid symbol "${wrong[0]}" found while decoding base64 sequence`);
      const bare = text.replace(/\s/g, "");
      if (bare.replace(/=+$/, "").length % 4 === 1 || bare.length % 4 !== 0)
        throw new DatabaseError("22023", "invalid base64 end sequence", {
          hint: "Input data is missing padding, is truncated, or is otherwise corrupted.",
        });
      return Buffer.from(bare, "base64");
    }
    case "escape":
      return parseEscaped(text);
    default:
      throw new DatabaseError("22023", `unrecognized encoding: "${format}"`);
  }
}

const hash = (name: string) => (bytes: Uint8Array) => createHash(name).update(bytes).digest();
const utf8Names = new Set(["utf8", "utf-8", "unicode"]);

function utf8Only(name: string): void {
  if (!utf8Names.has(name.toLowerCase()))
    throw new DatabaseError("22023", `invalid source encoding name "${name}"`);
}

function fromUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const wrong = bytes.find((byte) => byte > 127) ?? 0;
    throw new DatabaseError("22021", `invalid byte sequence for encoding "UTF8": 0x${wrong.toString(16)}`);
  }
}

function byteAt(bytes: Uint8Array, at: number, length = bytes.length): number {
  if (at < 0 || at >= length)
    throw new DatabaseError("2202E", `index ${at} out of valid range, 0..${length - 1}`);
  return at;
}

function quoteLiteral(text: string): string {
  const quoted = `'${text.replaceAll("'", "''").replaceAll("\\", "\\\\")}'`;
  return text.includes("\\") ? `E${quoted}` : quoted;
}

const print = (type: PgType | undefined, value: Value): string =>
  type === undefined || value === null ? "" : type.print(value);

/** As a cast to text writes it, which spells booleans out. */
const asText = (type: PgType | undefined, value: Value): string =>
  typeof value === "boolean" ? String(value) : print(type, value);

/** `format('%s %I %L', ...)`. */
function format(template: string, values: readonly Value[], types: readonly PgType[]): string {
  let next = 0;
  let result = "";
  const few = (): DatabaseError => new DatabaseError("22023", "too few arguments for format()");
  for (let at = 0; at < template.length;) {
    const percent = template.indexOf("%", at);
    if (percent < 0) return result + template.slice(at);
    result += template.slice(at, percent);
    const spec = /^%(?:(\d+)\$)?(-)?(?:(\d+)|\*(?:(\d+)\$)?)?(.)?/su.exec(
      template.slice(percent),
    ) as RegExpExecArray;
    const [whole, position, minus, width, widthAt, kind] = spec;
    at = percent + whole.length;
    if (kind === "%") {
      result += "%";
      continue;
    }
    if (kind === undefined)
      throw new DatabaseError("22023", "unterminated format() type specifier", {
        hint: 'For a single "%" use "%%".',
      });
    let size = Number(width ?? 0);
    if (whole.includes("*")) {
      const index = widthAt === undefined ? next : Number(widthAt) - 1;
      if (index >= values.length) throw few();
      size = Number(values[index] ?? 0);
      next = index + 1;
    }
    if (!"sIL".includes(kind))
      throw new DatabaseError("22023", `unrecognized format() type specifier "${kind}"`, {
        hint: 'For a single "%" use "%%".',
      });
    if (position === "0")
      throw new DatabaseError("22023", "format specifies argument 0, but arguments are numbered from 1");
    const index = position === undefined ? next : Number(position) - 1;
    if (index >= values.length) throw few();
    next = index + 1;
    const value = values[index] ?? null;
    if (value === null && kind === "I")
      throw new DatabaseError("22004", "null values cannot be formatted as an SQL identifier");
    const text = print(types[index], value);
    const shown =
      kind === "s"
        ? text
        : kind === "I"
          ? quoteIdentifier(text)
          : value === null
            ? "NULL"
            : quoteLiteral(text);
    result +=
      minus === "-" || size < 0
        ? pad(shown, Math.max(Math.abs(size), points(shown).length), " ", false)
        : pad(shown, Math.max(size, points(shown).length), " ", true);
  }
  return result;
}

/** Letters one by one, as C does: what would become two letters stays. */
const mapCase = (text: string, change: (point: string) => string): string =>
  Buffer.byteLength(text) !== text.length
    ? points(text)
        .map((point) => {
          const other = change(point);
          return points(other).length === 1 ? other : point;
        })
        .join("")
    : change(text);
const lower = (text: string): string => mapCase(text, (point) => point.toLowerCase());
const upper = (text: string): string => mapCase(text, (point) => point.toUpperCase());
const initcap = (text: string): string =>
  text.replace(/[\p{L}\p{N}]+/gu, (word) => {
    const [first = "", ...rest] = points(word);
    return upper(first) + lower(rest.join(""));
  });

function chr(code: number): string {
  if (code < 0) throw new DatabaseError("54000", "character number must be positive");
  if (code === 0) throw new DatabaseError("54000", "null character not permitted");
  if (code > 0x10_ff_ff || (code >= 0xd8_00 && code <= 0xdf_ff))
    throw new DatabaseError(
      "54000",
      code > 0x10_ff_ff
        ? `requested character too large for encoding: ${code}`
        : `requested character not valid for encoding: ${code}`,
    );
  return String.fromCodePoint(code);
}

function parseIdent(text: string): readonly string[] {
  const rest = text.trim();
  if (
    !/^(?:"(?:[^"]|"")+"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*)(?:\s*\.\s*(?:"(?:[^"]|"")+"|[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*))*$/.test(
      rest,
    )
  )
    throw new DatabaseError("22023", `string is not a valid identifier: "${text}"`);
  return splitName(rest);
}

const bits = (
  text: string,
  other: string,
  name: string,
  apply: (a: boolean, b: boolean) => boolean,
): string => {
  if (text.length !== other.length)
    throw new DatabaseError("22026", `cannot ${name} bit strings of different sizes`);
  return Array.from(text, (bit, index) => (apply(bit === "1", other[index] === "1") ? "1" : "0")).join("");
};

export const textFunctions = define({
  "lower(text) text": lower,
  "upper(text) text": upper,
  "initcap(text) text": initcap,
  "length(text) int4; char_length(text) int4; character_length(text) int4": (a: string) => points(a).length,
  "length(bpchar) int4; char_length(bpchar) int4; character_length(bpchar) int4": (a: string) =>
    points(a.replace(/ +$/, "")).length,
  "length(bytea) int4; octet_length(bytea) int4": (a: Uint8Array) => a.length,
  "length(bytea,name) int4": (a: Uint8Array) => points(fromUtf8(a)).length,
  "octet_length(text) int4; octet_length(bpchar) int4": (a: string) => Buffer.byteLength(a),
  "bit_length(text) int4": (a: string) => Buffer.byteLength(a) * 8,
  "bit_length(bytea) int4": (a: Uint8Array) => a.length * 8,
  "length(bit) int4; bit_length(bit) int4; length(varbit) int4": (a: string) => a.length,
  "octet_length(bit) int4": (a: string) => Math.ceil(a.length / 8),
  "substring(text,int4,int4?) text; substr(text,int4,int4?) text; substring(bytea,int4,int4?) bytea; substr(bytea,int4,int4?) bytea; substring(bit,int4,int4?) bit":
    slice,
  "left(text,int4) text": (a: string, n: number) => points(a).slice(0, n).join(""),
  "right(text,int4) text": (a: string, n: number) => {
    const own = points(a);
    return own.slice(n >= 0 ? Math.max(own.length - n, 0) : -n).join("");
  },
  "replace(text,text,text) text": (a: string, from: string, to: string) =>
    from === "" ? a : a.replaceAll(from, () => to),
  "strpos(text,text) int4; position(text,text) int4": place,
  "position(bytea,bytea) int4": (a: Uint8Array, b: Uint8Array) => Buffer.from(a).indexOf(b) + 1,
  "position(bit,bit) int4": (a: string, b: string) => a.indexOf(b) + 1,
  "starts_with(text,text) bool; ^@(text,text) bool": (a: string, b: string) => a.startsWith(b),
  "repeat(text,int4) text": (a: string, n: number) => {
    if (a.length * n > 100_000_000) throw tooLarge();
    return a.repeat(Math.max(n, 0));
  },
  "reverse(text) text": (a: string) => points(a).toReversed().join(""),
  "lpad(text,int4,text?) text": (a: string, n: number, fill = " ") => pad(a, n, fill, true),
  "rpad(text,int4,text?) text": (a: string, n: number, fill = " ") => pad(a, n, fill, false),
  "btrim(text,text?) text": (a: string, set = " ") => trim(a, set, "b"),
  "ltrim(text,text?) text": (a: string, set = " ") => trim(a, set, "l"),
  "rtrim(text,text?) text": (a: string, set = " ") => trim(a, set, "r"),
  "overlay(text,text,int4,int4?) text": overlay,
  "split_part(text,text,int4) text": splitPart,
  "translate(text,text,text) text": translate,
  "ascii(text) int4": (a: string) => a.codePointAt(0) ?? 0,
  "chr(int4) text": chr,
  "to_hex(int4) text": (a: number) => (a >>> 0).toString(16),
  "to_hex(int8) text": (a: bigint) => BigInt.asUintN(64, a).toString(16),
  "md5(text) text": (a: string) => createHash("md5").update(a).digest("hex"),
  "md5(bytea) text": (a: Uint8Array) => createHash("md5").update(a).digest("hex"),
  "sha224(bytea) bytea": hash("sha224"),
  "sha256(bytea) bytea": hash("sha256"),
  "sha384(bytea) bytea": hash("sha384"),
  "sha512(bytea) bytea": hash("sha512"),
  "hashtext(text) int4": (a: string) => hashBytes(toBytes(a)),
  "encode(bytea,text) text": encode,
  "decode(text,text) bytea": decode,
  "convert_to(text,name) bytea": (a: string, name: string) => {
    utf8Only(name);
    return toBytes(a);
  },
  "convert_from(bytea,name) text": (a: Uint8Array, name: string) => {
    utf8Only(name);
    return fromUtf8(a);
  },
  "get_byte(bytea,int4) int4": (a: Uint8Array, at: number) => a[byteAt(a, at)] ?? 0,
  "set_byte(bytea,int4,int4) bytea": (a: Uint8Array, at: number, byte: number) => {
    byteAt(a, at);
    return Uint8Array.from(a, (own, index) => (index === at ? byte & 255 : own));
  },
  "get_bit(bytea,int8) int4": (a: Uint8Array, at: bigint) => {
    const n = byteAt(a, Number(at), a.length * 8);
    return ((a[n >> 3] ?? 0) >> (n & 7)) & 1;
  },
  "get_bit(bit,int4) int4": (a: string, at: number) => {
    if (at < 0 || at >= a.length)
      throw new DatabaseError("2202E", `bit index ${at} out of valid range (0..${a.length - 1})`);
    return Number(a[at]);
  },
  "bit_count(bytea) int8": (a: Uint8Array) =>
    BigInt(
      Array.from(a, (byte) => byte.toString(2).replaceAll("0", "").length).reduce((sum, n) => sum + n, 0),
    ),
  "bit_count(bit) int8": (a: string) => BigInt(a.replaceAll("0", "").length),
  "quote_ident(text) text": quoteIdentifier,
  "quote_literal(text) text": quoteLiteral,
  "quote_literal(anyelement) text": withInfo(({ types }, a: Value) => quoteLiteral(print(types[0], a))),
  "quote_nullable(text) text null": (a: string | null) => (a === null ? "NULL" : quoteLiteral(a)),
  "quote_nullable(anyelement) text null": withInfo(({ types }, a: Value) =>
    a === null ? "NULL" : quoteLiteral(print(types[0], a)),
  ),
  "parse_ident(text,bool?) text[]": parseIdent,
  "concat(variadic any) text null": withInfo(({ types }, ...values: Value[]) =>
    values.map((value, index) => print(types[index], value)).join(""),
  ),
  "concat_ws(text,variadic any) text null": withInfo(
    ({ types }, separator: string | null, ...values: Value[]) =>
      separator === null
        ? null
        : values
            .flatMap((value, index) => (value === null ? [] : [print(types[index + 1], value)]))
            .join(separator),
  ),
  "format(text) text": (a: string) => format(a, [], []),
  "format(text,variadic any) text null": withInfo(({ types }, template: string | null, ...values: Value[]) =>
    template === null ? null : format(template, values, types.slice(1)),
  ),
  "like_escape(text,text) text": likeEscape,
  "normalize(text,text?) text": (a: string, form = "NFC") => a.normalize(form),
  "is_normalized(text,text?) bool": (a: string, form = "NFC") => a.normalize(form) === a,
  "unistr(text) text": (a: string) =>
    a.replace(
      /\\(?:\\|u?([0-9a-fA-F]{4})|\+([0-9a-fA-F]{6})|U([0-9a-fA-F]{8}))/g,
      (_, ...codes: Array<string | undefined>) => {
        const code = codes.slice(0, 3).find((one) => one !== undefined);
        return code === undefined ? "\\" : String.fromCodePoint(Number.parseInt(code, 16));
      },
    ),
  "||(text,text) text": (a: string, b: string) => a + b,
  "||(text,anynonarray) text": withInfo(({ types }, a: string, b: Value) => a + asText(types[1], b)),
  "||(anynonarray,text) text": withInfo(({ types }, a: Value, b: string) => asText(types[0], a) + b),
  "||(bytea,bytea) bytea": (a: Uint8Array, b: Uint8Array) => Buffer.concat([a, b]),
  "||(varbit,varbit) varbit": (a: string, b: string) => a + b,
  "&(bit,bit) bit": (a: string, b: string) => bits(a, b, "AND", (x, y) => x && y),
  "|(bit,bit) bit": (a: string, b: string) => bits(a, b, "OR", (x, y) => x || y),
  "#(bit,bit) bit": (a: string, b: string) => bits(a, b, "XOR", (x, y) => x !== y),
  "~(bit) bit": (a: string) => Array.from(a, (bit) => (bit === "1" ? "0" : "1")).join(""),
  "<<(bit,int4) bit": (a: string, n: number) =>
    n >= 0 ? a.slice(n).padEnd(a.length, "0") : a.slice(0, Math.max(a.length + n, 0)).padStart(a.length, "0"),
  ">>(bit,int4) bit": (a: string, n: number) =>
    n >= 0
      ? a.slice(0, Math.max(a.length - n, 0)).padStart(a.length, "0")
      : a.slice(-n).padEnd(a.length, "0"),
  "pg_client_encoding() name": () => "UTF8",
  "pg_size_pretty(int8) text": (a: bigint) => prettySize(a),
  "pg_column_size(any) int4": withInfo(({ types }, a: Value) => {
    const [type] = types;
    return type !== undefined && type.size > 0 ? type.size : Buffer.byteLength(print(type, a)) + 1;
  }),
});

function prettySize(size: bigint): string {
  const units = ["bytes", "kB", "MB", "GB", "TB", "PB"];
  let [value, unit] = [size, 0];
  const magnitude = (n: bigint): bigint => (n < 0n ? -n : n);
  while (magnitude(value) >= (unit === 0 ? 10_240n : 20_480n - 1n) && unit < 5) {
    value = unit === 0 ? value / 512n : value / 1024n;
    unit += 1;
  }
  if (unit > 0) value = (value + (value < 0n ? -1n : 1n)) / 2n;
  return `${value} ${units[unit] ?? ""}`;
}
