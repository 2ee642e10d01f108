/** Functions of time. The clock is the world's. */
import { DatabaseError } from "../../database-error.js";
import * as builtin from "../../types/builtin.js";
import type { Interval } from "../../types/interval.js";
import { numericType } from "../../types/builtin.js";
import type { PgType } from "../../types/type.js";
import type { Value } from "../../types/value.js";
import type { Env } from "../env.js";
import type { FunctionDef } from "../function-table.js";
import { unsupported } from "../unsupported.js";

const { timestamptzType, timestampType, dateType, intervalType, textType, float8Type } = builtin;

function clock(name: string, run: (env: Env) => Value, volatile = false): FunctionDef {
  return { name, args: [], result: timestamptzType, volatile, run: (_, env) => run(env) };
}

const dayMicros = 86_400_000_000;

/** A field of an interval, in the unit of the field, as exact microseconds for `second` and `epoch`. */
function intervalField(field: string, { months, days, microseconds }: Interval): number {
  const parts: Readonly<Record<string, number>> = {
    epoch: (Math.trunc(months / 12) * 365.25 + (months % 12) * 30 + days) * 86_400 + microseconds / 1_000_000,
    year: Math.trunc(months / 12),
    month: months % 12,
    day: days,
    hour: Math.trunc(microseconds / 3_600_000_000),
    minute: Math.trunc(microseconds / 60_000_000) % 60,
    second: (microseconds % 60_000_000) / 1_000_000,
    milliseconds: (microseconds % 60_000_000) / 1000,
    microseconds: microseconds % 60_000_000,
  };
  return known(field, parts);
}

function known(field: string, parts: Readonly<Record<string, number>>): number {
  const found =
    parts[field.toLowerCase().replace(/^(year|month|day|hour|minute|second|quarter|week)s$/, "$1")];
  if (found === undefined) throw unsupported(`the date field ${field}`);
  return found;
}

function timestampField(field: string, micros: number): number {
  const date = new Date(Math.floor(micros / 1000));
  const ofMinute = ((micros % 60_000_000) + 60_000_000) % 60_000_000;
  const day = date.getUTCDay();
  const yearStart = Date.UTC(date.getUTCFullYear(), 0, 1) * 1000;
  return known(field, {
    epoch: micros / 1_000_000,
    year: date.getUTCFullYear(),
    quarter: Math.floor(date.getUTCMonth() / 3) + 1,
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: ofMinute / 1_000_000,
    milliseconds: ofMinute / 1000,
    microseconds: ofMinute,
    dow: day,
    isodow: day === 0 ? 7 : day,
    doy: Math.floor((micros - yearStart) / dayMicros) + 1,
  });
}

const scales: Readonly<Record<string, number>> = { epoch: 6, second: 6, seconds: 6, milliseconds: 3 };

/** `extract` gives numeric, `date_part` a float. */
function fieldFunctions(type: PgType, read: (field: string, value: Value) => number): FunctionDef[] {
  const field = (value: Value | undefined): string => (value as string).toLowerCase();
  return [
    {
      name: "date_part",
      args: [textType, type],
      result: float8Type,
      run: ([name, value = null]) => read(field(name), value),
    },
    {
      name: "extract",
      args: [textType, type],
      result: numericType,
      run: ([name, value = null]) => {
        const scale = type === dateType && field(name) === "epoch" ? 0 : (scales[field(name)] ?? 0);
        return numericType.parse(read(field(name), value).toFixed(scale));
      },
    },
  ];
}

function truncate(field: string, micros: number): number {
  const date = new Date(Math.floor(micros / 1000));
  const year = date.getUTCFullYear();
  const month = date.getUTCMonth();
  const sizes: Readonly<Record<string, number>> = {
    microseconds: 1,
    milliseconds: 1000,
    second: 1_000_000,
    minute: 60_000_000,
    hour: 3_600_000_000,
    day: dayMicros,
  };
  const size = sizes[field];
  if (size !== undefined) return Math.floor(micros / size) * size;
  if (field === "week") {
    const day = Math.floor(micros / dayMicros);
    return (day - ((((day + 3) % 7) + 7) % 7)) * dayMicros;
  }
  if (field === "month") return Date.UTC(year, month, 1) * 1000;
  if (field === "quarter") return Date.UTC(year, month - (month % 3), 1) * 1000;
  if (field === "year") return Date.UTC(year, 0, 1) * 1000;
  throw new DatabaseError("22023", `unit "${field}" not recognized for type timestamp with time zone`);
}

const truncations: FunctionDef[] = [timestamptzType, timestampType].map((type) => ({
  name: "date_trunc",
  args: [textType, type],
  result: type,
  run: ([field, value]) => truncate((field as string).toLowerCase(), value as number),
}));

function toChar(micros: number, format: string): string {
  const text = new Date(Math.floor(micros / 1000)).toISOString();
  const parts: Readonly<Record<string, string>> = {
    YYYY: text.slice(0, 4),
    MM: text.slice(5, 7),
    DD: text.slice(8, 10),
    HH24: text.slice(11, 13),
    MI: text.slice(14, 16),
    SS: text.slice(17, 19),
    MS: text.slice(20, 23),
    US: String(((micros % 1_000_000) + 1_000_000) % 1_000_000).padStart(6, "0"),
  };
  return format.replace(
    /"([^"]*)"|YYYY|MM|DD|HH24|MI|SS|MS|US|[A-Za-z]+/g,
    (found, quoted: string | undefined) => {
      if (quoted !== undefined) return quoted;
      const part = parts[found];
      if (part === undefined && found !== "T" && found !== "Z") throw unsupported(`to_char with ${found}`);
      return part ?? found;
    },
  );
}

export const timeFunctions: readonly FunctionDef[] = [
  clock("now", (env) => env.runtime.transactionMicros),
  clock("transaction_timestamp", (env) => env.runtime.transactionMicros),
  clock("statement_timestamp", (env) => env.runtime.statementMicros),
  clock("clock_timestamp", (env) => env.runtime.nowMicros(), true),
  ...fieldFunctions(timestamptzType, (field, value) => timestampField(field, value as number)),
  ...fieldFunctions(timestampType, (field, value) => timestampField(field, value as number)),
  ...fieldFunctions(dateType, (field, value) => timestampField(field, (value as number) * dayMicros)),
  ...fieldFunctions(intervalType, (field, value) => intervalField(field, value as Interval)),
  ...truncations,
  {
    name: "to_timestamp",
    args: [float8Type],
    result: timestamptzType,
    run: ([seconds]) => Math.round((seconds as number) * 1_000_000),
  },
  {
    name: "to_char",
    args: [timestamptzType, textType],
    result: textType,
    run: ([value, format]) => toChar(value as number, format as string),
  },
];
