/** Go's fmt package, as far as templates use it. */
import { bytesOf, compareText, goQuote } from "../../labels.js";
import { formatGeneral } from "../../promql/index.js";
import { GoInt } from "./tree.js";

// Values of a template, as Go tells them apart. Numbers are float64, texts are strings, arrays are query results;
// undefined is no value, null is nil.

/** A map with texts as keys. */
export class GoMap extends Map<string, unknown> {
  readonly type: string;
  /** What a missing key gives. */
  readonly zero: unknown;

  constructor(entries: Iterable<readonly [string, unknown]>, type: string, zero: unknown) {
    super(entries);
    this.type = type;
    this.zero = zero;
  }
}

/** A struct, or a pointer to one. */
export class GoStruct {
  readonly type: string;
  readonly fields: Readonly<Record<string, unknown>>;

  constructor(type: string, fields: Readonly<Record<string, unknown>>) {
    this.type = type;
    this.fields = fields;
  }
}

/** A moment in UTC, in seconds since the epoch. */
export class GoTime {
  readonly seconds: number;

  constructor(seconds: number) {
    this.seconds = seconds;
  }

  toString(): string {
    const whole = Math.floor(this.seconds);
    const [day = "", time = ""] = new Date(whole * 1000).toISOString().slice(0, 19).split("T");
    const nanos = Math.round((this.seconds - whole) * 1e9);
    const fraction = nanos === 0 ? "" : `.${String(nanos).padStart(9, "0").replace(/0+$/, "")}`;
    return `${day} ${time}${fraction} +0000 UTC`;
  }
}

/** A length of time in seconds. */
export class GoDuration {
  readonly seconds: number;

  constructor(seconds: number) {
    this.seconds = seconds;
  }

  toString(): string {
    const size = Math.abs(this.seconds);
    const sign = this.seconds < 0 ? "-" : "";
    if (size === 0) return "0s";
    if (size < 1e-6) return `${sign}${Math.round(size * 1e9)}ns`;
    if (size < 1e-3) return `${sign}${trimmed(size * 1e6)}µs`;
    if (size < 1) return `${sign}${trimmed(size * 1e3)}ms`;
    const minutes = Math.floor(size / 60);
    const seconds = `${trimmed(size - minutes * 60)}s`;
    if (minutes === 0) return `${sign}${seconds}`;
    const hours = Math.floor(minutes / 60);
    return hours === 0 ? `${sign}${minutes}m${seconds}` : `${sign}${hours}h${minutes % 60}m${seconds}`;
  }
}

/** @returns A map of texts, such as labels. */
export function stringMap(entries: Readonly<Record<string, string>>): GoMap {
  return new GoMap(Object.entries(entries), "map[string]string", "");
}

/** Go's name of the type of a value. */
export function typeOf(value: unknown): string {
  if (typeof value === "number") return "float64";
  if (typeof value === "boolean") return "bool";
  if (typeof value === "string") return "string";
  if (value instanceof GoInt) return "int";
  if (value instanceof GoMap || value instanceof GoStruct) return value.type;
  if (value instanceof GoTime) return "*time.Time";
  if (value instanceof GoDuration) return "*time.Duration";
  return Array.isArray(value) ? "template.queryResult" : "interface {}";
}

/** Whether a value counts as true: not zero, not empty. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (value instanceof GoMap) return value.size > 0;
  if (value instanceof GoInt) return value.value !== 0;
  return Boolean(value) || Number.isNaN(value);
}

function trimmed(value: number): string {
  return value.toFixed(9).replace(/\.?0+$/, "");
}

// Decimal digits as Go prints them: of two numbers that are equally near, the even one. JavaScript takes the larger.

/** `%.<digits>f`. */
function toFixed(value: number, digits: number): string {
  const { sign, numerator, denominator } = fractionOf(value);
  const scaled = roundHalfEven(numerator * 10n ** BigInt(digits), denominator);
  const text = scaled.toString().padStart(digits + 1, "0");
  const point = text.length - digits;
  return digits === 0 ? sign + text : `${sign}${text.slice(0, point)}.${text.slice(point)}`;
}

/** `%.<digits>e`, with `digits` behind the point. */
function toExponential(value: number, digits: number): string {
  const { sign, numerator, denominator } = fractionOf(value);
  if (numerator === 0n) return `${sign}${withPoint("0".repeat(digits + 1))}e+00`;
  let exponent = Number(Math.abs(value).toExponential().split("e")[1]);
  let scaled = scaleTo(numerator, denominator, digits - exponent);
  if (scaled.toString().length > digits + 1) {
    exponent += 1;
    scaled = scaleTo(numerator, denominator, digits - exponent);
  }
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return `${sign}${withPoint(scaled.toString())}e${exponent < 0 ? "-" : "+"}${power}`;
}

