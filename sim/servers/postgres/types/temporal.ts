/** Text forms of dates and timestamps. Zone is UTC and style ISO throughout. */
import { DatabaseError } from "../database-error.js";

// Spans of time in the three parts PostgreSQL keeps apart: months, days and microseconds.

export interface Interval {
  readonly months: number;
  readonly days: number;
  readonly microseconds: number;
}

const second = 1_000_000;
const units: Readonly<Record<string, readonly [keyof Interval, number]>> = {
  year: ["months", 12],
  yr: ["months", 12],
  y: ["months", 12],
  month: ["months", 1],
  mon: ["months", 1],
  week: ["days", 7],
  w: ["days", 7],
  day: ["days", 1],
  d: ["days", 1],
  hour: ["microseconds", 3600 * second],
  hr: ["microseconds", 3600 * second],
  h: ["microseconds", 3600 * second],
  minute: ["microseconds", 60 * second],
  min: ["microseconds", 60 * second],
  m: ["microseconds", 60 * second],
  second: ["microseconds", second],
  sec: ["microseconds", second],
  s: ["microseconds", second],
  millisecond: ["microseconds", 1000],
  msec: ["microseconds", 1000],
  ms: ["microseconds", 1000],
  microsecond: ["microseconds", 1],
  us: ["microseconds", 1],
};

function invalid(text: string): DatabaseError {
  return new DatabaseError("22007", `invalid input syntax for type interval: "${text}"`);
}

/** Reads `1 day 02:03:04`, `5 minutes`, `-1 mon`, `2 hours ago`. @throws DatabaseError 22007 */
export function parseInterval(text: string): Interval {
  const total = { months: 0, days: 0, microseconds: 0 };
  let rest = text.trim().toLowerCase();
  const ago = /\s+ago$/.test(rest);
  if (ago) rest = rest.replace(/\s+ago$/, "");
  if (rest === "") throw invalid(text);
  while (rest !== "") {
    const clock = /^([+-]?)(\d+):(\d{1,2})(?::(\d{1,2}(?:\.\d+)?))?\s*/.exec(rest);
    const part = /^([+-]?\d+(?:\.\d+)?)\s*([a-z]+)?\s*/.exec(rest);
    if (clock !== null) {
      const sign = clock[1] === "-" ? -1 : 1;
      const seconds = Number(clock[2]) * 3600 + Number(clock[3]) * 60 + Number(clock[4] ?? 0);
      total.microseconds += sign * Math.round(seconds * second);
      rest = rest.slice(clock[0].length);
    } else if (part !== null) {
      const word = part[2] ?? "s";
      const unit = units[word] ?? units[word.replace(/s$/, "")];
      if (unit === undefined) throw invalid(text);
      addPart(total, unit[0], Number(part[1]) * unit[1]);
      rest = rest.slice(part[0].length);
    } else {
      throw invalid(text);
    }
  }
  return ago ? scaleInterval(total, -1) : total;
}

function addPart(
  total: { months: number; days: number; microseconds: number },
  field: keyof Interval,
  amount: number,
): void {
  const whole = field === "microseconds" ? Math.round(amount) : Math.trunc(amount);
  total[field] += whole;
  const rest = amount - whole;
  if (rest === 0 || field === "microseconds") return;
  if (field === "months") addPart(total, "days", rest * 30);
  else addPart(total, "microseconds", rest * 86_400 * second);
}

function plural(amount: number, word: string): string {
  return `${amount} ${word}${amount === 1 ? "" : "s"}`;
}

export function printInterval({ months, days, microseconds }: Interval): string {
  const parts: string[] = [];
  const years = Math.trunc(months / 12);
  if (years !== 0) parts.push(plural(years, "year"));
  if (months % 12 !== 0) parts.push(plural(months % 12, "mon"));
  if (days !== 0) parts.push(plural(days, "day"));
  if (microseconds !== 0 || parts.length === 0) {
    const sign = microseconds < 0 ? "-" : parts.length > 0 && (months < 0 || days < 0) ? "+" : "";
    parts.push(sign + printTimeOfDay(Math.abs(microseconds)));
  }
  return parts.join(" ");
}

/** `hh:mm:ss[.ffffff]` of a number of microseconds, without trailing zeros. */
export function printTimeOfDay(microseconds: number): string {
  const two = (value: number): string => String(Math.trunc(value)).padStart(2, "0");
  const seconds = Math.trunc(microseconds / second);
  const fraction = microseconds % second;
  const tail = fraction === 0 ? "" : `.${String(fraction).padStart(6, "0").replace(/0+$/, "")}`;
  return `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}${tail}`;
}

export function scaleInterval({ months, days, microseconds }: Interval, factor: number): Interval {
  const total = { months: 0, days: 0, microseconds: 0 };
  addPart(total, "months", months * factor);
  addPart(total, "days", days * factor);
  addPart(total, "microseconds", microseconds * factor);
  return { months: total.months + 0, days: total.days + 0, microseconds: total.microseconds + 0 };
}

