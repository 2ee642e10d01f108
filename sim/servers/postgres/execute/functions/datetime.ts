/** Functions and operators of dates, times and spans. */
import { DatabaseError } from "../../database-error.js";
import { parseNumeric, type Numeric } from "../../types/numeric.js";
import {
  addInterval,
  dayMicros,
  dayOf,
  roundEven,
  scaleInterval,
  second,
  shiftTimestamp,
  type Interval,
} from "../../types/temporal.js";
import type { Value } from "../../types/value.js";
import { toLocal, toUtc, zoneNamed, type Zone } from "../../types/zones.js";
import { unsupported, type EvaluationContext } from "../execution-context.js";
import { define, withInfo } from "../resolution.js";
import { formatInterval, formatTimestamp, readTimestamp } from "./format.js";

const fault = (code: string, text: string): DatabaseError => new DatabaseError(code, text);
const invert = (span: Interval): Interval => ({
  months: -span.months + 0,
  days: -span.days + 0,
  microseconds: -span.microseconds + 0,
});
const span = (months: number, days: number, microseconds: number): Interval => ({
  months: months + 0,
  days: days + 0,
  microseconds: microseconds + 0,
});
const mod = (value: number, by: number): number => ((value % by) + by) % by;

/** A moment taken apart. */
function partsOf(micros: number) {
  const days = Math.floor(micros / dayMicros);
  const date = new Date(days * 86_400_000);
  return {
    days,
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    weekday: date.getUTCDay(),
    time: micros - days * dayMicros,
  };
}

/** The year and the week of ISO 8601. */
function isoWeek(days: number): { readonly year: number; readonly week: number } {
  const thursday = days - mod(days + 3, 7) + 3;
  const year = new Date(thursday * 86_400_000).getUTCFullYear();
  return { year, week: Math.floor((thursday - dayOf(year, 1, 1)) / 7) + 1 };
}

/** Names of fields, by what the words for them are. */
const fieldWords = new Map(
  [
    "microseconds usec usecs us microsecond",
    "milliseconds msec msecs ms millisecond",
    "second seconds sec secs s",
    "minute minutes min mins m",
    "hour hours hr hrs h",
    "day days d",
    "week weeks w",
    "month months mon mons",
    "quarter qtr",
    "year years yr yrs y",
    "decade decades dec decs",
    "century centuries cent c",
    "millennium millennia mil mils",
    "isoyear",
    "dow",
    "isodow",
    "doy",
    "epoch",
    "julian j jd",
    "timezone",
    "timezone_hour",
    "timezone_minute",
  ].flatMap((line) => line.split(" ").map((word) => [word, line.split(" ")[0] as string] as const)),
);

function fieldOf(text: string, typeName: string): string {
  const found = fieldWords.get(text.toLowerCase());
  if (found === undefined) throw fault("22023", `unit "${text}" not recognized for type ${typeName}`);
  return found;
}

const unsupportedField = (field: string, typeName: string): DatabaseError =>
  fault("0A000", `unit "${field}" not supported for type ${typeName}`);

/** A field, and how many digits of a fraction it has as numeric. */
type Field = readonly [value: number, scale: number, digits?: bigint];

function momentField(text: string, micros: number, typeName: string): Field | null {
  const field = fieldOf(text, typeName);
  const isDate = typeName === "date";
  if (isDate && /^(microseconds|milliseconds|second|minute|hour|timezone.*)$/.test(field))
    throw unsupportedField(text, typeName);
  if (!Number.isFinite(micros))
    return /^(epoch|julian|(iso)?year|decade|century|millennium)$/.test(field) ? [micros, 0] : null;
  const { days, year, month, day, weekday, time } = partsOf(micros);
  const shown = year > 0 ? year : year - 1;
  switch (field) {
    case "microseconds":
      return [time % (60 * second), 0];
    case "milliseconds":
      return [(time % (60 * second)) / 1000, 3];
    case "second":
      return [(time % (60 * second)) / second, 6];
    case "minute":
      return [Math.floor(time / (60 * second)) % 60, 0];
    case "hour":
      return [Math.floor(time / (3600 * second)), 0];
    case "day":
      return [day, 0];
    case "week":
      return [isoWeek(days).week, 0];
    case "month":
      return [month, 0];
    case "quarter":
      return [Math.ceil(month / 3), 0];
    case "year":
      return [shown, 0];
    case "decade":
      return [Math.floor(year / 10), 0];
    case "century":
      return [year > 0 ? Math.floor((year + 99) / 100) : -Math.floor((99 - (year - 1)) / 100), 0];
    case "millennium":
      return [year > 0 ? Math.floor((year + 999) / 1000) : -Math.floor((999 - (year - 1)) / 1000), 0];
    case "isoyear": {
      const { year: iso } = isoWeek(days);
      return [iso > 0 ? iso : iso - 1, 0];
    }
    case "dow":
      return [weekday, 0];
    case "isodow":
      return [weekday === 0 ? 7 : weekday, 0];
    case "doy":
      return [days - dayOf(year, 1, 1) + 1, 0];
    case "epoch":
      return isDate ? [micros / second, 0] : [micros / second, 6, BigInt(micros)];
    case "julian":
      return [days + 2_440_588 + time / dayMicros, isDate ? 0 : 20];
    default:
      if (typeName !== "timestamp with time zone") throw unsupportedField(text, typeName);
      return [0, 0];
  }
}

