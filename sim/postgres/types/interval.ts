/** Spans of time in the three parts PostgreSQL keeps apart: months, days and microseconds. */
import { DatabaseError } from "../database-error.js";

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