export function addInterval(a: Interval, b: Interval): Interval {
  return {
    months: a.months + b.months,
    days: a.days + b.days,
    microseconds: a.microseconds + b.microseconds,
  };
}

/** Length for comparison: a month counts 30 days, a day 24 hours. */
export function intervalLength({ months, days, microseconds }: Interval): number {
  return (months * 30 + days) * 86_400 * second + microseconds;
}

const dayMs = 86_400_000;
const pattern =
  /^(\d{4,6})-(\d{1,2})-(\d{1,2})(?:[T\s]+(\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?\s*(z|utc|gmt|[+-]\d{1,2}(?::?\d{2})?(?::?\d{2})?)?)?(\s*bc)?$/i;

function zoneOffsetMinutes(zone: string | undefined): number {
  if (zone === undefined || /^[a-z]/i.test(zone)) return 0;
  const [, sign, hours, minutes] = /^([+-])(\d{1,2}):?(\d{2})?/.exec(zone) ?? [];
  const total = Number(hours) * 60 + Number(minutes ?? 0);
  return sign === "-" ? -total : total;
}

/**
 * Microseconds since 1970 of a timestamp text.
 *
 * @param zoned - Whether an offset in the text counts; `timestamp` ignores it.
 * @throws DatabaseError 22007 or 22008 when it is not one.
 */
export function parseTimestamp(text: string, typeName: string, zoned: boolean): number {
  const trimmed = text.trim();
  const lower = trimmed.toLowerCase();
  if (lower === "infinity") return Infinity;
  if (lower === "-infinity") return -Infinity;
  if (lower === "epoch") return 0;
  const match = pattern.exec(trimmed);
  if (match === null || match[9] !== undefined) {
    throw new DatabaseError("22007", `invalid input syntax for type ${typeName}: "${text}"`);
  }
  const [, year, month, day, hour = "0", minute = "0", second = "0", fraction = ""] = match;
  const ms = Date.UTC(2000, Number(month) - 1, Number(day), Number(hour), Number(minute), Number(second));
  const date = new Date(ms);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const wrongDay = date.getUTCDate() !== Number(day) || date.getUTCMonth() !== Number(month) - 1;
  if (Number(hour) > 24 || Number(minute) > 59 || Number(second) > 60 || (wrongDay && Number(hour) < 24)) {
    throw new DatabaseError("22008", `date/time field value out of range: "${text}"`);
  }
  const micros = date.getTime() * 1000 + Math.round(Number(`0${fraction}`) * 1_000_000);
  return zoned ? micros - zoneOffsetMinutes(match[8]) * 60_000_000 : micros;
}

function printDay(ms: number): string {
  const date = new Date(ms);
  const two = (value: number): string => String(value).padStart(2, "0");
  const year = String(date.getUTCFullYear()).padStart(4, "0");
  return `${year}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
}

/** `yyyy-mm-dd hh:mm:ss[.ffffff]`, and `+00` behind it when `zoned`. */
export function printTimestamp(micros: number, zoned: boolean): string {
  if (micros === Infinity) return "infinity";
  if (micros === -Infinity) return "-infinity";
  const dayMicros = dayMs * 1000;
  const day = Math.floor(micros / dayMicros);
  const time = printTimeOfDay(micros - day * dayMicros);
  return `${printDay(day * dayMs)} ${time}${zoned ? "+00" : ""}`;
}

/** Days since 1970. */
export function parseDate(text: string): number {
  const micros = parseTimestamp(text, "date", false);
  return Number.isFinite(micros) ? Math.floor(micros / (dayMs * 1000)) : micros;
}

export function printDate(days: number): string {
  if (!Number.isFinite(days)) return days > 0 ? "infinity" : "-infinity";
  return printDay(days * dayMs);
}

/** Microseconds since midnight. */
export function parseTime(text: string): number {
  const match = /^(\d{1,2}):(\d{2})(?::(\d{2})(\.\d+)?)?$/.exec(text.trim());
  if (match === null) {
    throw new DatabaseError("22007", `invalid input syntax for type time: "${text}"`);
  }
  const seconds = Number(match[1]) * 3600 + Number(match[2]) * 60 + Number(match[3] ?? 0);
  return seconds * 1_000_000 + Math.round(Number(`0${match[4] ?? ""}`) * 1_000_000);
}

/** Adds months with the day clipped to the month's end, then days, then the rest. */
export function shiftTimestamp(micros: number, { months, days, microseconds }: Interval): number {
  let shifted = micros;
  if (months !== 0) {
    const dayMicros = dayMs * 1000;
    const day = Math.floor(micros / dayMicros);
    const date = new Date(day * dayMs);
    const target = date.getUTCMonth() + months;
    const lastDay = new Date(Date.UTC(date.getUTCFullYear(), target + 1, 0)).getUTCDate();
    const moved = Date.UTC(date.getUTCFullYear(), target, Math.min(date.getUTCDate(), lastDay));
    shifted = moved * 1000 + (micros - day * dayMicros);
  }
  return shifted + days * dayMs * 1000 + microseconds;
}