function withPoint(digits: string): string {
  return digits.length === 1 ? digits : `${digits.slice(0, 1)}.${digits.slice(1)}`;
}

function scaleTo(numerator: bigint, denominator: bigint, power: number): bigint {
  return power >= 0
    ? roundHalfEven(numerator * 10n ** BigInt(power), denominator)
    : roundHalfEven(numerator, denominator * 10n ** BigInt(-power));
}

function roundHalfEven(numerator: bigint, denominator: bigint): bigint {
  const whole = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  if (twice < denominator || (twice === denominator && whole % 2n === 0n)) return whole;
  return whole + 1n;
}

/** The exact value of a finite number. */
function fractionOf(value: number): { sign: string; numerator: bigint; denominator: bigint } {
  const bits = new DataView(new ArrayBuffer(8));
  bits.setFloat64(0, value);
  const raw = bits.getBigUint64(0);
  const sign = raw >> 63n === 1n ? "-" : "";
  const biased = Number((raw >> 52n) & 0x7ffn);
  const fraction = raw & 0xfffffffffffffn;
  const mantissa = biased === 0 ? fraction : fraction | 0x10000000000000n;
  const exponent = Math.max(biased, 1) - 1075;
  return exponent >= 0
    ? { sign, numerator: mantissa << BigInt(exponent), denominator: 1n }
    : { sign, numerator: mantissa, denominator: 1n << BigInt(-exponent) };
}

/** As `%v` prints a value of a template. */
export function formatValue(value: unknown): string {
  if (value === undefined) return "<no value>";
  if (value === null) return "<nil>";
  if (typeof value === "number") return formatGeneral(value);
  if (value instanceof GoInt) return String(value.value);
  if (Array.isArray(value)) return `[${value.map(formatValue).join(" ")}]`;
  if (value instanceof GoMap) {
    const keys = [...value.keys()].sort(compareText);
    return `map[${keys.map((key) => `${key}:${formatValue(value.get(key))}`).join(" ")}]`;
  }
  if (value instanceof GoStruct) return `{${Object.values(value.fields).map(formatValue).join(" ")}}`;
  return typeof value === "boolean" ? String(value) : shownText(value);
}

/** Texts, times and lengths of time. */
function shownText(value: unknown): string {
  if (value instanceof GoTime || value instanceof GoDuration) return value.toString();
  return typeof value === "string" ? value : "";
}

/** Go's `Print`: blanks between operands when neither is a text. */
export function print(values: readonly unknown[]): string {
  return values
    .map((value, index) => {
      const between =
        index > 0 && typeof value !== "string" && typeof values[index - 1] !== "string" ? " " : "";
      return between + formatValue(value);
    })
    .join("");
}

/** `%.4g`: four significant digits at most. */
export function fourDigits(value: number): string {
  return general(value, 4);
}

