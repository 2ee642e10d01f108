/** Text forms of dates and timestamps. Zone is UTC and style ISO throughout. */
import { DatabaseError } from "../database-error.js";
import { type Interval, printTimeOfDay } from "./interval.js";

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