function spanField(text: string, { months, days, microseconds }: Interval): Field {
  const field = fieldOf(text, "interval");
  switch (field) {
    case "epoch": {
      const quarters = Math.trunc(months / 12) * 1461 + ((months % 12) * 30 + days) * 4;
      const digits = BigInt(quarters) * 21_600_000_000n + BigInt(microseconds);
      return [quarters * 21_600 + microseconds / second, 6, digits];
    }
    case "year":
      return [Math.trunc(months / 12), 0];
    case "decade":
      return [Math.trunc(months / 120), 0];
    case "century":
      return [Math.trunc(months / 1200), 0];
    case "millennium":
      return [Math.trunc(months / 12_000), 0];
    case "quarter":
      return [Math.trunc((months % 12) / 3) + 1, 0];
    case "month":
      return [months % 12, 0];
    case "day":
      return [days, 0];
    case "hour":
      return [Math.trunc(microseconds / (3600 * second)), 0];
    case "minute":
      return [Math.trunc(microseconds / (60 * second)) % 60, 0];
    case "second":
      return [(microseconds % (60 * second)) / second, 6];
    case "milliseconds":
      return [(microseconds % (60 * second)) / 1000, 3];
    case "microseconds":
      return [microseconds % (60 * second), 0];
    default:
      throw unsupportedField(text, "interval");
  }
}

function timeField(text: string, micros: number): Field {
  const field = fieldOf(text, "time without time zone");
  if (field === "epoch") return [micros / second, 6];
  if (!/^(microseconds|milliseconds|second|minute|hour)$/.test(field))
    throw unsupportedField(text, "time without time zone");
  return momentField(text, micros, "timestamp") ?? [0, 0];
}

function exact(field: Field | null): Numeric | null {
  if (field === null) return null;
  const [value, scale, digits] = field;
  if (digits !== undefined) return { digits, scale };
  return parseNumeric(Number.isFinite(value) ? (value + 0).toFixed(scale) : String(value));
}

type FieldReader = (field: string, value: never) => Field | null;

/** `extract` gives numeric, `date_part` a float. */
function fields(type: string, read: FieldReader): Parameters<typeof define>[0] {
  return {
    [`date_part(text,${type}) float8`]: (field: string, value: never) => read(field, value)?.[0] ?? null,
    [`extract(text,${type}) numeric`]: (field: string, value: never) => exact(read(field, value)),
  };
}

function truncateMoment(text: string, micros: number, typeName: string): number {
  const field = fieldOf(text, typeName);
  if (!Number.isFinite(micros)) return micros;
  const sizes: Readonly<Record<string, number>> = {
    microseconds: 1,
    milliseconds: 1000,
    second,
    minute: 60 * second,
    hour: 3600 * second,
    day: dayMicros,
  };
  const size = sizes[field];
  if (size !== undefined) return Math.floor(micros / size) * size;
  const { days, year, month } = partsOf(micros);
  const start = (of: number, at = 1): number => dayOf(of, at, 1) * dayMicros;
  switch (field) {
    case "week":
      return (days - mod(days + 3, 7)) * dayMicros;
    case "month":
      return start(year, month);
    case "quarter":
      return start(year, month - ((month - 1) % 3));
    case "year":
      return start(year);
    case "decade":
      return start(Math.floor(year / 10) * 10);
    case "century":
      return start(Math.floor((year + 99) / 100) * 100 - 99);
    case "millennium":
      return start(Math.floor((year + 999) / 1000) * 1000 - 999);
    default:
      throw unsupportedField(text, typeName);
  }
}

