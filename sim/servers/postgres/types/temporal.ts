/** Text forms of dates, times and spans, and what is computed of them. The session's zone is UTC, its style ISO. */
import { DatabaseError } from "../database-error.js";
import { findZone, toUtc, type Zone } from "./zones.js";

/** A span of time in the three parts PostgreSQL keeps apart. */
export interface Interval {
  readonly months: number;
  readonly days: number;
  readonly microseconds: number;
}

export const second = 1_000_000;
export const dayMicros = 86_400 * second;
const dayMs = 86_400_000;

// Spans.

type Part = readonly [field: keyof Interval, amount: number];
const unitGroups: ReadonlyArray<readonly [names: string, part: Part]> = [
  ["millennium millennia mil mils millenniums", ["months", 12_000]],
  ["century centuries cent c", ["months", 1200]],
  ["decade decades dec decs", ["months", 120]],
  ["year years yr yrs y", ["months", 12]],
  ["month months mon mons", ["months", 1]],
  ["week weeks w", ["days", 7]],
  ["day days d", ["days", 1]],
  ["hour hours hr hrs h", ["microseconds", 3600 * second]],
  ["minute minutes min mins m", ["microseconds", 60 * second]],
  ["second seconds sec secs s", ["microseconds", second]],
  ["millisecond milliseconds msec msecs ms msecond mseconds", ["microseconds", 1000]],
  ["microsecond microseconds usec usecs us useconds", ["microseconds", 1]],
];
const units = new Map(unitGroups.flatMap(([names, part]) => names.split(" ").map((name) => [name, part])));

type Sum = { months: number; days: number; microseconds: number };

function addPart(total: Sum, field: keyof Interval, amount: number): void {
  const whole = field === "microseconds" ? roundEven(amount) : Math.trunc(amount);
  total[field] += whole;
  const rest = amount - whole;
  if (rest === 0 || field === "microseconds") return;
  if (field === "months") addPart(total, "days", Number((rest * 30).toFixed(9)));
  else addPart(total, "microseconds", Number((rest * 86_400).toFixed(6)) * second);
}

/** Halves go to the even neighbour, as C's rint does. */
export function roundEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

const clockForm = /^([+-]?)(\d+):(\d{1,2})(?::(\d{1,2}(?:\.\d*)?))?(?![\w:])/;
const numberForm = /^([+-]?(?:\d+(?:\.\d*)?|\.\d+))\s*([a-z]+)?/;

/** Reads `1 day 02:03:04`, `-1 mon`, `2 hours ago`, `1-2`, `P1DT2H`. @param bare - The unit of a bare number. @throws DatabaseError 22007, 22008 */
export function parseInterval(text: string, bare = "second"): Interval {
  const total: Sum = { months: 0, days: 0, microseconds: 0 };
  const invalid = (): DatabaseError =>
    new DatabaseError("22007", `invalid input syntax for type interval: "${text}"`);
  let rest = text.trim().toLowerCase().replace(/^@\s*/, "");
  if (rest.startsWith("p")) return parseIso(rest, invalid);
  const ago = /\s+ago$/.test(rest);
  if (ago) rest = rest.slice(0, -3).trim();
  if (rest === "") throw invalid();
  let lastSign = 1;
  while (rest !== "") {
    const clock = clockForm.exec(rest);
    const yearMonth = /^([+-]?)(\d+)-(\d{1,2})(?![\w:-])/.exec(rest);
    const part = numberForm.exec(rest);
    const found = clock ?? yearMonth ?? part;
    if (found === null) throw invalid();
    if (clock !== null) {
      const sign = clock[1] === "-" ? -1 : 1;
      const [minutes, seconds] = [Number(clock[3]), Number(clock[4] ?? 0)];
      if (minutes > 59 || seconds >= 61)
        throw new DatabaseError("22008", `interval field value out of range: "${text}"`);
      const isMinutes = bare === "minute to second" && clock[4] === undefined;
      const whole = isMinutes ? Number(clock[2]) * 60 + minutes : Number(clock[2]) * 3600 + minutes * 60;
      total.microseconds += sign * (whole * second + Math.round(seconds * second));
    } else if (yearMonth !== null) {
      lastSign = yearMonth[1] === "-" ? -1 : 1;
      total.months += lastSign * (Number(yearMonth[2]) * 12 + Number(yearMonth[3]));
    } else if (part !== null) {
      const after = rest.slice(part[0].length);
      const isDay = part[2] === undefined && clockForm.test(after.trim());
      const unit = units.get(part[2] ?? (isDay ? "day" : bare.replace(/^.* /, "")));
      if (unit === undefined) throw invalid();
      addPart(total, unit[0], Number(part[1]) * unit[1]);
    }
    rest = rest.slice(found[0].length).trim();
  }
  return checkedInterval(ago ? scaleInterval(total, -1) : total);
}

