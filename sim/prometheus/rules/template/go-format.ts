/** Go's fmt package, as far as templates use it: %v, %d, %s, %q, %f, %e, %g, %t, %x. */
import { goQuote } from "../../labels/index.js";
import { formatGeneral } from "../../promql/index.js";

/** As `%v` prints a value of a template. */
export function formatValue(value: unknown): string {
  if (typeof value === "number") return formatGeneral(value);
  if (value === null || value === undefined) return "<nil>";
  if (Array.isArray(value)) return `[${value.map(formatValue).join(" ")}]`;
  if (typeof value === "object") {
    const entries = Object.entries(value).map(([key, entry]) => `${key}:${formatValue(entry)}`);
    return `map[${entries.join(" ")}]`;
  }
  if (typeof value === "boolean") return value ? "true" : "false";
  return typeof value === "string" ? value : "";
}

/** `%.4g`: four significant digits at most. */
export function fourDigits(value: number): string {
  return significant(value, 4);
}

/** Go's `Sprintf`. */
export function sprintf(format: string, args: readonly unknown[]): string {
  let next = 0;
  return format.replace(
    /%([-+ 0#]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])/g,
    (_, flags: string, width, precision, verb: string) => {
      if (verb === "%") return "%";
      if (next >= args.length) return `%!${verb}(MISSING)`;
      const value = args[next];
      next += 1;
      const text = withSign(
        formatVerb(verb, value, precision === undefined ? undefined : Number(precision)),
        flags,
        value,
      );
      return pad(text, Number(width ?? 0), flags);
    },
  );
}

function formatVerb(verb: string, value: unknown, precision: number | undefined): string {
  const number = typeof value === "number" ? value : NaN;
  switch (verb) {
    case "v":
      return formatValue(value);
    case "s":
      return typeof value === "string"
        ? value.slice(0, precision)
        : `%!s(${typeOf(value)}=${formatValue(value)})`;
    case "q":
      return goQuote(String(value));
    case "t":
      return String(value);
    case "d":
      // Sample values are floats, which %d refuses; literals are integers.
      return Number.isInteger(value) ? String(value) : `%!d(${typeOf(value)}=${formatValue(value)})`;
    case "x":
      return typeof value === "number" ? number.toString(16) : Buffer.from(String(value)).toString("hex");
    case "f":
    case "F":
      return special(number) ?? number.toFixed(precision ?? 6);
    case "e":
      return special(number) ?? exponent(number.toExponential(precision ?? 6));
    case "g":
      return precision === undefined ? formatGeneral(number) : significant(number, precision);
    default:
      return `%!${verb}(${typeOf(value)}=${formatValue(value)})`;
  }
}

function significant(value: number, digits: number): string {
  const known = special(value);
  if (known !== undefined) return known;
  if (value === 0) return "0";
  const size = Number(value.toExponential(digits - 1).split("e")[1]);
  if (size < -4 || size >= digits) {
    const [mantissa = "", power = ""] = value.toExponential(digits - 1).split("e");
    return exponent(`${trimZeros(mantissa)}e${power}`);
  }
  return trimZeros(value.toFixed(Math.max(0, digits - 1 - size)));
}

function trimZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

function exponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

function special(value: number): string | undefined {
  if (Number.isNaN(value)) return "NaN";
  if (Number.isFinite(value)) return undefined;
  return value > 0 ? "+Inf" : "-Inf";
}

function withSign(text: string, flags: string, value: unknown): string {
  return flags.includes("+") && typeof value === "number" && value >= 0 ? `+${text}` : text;
}

function pad(text: string, width: number, flags: string): string {
  if (flags.includes("-")) return text.padEnd(width);
  return flags.includes("0") ? text.padStart(width, "0") : text.padStart(width);
}

function typeOf(value: unknown): string {
  if (typeof value === "number") return "float64";
  return typeof value === "boolean" ? "bool" : typeof value;
}