function truncateSpan(text: string, { months, days, microseconds }: Interval): Interval {
  const field = fieldOf(text, "interval");
  const monthSizes: Readonly<Record<string, number>> = {
    month: 1,
    quarter: 3,
    year: 12,
    decade: 120,
    century: 1200,
    millennium: 12_000,
  };
  const sizes: Readonly<Record<string, number>> = {
    microseconds: 1,
    milliseconds: 1000,
    second,
    minute: 60 * second,
    hour: 3600 * second,
  };
  const cut = (value: number, size: number): number => Math.trunc(value / size) * size;
  const size = sizes[field];
  if (size !== undefined) return span(months, days, cut(microseconds, size));
  if (field === "day") return span(months, days, 0);
  const monthSize = monthSizes[field];
  if (monthSize === undefined)
    throw field === "week"
      ? new DatabaseError("0A000", `unit "${text}" not supported for type interval`, {
          detail: "Months usually have fractional weeks.",
        })
      : unsupportedField(text, "interval");
  return span(cut(months, monthSize), 0, 0);
}

const zoned = (zone: Zone, micros: number, change: (local: number) => number): number =>
  toUtc(change(toLocal(micros, zone)), zone);

/** Years, months, days and the rest between two moments. */
function age(a: number, b: number): Interval {
  // The server computes with the greatest number it has as if it were a moment.
  if (!Number.isFinite(a) || !Number.isFinite(b)) throw unsupported("age() of infinity");
  if (a < b) return invert(age(b, a));
  const [later, earlier] = [partsOf(a), partsOf(b)];
  let months = (later.year - earlier.year) * 12 + later.month - earlier.month;
  let days = later.day - earlier.day;
  let time = later.time - earlier.time;
  if (time < 0) {
    time += dayMicros;
    days -= 1;
  }
  if (days < 0) {
    days += new Date(Date.UTC(2000 + mod(earlier.year, 400), earlier.month, 0)).getUTCDate();
    months -= 1;
  }
  return span(months, days, time);
}

function between(a: number, b: number): Interval {
  if (!Number.isFinite(a) || !Number.isFinite(b)) throw fault("22008", "cannot subtract infinite timestamps");
  const micros = a - b;
  const days = Math.trunc(micros / dayMicros);
  return span(0, days, micros - days * dayMicros);
}

function bin(stride: Interval, micros: number, origin: number): number {
  if (stride.months !== 0)
    throw fault("0A000", "timestamps cannot be binned into intervals containing months or years");
  const size = stride.days * dayMicros + stride.microseconds;
  if (size <= 0) throw fault("22008", "stride must be greater than zero");
  return origin + Math.floor((micros - origin) / size) * size;
}

/** Moves whole units up, and gives all parts one sign where `isFull`. */
function justify({ months, days, microseconds }: Interval, part: "days" | "hours" | "all"): Interval {
  let [m, d, t] = [months, days, microseconds];
  if (part !== "days") {
    d += Math.trunc(t / dayMicros);
    t %= dayMicros;
  }
  if (part !== "hours") {
    m += Math.trunc(d / 30);
    d %= 30;
  }
  const borrow = (up: number, down: number): number => (up > 0 && down < 0 ? -1 : up < 0 && down > 0 ? 1 : 0);
  if (part === "all") {
    const month = borrow(m, d === 0 ? t : d > 0 === t > 0 || t === 0 ? d : d);
    m += month;
    d -= month * 30;
    const day = borrow(d, t);
    d += day;
    t -= day * dayMicros;
  } else if (part === "hours") {
    const day = borrow(d, t);
    d += day;
    t -= day * dayMicros;
  } else {
    const month = borrow(m, d);
    m += month;
    d -= month * 30;
  }
  return span(m, d, t);
}

function makeDate(year: number, month: number, day: number): number {
  const whole = year < 0 ? year + 1 : year;
  const days = dayOf(whole, month, day);
  if (
    year === 0 ||
    month < 1 ||
    month > 12 ||
    partsOf(days * dayMicros).day !== day ||
    partsOf(days * dayMicros).month !== month
  )
    throw fault(
      "22008",
      `date field value out of range: ${year}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`,
    );
  return days;
}

function makeTime(hour: number, minute: number, seconds: number): number {
  const micros = Math.round(seconds * second);
  if (
    hour < 0 ||
    minute < 0 ||
    minute > 59 ||
    seconds < 0 ||
    seconds > 60 ||
    hour > 24 ||
    (hour === 24 && (minute > 0 || seconds > 0))
  )
    throw fault(
      "22008",
      `time field value out of range: ${hour}:${String(minute).padStart(2, "0")}:${seconds < 10 ? "0" : ""}${seconds}`,
    );
  return (hour * 3600 + minute * 60) * second + micros;
}