function parseIso(rest: string, invalid: () => DatabaseError): Interval {
  const total: Sum = { months: 0, days: 0, microseconds: 0 };
  const form = /^p((?:-?[\d.]+[ymwd])*)(?:t((?:-?[\d.]+[hms])+))?$/.exec(rest);
  if (form === null || rest === "p") throw invalid();
  const letters: Readonly<Record<string, string>> = {
    y: "year",
    w: "week",
    d: "day",
    h: "hour",
    s: "second",
  };
  for (const [index, part] of [form[1] ?? "", form[2] ?? ""].entries()) {
    for (const [, amount, letter = ""] of part.matchAll(/(-?[\d.]+)([a-z])/g)) {
      const unit = units.get(letter === "m" ? (index === 0 ? "month" : "minute") : (letters[letter] ?? ""));
      if (unit === undefined || Number.isNaN(Number(amount))) throw invalid();
      addPart(total, unit[0], Number(amount) * unit[1]);
    }
  }
  return checkedInterval(total);
}

function checkedInterval(value: Interval): Interval {
  if (
    Math.abs(value.months) >= 2 ** 31 ||
    Math.abs(value.days) >= 2 ** 31 ||
    Math.abs(value.microseconds) >= 2 ** 63
  )
    throw new DatabaseError("22008", "interval out of range");
  return { months: value.months + 0, days: value.days + 0, microseconds: value.microseconds + 0 };
}