const VERB = /%([-+ 0#]*)(?:(\d+)|(\*))?(?:\.(?:(\d+)|(\*)|))?([\s\S]|$)/gu;

/** Go's `Sprintf`. */
export function sprintf(format: string, args: readonly unknown[]): string {
  let next = 0;
  const starred = (): number | undefined => {
    const value = args[next];
    next += 1;
    return value instanceof GoInt ? value.value : undefined;
  };
  const text = format.replace(
    VERB,
    (
      whole,
      flags: string,
      width?: string,
      star?: string,
      precision?: string,
      dotStar?: string,
      verb = "",
    ) => {
      if (verb === "") return "%!(NOVERB)";
      const wide = star === undefined ? Number(width ?? 0) : (starred() ?? 0);
      const hasPoint = whole.includes(".");
      const digits = dotStar === undefined ? (precision ?? (hasPoint ? "0" : undefined)) : starred();
      if (verb === "%") return "%";
      if (next >= args.length) return `%!${verb}(MISSING)`;
      const value = args[next];
      next += 1;
      return pad(
        formatVerb(verb, value, flags, digits === undefined ? undefined : Number(digits)),
        wide,
        flags,
        value,
      );
    },
  );
  const extra = args.slice(next).map((value) => `${typeOf(value)}=${formatValue(value)}`);
  return extra.length === 0 ? text : `${text}%!(EXTRA ${extra.join(", ")})`;
}

function formatVerb(verb: string, value: unknown, flags: string, precision: number | undefined): string {
  if (verb === "v")
    return typeof value === "number" ? signed(formatGeneral(value), flags) : formatValue(value);
  if (verb === "T") return typeOf(value);
  if (typeof value === "string") return formatText(verb, value, precision) ?? bad(verb, value);
  if (typeof value === "number")
    return signed(formatFloat(verb, value, precision) ?? bad(verb, value), flags);
  if (value instanceof GoInt) return signed(formatInteger(verb, value.value) ?? bad(verb, value), flags);
  if (typeof value === "boolean") return verb === "t" ? String(value) : bad(verb, value);
  if (verb === "s" || verb === "d") return formatNested(verb, value);
  return bad(verb, value);
}

/** Maps and structs pass the verb on to what they hold. */
function formatNested(verb: string, value: unknown): string {
  const inner = (one: unknown): string => formatVerb(verb, one, "", undefined);
  if (Array.isArray(value)) return `[${value.map(inner).join(" ")}]`;
  if (value instanceof GoMap) {
    const keys = [...value.keys()].sort(compareText);
    return `map[${keys.map((key) => `${inner(key)}:${inner(value.get(key))}`).join(" ")}]`;
  }
  if (value instanceof GoStruct) return `{${Object.values(value.fields).map(inner).join(" ")}}`;
  return value === null || value === undefined ? `%!${verb}(<nil>)` : formatValue(value);
}

function formatText(verb: string, value: string, precision: number | undefined): string | undefined {
  const cut = precision === undefined ? value : Array.from(value).slice(0, precision).join("");
  if (verb === "s") return cut;
  if (verb === "q") return goQuote(cut);
  if (verb !== "x" && verb !== "X") return undefined;
  const hex = Buffer.from(bytesOf(value)).toString("hex");
  return verb === "X" ? hex.toUpperCase() : hex;
}

function formatInteger(verb: string, value: number): string | undefined {
  switch (verb) {
    case "d":
      return String(value);
    case "x":
      return value.toString(16);
    case "X":
      return value.toString(16).toUpperCase();
    case "o":
      return value.toString(8);
    case "b":
      return value.toString(2);
    case "c":
      return String.fromCodePoint(value);
    case "q":
      return `'${String.fromCodePoint(value)}'`;
    case "U":
      return `U+${value.toString(16).toUpperCase().padStart(4, "0")}`;
    default:
      return undefined;
  }
}

function formatFloat(verb: string, value: number, precision: number | undefined): string | undefined {
  if (!/^[eEfFgG]$/.test(verb)) return undefined;
  const known = special(value);
  if (known !== undefined) return known;
  const text =
    verb === "g" || verb === "G"
      ? precision === undefined
        ? formatGeneral(value)
        : general(value, precision)
      : verb === "e" || verb === "E"
        ? toExponential(value, precision ?? 6)
        : toFixed(value, precision ?? 6);
  return verb === "E" || verb === "G" ? text.toUpperCase() : text;
}

/** `%.<digits>g`. */
function general(value: number, wanted: number): string {
  const known = special(value);
  if (known !== undefined) return known;
  const digits = Math.max(1, wanted);
  const text = toExponential(value, digits - 1);
  const size = Number(text.split("e")[1]);
  if (size < -4 || size >= digits) {
    const [mantissa = "", power = ""] = text.split("e");
    return `${trimZeros(mantissa)}e${power}`;
  }
  return trimZeros(toFixed(value, Math.max(0, digits - 1 - size)));
}

function bad(verb: string, value: unknown): string {
  return `%!${verb}(${typeOf(value)}=${formatValue(value)})`;
}

function trimZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return "NaN";
  if (Number.isFinite(value)) return undefined;
  return value > 0 ? "+Inf" : "-Inf";
}

function signed(text: string, flags: string): string {
  if (/^[-+%]/.test(text)) return text === "+Inf" && !flags.includes("+") ? "+Inf" : text;
  if (flags.includes("+")) return `+${text}`;
  return flags.includes(" ") ? ` ${text}` : text;
}

function pad(text: string, width: number, flags: string, value: unknown): string {
  const missing = width - Array.from(text).length;
  if (missing <= 0) return text;
  if (flags.includes("-")) return text + " ".repeat(missing);
  const isNumber = typeof value === "number" || value instanceof GoInt;
  if (!flags.includes("0") || (isNumber && !/\d/.test(text))) return " ".repeat(missing) + text;
  const sign = isNumber && /^[-+ ]/.test(text) ? (text[0] as string) : "";
  return sign + "0".repeat(missing) + text.slice(sign.length);
}