const makeMoment = (
  year: number,
  month: number,
  day: number,
  hour: number,
  minute: number,
  seconds: number,
): number => makeDate(year, month, day) * dayMicros + makeTime(hour, minute, seconds);

function epochMoment(seconds: number): number {
  if (Number.isNaN(seconds)) throw fault("22008", "timestamp cannot be NaN");
  const micros = roundEven(seconds * second);
  if (Number.isFinite(seconds) && !(seconds < 9_224_318_016_000 && seconds >= -210_866_803_200))
    throw fault("22008", `timestamp out of range: "${seconds}"`);
  return micros;
}

const clock = (read: (runtime: EvaluationContext["runtime"]) => number) =>
  withInfo(({ env }) => read(env.runtime));
const zoneOf = (zone: string | Interval): Zone =>
  typeof zone === "string" ? zoneNamed(zone) : () => zone.microseconds;
const overlaps = (a: Value, b: Value, c: Value, d: Value): boolean | null => {
  const order = (x: number | null, y: number | null): [number | null, number | null] =>
    x === null ? [y, x] : y === null || x <= y ? [x, y] : [y, x];
  const [s1, e1] = order(a as number | null, b as number | null);
  const [s2, e2] = order(c as number | null, d as number | null);
  if (s1 === null || s2 === null) return null;
  if (s1 === s2) return e1 === null || e2 === null ? null : true;
  const [, firstEnd, secondStart] = s1 < s2 ? [s1, e1, s2] : [s2, e2, s1];
  return firstEnd === null ? null : secondStart < firstEnd;
};

const asMoment = (days: number): number => (Number.isFinite(days) ? days * dayMicros : days);
const plusTime = (time: number, by: Interval): number => mod(time + by.microseconds, dayMicros);
const checkedDate = (days: number): number => {
  if (Number.isFinite(days) && !(days < 2_145_042_541 && days >= -2_440_588))
    throw fault("22008", "date out of range");
  return days;
};