export function printInterval({ months, days, microseconds }: Interval): string {
  const parts: string[] = [];
  let isBefore = false;
  const part = (amount: number, word: string): void => {
    if (amount === 0) return;
    parts.push(`${isBefore && amount > 0 ? "+" : ""}${amount} ${word}${amount === 1 ? "" : "s"}`);
    isBefore = amount < 0;
  };
  part(Math.trunc(months / 12), "year");
  part(months % 12, "mon");
  part(days, "day");
  if (microseconds !== 0 || parts.length === 0) {
    parts.push((microseconds < 0 ? "-" : isBefore ? "+" : "") + printTimeOfDay(Math.abs(microseconds)));
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
  const total: Sum = {
    months: Math.trunc(months * factor),
    days: Math.trunc(days * factor),
    microseconds: 0,
  };
  // What is left of a month counts in days of thirty, what is left of a day in seconds, rounded to microseconds.
  const monthRest = Number(((months * factor - total.months) * 30).toFixed(6));
  const fullDays = Math.trunc(monthRest);
  let seconds = Number(((days * factor - total.days + monthRest - fullDays) * 86_400).toFixed(6));
  if (Math.abs(seconds) >= 86_400) {
    total.days += Math.trunc(seconds / 86_400);
    seconds %= 86_400;
  }
  total.days += fullDays;
  total.microseconds = roundEven(microseconds * factor + seconds * second);
  return checkedInterval(total);
}

export function addInterval(a: Interval, b: Interval): Interval {
  return checkedInterval({
    months: a.months + b.months,
    days: a.days + b.days,
    microseconds: a.microseconds + b.microseconds,
  });
}

/** Length for comparison: a month counts 30 days, a day 24 hours. */
export function intervalLength({ months, days, microseconds }: Interval): number {
  return (months * 30 + days) * dayMicros + microseconds;
}

/** Cuts a span to the fields that its type keeps: `interval day to minute`. @param fields - The parser's bit mask. */
export function limitInterval(value: Interval, fields: number): Interval {
  const has = (bit: number): boolean => (fields & (1 << bit)) !== 0;
  const { months, days, microseconds } = value;
  if (has(12)) return value;
  if (has(11)) return { ...value, microseconds: Math.trunc(microseconds / (60 * second)) * 60 * second + 0 };
  if (has(10))
    return { ...value, microseconds: Math.trunc(microseconds / (3600 * second)) * 3600 * second + 0 };
  if (has(3)) return { ...value, microseconds: 0 };
  if (has(1)) return { months, days: 0, microseconds: 0 };
  return has(2) ? { months: Math.trunc(months / 12) * 12 + 0, days: 0, microseconds: 0 } : { ...value, days };
}

/** The unit of a bare number in `interval '1' day`. */
export function bareUnit(fields: number | undefined): string {
  if (fields === undefined) return "second";
  const names: ReadonlyArray<readonly [bit: number, name: string]> = [
    [12, "second"],
    [11, "minute"],
    [10, "hour"],
    [3, "day"],
    [1, "month"],
    [2, "year"],
  ];
  const last = names.find(([bit]) => (fields & (1 << bit)) !== 0)?.[1] ?? "second";
  return last === "second" && (fields & (1 << 11)) !== 0 && (fields & (1 << 10)) === 0
    ? "minute to second"
    : last;
}

// Dates and moments.

const monthNames = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
const monthWord =
  /^(jan(uary)?|feb(ruary)?|mar(ch)?|apr(il)?|may|june?|july?|aug(ust)?|sept?(ember)?|oct(ober)?|nov(ember)?|dec(ember)?)$/;
const dayWord = /^(sun(day)?|mon(day)?|tue(s(day)?)?|wed(nesday)?|thu(rs?(day)?)?|fri(day)?|sat(urday)?)$/;

interface Fields {
  year?: number;
  month?: number;
  day?: number;
  time?: number;
  zone?: Zone;
  bc?: boolean;
  pm?: boolean;
  special?: number;
}

const fullYear = (digits: string): number =>
  digits.length > 2 ? Number(digits) : Number(digits) + (Number(digits) < 70 ? 2000 : 1900);

type Rule = readonly [pattern: RegExp, take: (fields: Fields, match: readonly string[]) => boolean | void];

function setDate(fields: Fields, year: number, month: number, day: number): boolean {
  if (fields.day !== undefined || (fields.year !== undefined && fields.month !== undefined)) return false;
  Object.assign(fields, { year, month, day });
  return true;
}

function setTime(fields: Fields, hour: number, minute: number, seconds: string): boolean {
  if (fields.time !== undefined) return false;
  if (
    hour > 24 ||
    minute > 59 ||
    Number(seconds) > 60 ||
    (hour === 24 && (minute > 0 || Number(seconds) > 0))
  )
    throw outOfRange;
  const [whole = "0", fraction = ""] = seconds.split(".");
  fields.time =
    (hour * 3600 + minute * 60 + Number(whole)) * second + Math.round(Number(`0.${fraction}`) * second);
  return true;
}

const outOfRange = new Error("a field is out of range");
const badMonth = new Error("a month is out of range");

/** Tried in order at the place that has been reached. */
const rules: readonly Rule[] = [
  [/^(\d{3,6})-(\d{1,2})-(\d{1,2})(?!\d)/, (f, m) => setDate(f, Number(m[1]), Number(m[2]), Number(m[3]))],
  [/^(\d{4,6})\/(\d{1,2})\/(\d{1,2})(?!\d)/, (f, m) => setDate(f, Number(m[1]), Number(m[2]), Number(m[3]))],
  [
    /^(\d{1,2})[/.-](\d{1,2})[/.-](\d{2,6})(?!\d)/,
    (f, m) => setDate(f, fullYear(m[3] ?? ""), Number(m[1]), Number(m[2])),
  ],
  [
    /^(\d{1,2})-([a-z]{3,9})-(\d{2,6})(?!\d)/,
    (f, m) =>
      monthWord.test(m[2] ?? "") &&
      setDate(f, fullYear(m[3] ?? ""), monthNames.indexOf((m[2] ?? "").slice(0, 3)) + 1, Number(m[1])),
  ],
  [
    /^(\d{4,6})-([a-z]{3,9})-(\d{1,2})(?!\d)/,
    (f, m) =>
      monthWord.test(m[2] ?? "") &&
      setDate(f, Number(m[1]), monthNames.indexOf((m[2] ?? "").slice(0, 3)) + 1, Number(m[3])),
  ],
  [/^(\d{4})\.(\d{3})(?!\d)/, (f, m) => setDate(f, Number(m[1]), 1, Number(m[2]))],
  [
    /^(\d{4})(\d{2})(\d{2})(?!\d)/,
    (f, m) => f.year === undefined && setDate(f, Number(m[1]), Number(m[2]), Number(m[3])),
  ],
  [
    /^t?(\d{1,2}):(\d{2})(?::(\d{2}(?:\.\d*)?))?(?![\d:])/,
    (f, m) => setTime(f, Number(m[1]), Number(m[2]), m[3] ?? "0"),
  ],
  [
    /^t?(\d{2})(\d{2})(\d{2}(?:\.\d*)?)(?!\d)/,
    (f, m) => f.year !== undefined && setTime(f, Number(m[1]), Number(m[2]), m[3] ?? "0"),
  ],
  [
    /^([ap])\.?m\.?(?![a-z])/,
    (f, m) => {
      f.pm = m[1] === "p";
      if (f.time === undefined) return false;
      const hour = Math.trunc(f.time / (3600 * second));
      if (hour > 12) throw outOfRange;
      f.time += (f.pm ? (hour === 12 ? 0 : 12) : hour === 12 ? -12 : 0) * 3600 * second;
      return true;
    },
  ],
  [
    /^(bc|ad)(?![a-z])/,
    (f, m) => {
      f.bc = m[1] === "bc";
      return true;
    },
  ],
  [
    /^([+-])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?(?![\d:])/,
    (f, m) => {
      if (f.time === undefined || f.zone !== undefined) return false;
      const offset = ((Number(m[2]) * 60 + Number(m[3] ?? 0)) * 60 + Number(m[4] ?? 0)) * second;
      if (Number(m[2]) > 15) throw zoneRange;
      f.zone = () => (m[1] === "-" ? -offset : offset);
      return true;
    },
  ],
  [/^[a-z][a-z_]*(?:\/[a-z_+-]+\d*)+|^[a-z]+(?:[+-]\d+)?/, (f, m) => takeWord(f, m[0] ?? "")],
  [
    /^(\d{1,2})(?:st|nd|rd|th)?(?!\d)/,
    (f, m) => {
      if (f.day !== undefined) {
        if (f.year !== undefined) return false;
        f.year = fullYear(m[1] ?? "");
      } else f.day = Number(m[1]);
      return true;
    },
  ],
  [
    /^(\d{3,6})(?!\d)/,
    (f, m) => {
      if (f.year !== undefined) return false;
      f.year = Number(m[1]);
      return true;
    },
  ],
];
const zoneRange = new Error("a zone is out of range");

function takeWord(fields: Fields, word: string): boolean {
  if (monthWord.test(word)) {
    if (fields.month !== undefined) return false;
    fields.month = monthNames.indexOf(word.slice(0, 3)) + 1;
    return true;
  }
  if (dayWord.test(word) || word === "at" || word === "on" || (word === "t" && fields.day !== undefined))
    return true;
  const zone = fields.zone === undefined ? findZone(word) : null;
  if (zone === null) return false;
  fields.zone = zone;
  return true;
}

function lastDay(year: number, month: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month, 0);
  return date.getUTCDate();
}

