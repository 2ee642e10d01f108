/** Go's fmt package, as far as templates use it. */
import { bytesOf, compareText, goQuote } from "../../labels/index.js";
import { formatGeneral } from "../../promql/index.js";
import { toExponential, toFixed } from "./go-decimal.js";
import { GoDuration, GoMap, GoStruct, GoTime, typeOf } from "./go-value.js";
import { GoInt } from "./tree.js";

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
