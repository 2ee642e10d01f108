/** Numbers as Go reads and prints them. */

/** As the HTTP API prints a sample: fixed, but with an exponent below 1e-6 and from 1e21 on. */
export function formatSample(value: number): string {
  return formatBetween(value, 1e-6, 1e21);
}

/** `%g` and `%v`: an exponent below 1e-4 and from 1e6 on. */
export function formatGeneral(value: number): string {
  return formatBetween(value, 1e-4, 1e6);
}

/** Never with an exponent: `strconv.FormatFloat(value, 'f', -1, 64)`. */
export function formatFixed(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  if (Object.is(value, -0)) return "-0";
  const text = String(value);
  const [mantissa = "", exponent] = text.split("e");
  return exponent === undefined ? text : shiftPoint(mantissa, Number(exponent));
}

/**
 * Reads a number as `strconv.ParseFloat` does: decimal, `Inf`, `NaN`, hexadecimal floats, underscores never.
 *
 * @returns Undefined when the text is no number.
 */
export function parseGoFloat(text: string): number | undefined {
  if (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text)) return Number(text);
  if (/^[+-]?(?:inf|infinity)$/i.test(text)) return text.startsWith("-") ? -Infinity : Infinity;
  if (/^[+-]?nan$/i.test(text)) return NaN;
  const hex = /^([+-]?)0[xX]([0-9a-fA-F]+)$/.exec(text);
  if (hex === null) return undefined;
  return (hex[1] === "-" ? -1 : 1) * Number(`0x${hex[2] ?? ""}`);
}

function formatBetween(value: number, smallest: number, largest: number): string {
  const size = Math.abs(value);
  if (size === 0 || !Number.isFinite(value) || (size >= smallest && size < largest))
    return formatFixed(value);
  const [mantissa = "", exponent = ""] = value.toExponential().split("e");
  const sign = exponent.startsWith("-") ? "-" : "+";
  return `${mantissa}e${sign}${exponent.replace(/^[+-]/, "").padStart(2, "0")}`;
}

function shiftPoint(mantissa: string, exponent: number): string {
  const sign = mantissa.startsWith("-") ? "-" : "";
  const [whole = "", fraction = ""] = mantissa.replace("-", "").split(".");
  const digits = whole + fraction;
  const point = whole.length + exponent;
  if (point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  if (point >= digits.length) return `${sign}${digits}${"0".repeat(point - digits.length)}`;
  return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
}