function readFields(text: string): Fields | null {
  let rest = text.trim().toLowerCase();
  if (rest === "") return null;
  const fields: Fields = {};
  while (rest !== "") {
    let taken = 0;
    for (const [pattern, take] of rules) {
      const match = pattern.exec(rest);
      if (match !== null && take(fields, match) !== false) {
        taken = match[0].length;
        break;
      }
    }
    if (taken === 0) return null;
    rest = rest.slice(taken).replace(/^[\s,]+/, "");
  }
  return fields;
}

/** Milliseconds of a day. @throws DatabaseError 22008 through the caller */
export function dayOf(year: number, month: number, day: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getTime() / dayMs;
}

const words: Readonly<Record<string, number>> = {
  infinity: Infinity,
  "+infinity": Infinity,
  "-infinity": -Infinity,
  epoch: 0,
};

/**
 * Microseconds since 1970 of a timestamp text.
 *
 * @param zoned - Whether an offset in the text counts; `timestamp` ignores it.
 * @throws DatabaseError 22007 or 22008 when it is not one.
 */
export function parseTimestamp(text: string, typeName: string, zoned: boolean): number {
  const plain = words[text.trim().toLowerCase()];
  if (plain !== undefined) return plain;
  const failed = (code: string, start: string, hint?: string): DatabaseError =>
    new DatabaseError(code, `${start}: "${text}"`, hint === undefined ? {} : { hint });
  let fields: Fields | null = null;
  try {
    fields = readFields(text);
    if (fields !== null) checkDay(fields);
  } catch (error) {
    if (error === zoneRange) throw failed("22009", "time zone displacement out of range");
    if (error === badMonth)
      throw failed(
        "22008",
        "date/time field value out of range",
        'Perhaps you need a different "datestyle" setting.',
      );
    if (error === outOfRange) throw failed("22008", "date/time field value out of range");
    throw error;
  }
  if (fields === null || fields.year === undefined || fields.day === undefined || fields.month === undefined)
    throw failed("22007", `invalid input syntax for type ${typeName}`);
  const year = fields.bc === true ? 1 - fields.year : fields.year;
  const limit = typeName === "date" ? 5_874_897 : 294_276;
  if (year > limit || year < -4712)
    throw failed("22008", typeName === "date" ? "date out of range" : "timestamp out of range");
  const local = dayOf(year, fields.month, fields.day) * dayMicros + (fields.time ?? 0);
  return zoned && fields.zone !== undefined ? toUtc(local, fields.zone) : local;
}