export const datetimeFunctions = define({
  "now() timestamptz; transaction_timestamp() timestamptz": clock(
    ({ transactionMicros }) => transactionMicros,
  ),
  "statement_timestamp() timestamptz": clock(({ statementMicros }) => statementMicros),
  "clock_timestamp() timestamptz volatile": clock((runtime) => runtime.nowMicros()),
  ...fields("timestamptz", (field, value) => momentField(field, value, "timestamp with time zone")),
  ...fields("timestamp", (field, value) => momentField(field, value, "timestamp without time zone")),
  ...fields("date", (field, value) => momentField(field, asMoment(value), "date")),
  ...fields("interval", spanField),
  ...fields("time", timeField),
  "date_trunc(text,timestamptz) timestamptz": (field: string, value: number) =>
    truncateMoment(field, value, "timestamp with time zone"),
  "date_trunc(text,timestamptz,text) timestamptz": (field: string, value: number, zone: string) =>
    zoned(zoneNamed(zone), value, (local) => truncateMoment(field, local, "timestamp with time zone")),
  "date_trunc(text,timestamp) timestamp": (field: string, value: number) =>
    truncateMoment(field, value, "timestamp without time zone"),
  "date_trunc(text,interval) interval": truncateSpan,
  "timezone(text,timestamptz) timestamp; timezone(interval,timestamptz) timestamp": (
    zone: string | Interval,
    value: number,
  ) => toLocal(value, zoneOf(zone)),
  "timezone(text,timestamp) timestamptz; timezone(interval,timestamp) timestamptz": (
    zone: string | Interval,
    value: number,
  ) => toUtc(value, zoneOf(zone)),
  "age(timestamptz,timestamptz) interval; age(timestamp,timestamp) interval": age,
  "age(timestamptz) interval; age(timestamp) interval": withInfo(({ env }, value: number) =>
    age(Math.floor(env.runtime.transactionMicros / dayMicros) * dayMicros, value),
  ),
  "date_bin(interval,timestamptz,timestamptz) timestamptz; date_bin(interval,timestamp,timestamp) timestamp":
    bin,
  "justify_hours(interval) interval": (a: Interval) => justify(a, "hours"),
  "justify_days(interval) interval": (a: Interval) => justify(a, "days"),
  "justify_interval(interval) interval": (a: Interval) => justify(a, "all"),
  "isfinite(timestamptz) bool; isfinite(timestamp) bool; isfinite(date) bool": (a: number) =>
    Number.isFinite(a),
  "isfinite(interval) bool": () => true,
  "make_date(int4,int4,int4) date": makeDate,
  "make_time(int4,int4,float8) time": makeTime,
  "make_timestamp(int4,int4,int4,int4,int4,float8) timestamp": makeMoment,
  "make_timestamptz(int4,int4,int4,int4,int4,float8) timestamptz": makeMoment,
  "make_timestamptz(int4,int4,int4,int4,int4,float8,text) timestamptz": (
    year: number,
    month: number,
    day: number,
    hour: number,
    minute: number,
    seconds: number,
    zone: string,
  ) => toUtc(makeMoment(year, month, day, hour, minute, seconds), zoneNamed(zone)),
  "make_interval(int4?,int4?,int4?,int4?,int4?,int4?,float8?) interval": (
    years = 0,
    months = 0,
    weeks = 0,
    days = 0,
    hours = 0,
    minutes = 0,
    seconds = 0,
  ) =>
    span(
      years * 12 + months,
      weeks * 7 + days,
      (hours * 3600 + minutes * 60) * second + Math.round(seconds * second),
    ),
  "to_timestamp(float8) timestamptz": epochMoment,
  "to_timestamp(text,text) timestamptz": (text: string, format: string) => readTimestamp(text, format),
  "to_date(text,text) date": (text: string, format: string) =>
    Math.floor(readTimestamp(text, format) / dayMicros),
  "to_char(timestamptz,text) text": (value: number, format: string) => formatTimestamp(value, format, "UTC"),
  "to_char(timestamp,text) text": (value: number, format: string) => formatTimestamp(value, format, ""),
  "to_char(interval,text) text": formatInterval,
  "timeofday() text volatile": () => {
    throw unsupported("timeofday()");
  },
  "overlaps(timestamptz,timestamptz,timestamptz,timestamptz) bool null; overlaps(timestamp,timestamp,timestamp,timestamp) bool null; overlaps(time,time,time,time) bool null":
    overlaps,
  "overlaps(timestamptz,interval,timestamptz,interval) bool null; overlaps(timestamp,interval,timestamp,interval) bool null":
    (a: number | null, b: Interval | null, c: number | null, d: Interval | null) =>
      overlaps(
        a,
        a === null || b === null ? null : shiftTimestamp(a, b),
        c,
        c === null || d === null ? null : shiftTimestamp(c, d),
      ),
  "+(timestamptz,interval) timestamptz; +(timestamp,interval) timestamp": shiftTimestamp,
  "-(timestamptz,interval) timestamptz; -(timestamp,interval) timestamp": (a: number, b: Interval) =>
    shiftTimestamp(a, invert(b)),
  "+(interval,timestamptz) timestamptz; +(interval,timestamp) timestamp": (a: Interval, b: number) =>
    shiftTimestamp(b, a),
  "+(date,interval) timestamp": (a: number, b: Interval) => shiftTimestamp(asMoment(a), b),
  "-(date,interval) timestamp": (a: number, b: Interval) => shiftTimestamp(asMoment(a), invert(b)),
  "+(interval,date) timestamp": (a: Interval, b: number) => shiftTimestamp(asMoment(b), a),
  "+(date,int4) date": (a: number, b: number) => checkedDate(a + b),
  "+(int4,date) date": (a: number, b: number) => checkedDate(a + b),
  "-(date,int4) date": (a: number, b: number) => checkedDate(a - b),
  "-(date,date) int4": (a: number, b: number) => {
    if (!Number.isFinite(a) || !Number.isFinite(b)) throw fault("22008", "cannot subtract infinite dates");
    return a - b;
  },
  "+(date,time) timestamp": (a: number, b: number) => asMoment(a) + b,
  "+(time,date) timestamp": (a: number, b: number) => asMoment(b) + a,
  "-(timestamptz,timestamptz) interval; -(timestamp,timestamp) interval": between,
  "+(time,interval) time": plusTime,
  "+(interval,time) time": (a: Interval, b: number) => plusTime(b, a),
  "-(time,interval) time": (a: number, b: Interval) => plusTime(a, invert(b)),
  "-(time,time) interval": (a: number, b: number) => span(0, 0, a - b),
  "+(interval,interval) interval": addInterval,
  "-(interval,interval) interval": (a: Interval, b: Interval) => addInterval(a, invert(b)),
  "-(interval) interval": invert,
  "*(interval,float8) interval": scaleInterval,
  "*(float8,interval) interval": (a: number, b: Interval) => scaleInterval(b, a),
  "/(interval,float8) interval": (a: Interval, b: number) => {
    if (b === 0) throw fault("22012", "division by zero");
    return scaleInterval(a, 1 / b);
  },
});