function checkDay({ year = 0, month = 1, day = 1, bc }: Fields): void {
  if (month < 1 || month > 12) throw badMonth;
  if (day < 1 || day > lastDay(bc === true ? 1 - year : year, month)) throw day > 31 ? badMonth : outOfRange;
  if (bc === true && year === 0) throw outOfRange;
}

/** `now`, `today` and their kin; null for other texts. */
export function relativeTime(text: string, nowMicros: number): number | null {
  const word = text.trim().toLowerCase();
  if (word === "now") return nowMicros;
  const shift = ["yesterday", "today", "tomorrow"].indexOf(word) - 1;
  return shift < -1 ? null : (Math.floor(nowMicros / dayMicros) + shift) * dayMicros;
}

function printDay(days: number): string {
  const date = new Date(days * dayMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const year = date.getUTCFullYear();
  return `${String(year < 1 ? 1 - year : year).padStart(4, "0")}-${two(date.getUTCMonth() + 1)}-${two(date.getUTCDate())}`;
}

const era = (days: number): string => (new Date(days * dayMs).getUTCFullYear() < 1 ? " BC" : "");

/** `yyyy-mm-dd hh:mm:ss[.ffffff]`, and `+00` behind it when `zoned`. */
export function printTimestamp(micros: number, zoned: boolean): string {
  if (!Number.isFinite(micros)) return micros > 0 ? "infinity" : "-infinity";
  const day = Math.floor(micros / dayMicros);
  const time = printTimeOfDay(micros - day * dayMicros);
  return `${printDay(day)} ${time}${zoned ? "+00" : ""}${era(day)}`;
}

/** Days since 1970. */
export function parseDate(text: string): number {
  const micros = parseTimestamp(text, "date", false);
  return Number.isFinite(micros) ? Math.floor(micros / dayMicros) : micros;
}

export function printDate(days: number): string {
  if (!Number.isFinite(days)) return days > 0 ? "infinity" : "-infinity";
  return printDay(days) + era(days);
}

/** Microseconds since midnight. */
export function parseTime(text: string): number {
  const words = text.trim().toLowerCase();
  if (words === "allballs") return 0;
  let fields: Fields | null = null;
  try {
    fields = readFields(
      /^\d{6}(\.\d+)?$|^\d{4}$/.test(words)
        ? `${words.slice(0, 2)}:${words.slice(2, 4)}:${words.slice(4) || "00"}`
        : words,
    );
  } catch (error) {
    if (error !== outOfRange && error !== badMonth) throw error;
    throw new DatabaseError("22008", `date/time field value out of range: "${text}"`);
  }
  if (fields?.time === undefined)
    throw new DatabaseError("22007", `invalid input syntax for type time: "${text}"`);
  return fields.time;
}

/** Adds months with the day clipped to the month's end, then days, then the rest. @param zone - Whose days they are. */
export function shiftTimestamp(micros: number, { months, days, microseconds }: Interval): number {
  if (!Number.isFinite(micros)) return micros;
  let shifted = micros;
  if (months !== 0) {
    const day = Math.floor(micros / dayMicros);
    const date = new Date(day * dayMs);
    const total = date.getUTCFullYear() * 12 + date.getUTCMonth() + months;
    const [year, month] = [Math.floor(total / 12), (((total % 12) + 12) % 12) + 1];
    shifted =
      dayOf(year, month, Math.min(date.getUTCDate(), lastDay(year, month))) * dayMicros +
      (micros - day * dayMicros);
  }
  const result = shifted + days * dayMicros + microseconds;
  if (!(result < 9_224_318_016_000_000_000 && result >= -210_866_803_200_000_000))
    throw new DatabaseError("22008", "timestamp out of range");
  return result;
}
