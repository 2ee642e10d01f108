/** Text functions. */
import { lookUp, type SequenceDef } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import * as builtin from "../types/builtin.js";
import {
  boolType,
  byteaType,
  float8Type,
  int4Type,
  int8Type,
  jsonbType,
  nameType,
  numericType,
  textType,
  uuidType,
  voidType,
} from "../types/builtin.js";
import { checkInteger } from "../types/cast.js";
import { parseJson, printJson, type Json } from "../types/json.js";
import { negateNumeric, roundNumeric, type Numeric } from "../types/numeric.js";
import type { Interval } from "../types/temporal.js";
import { arrayOf, type PgType } from "../types/type.js";
import type { Value } from "../types/value.js";
import {
  missingTable,
  unsupported,
  type AdvisoryRequest,
  type EvaluationContext,
  type Wait,
} from "./execution-context.js";

type Args = readonly Value[];

function define(
  name: string,
  args: readonly PgType[],
  result: PgType,
  run: (args: Args) => Value,
  required = args.length,
): FunctionDef {
  return { name, args, result, required, run };
}

const text = (args: Args, index: number): string => (args[index] ?? "") as string;
const int = (args: Args, index: number): number => (args[index] ?? 0) as number;
const points = (value: string): string[] => Array.from(value);

function substring(value: string, start: number, length: number | null): string {
  if (length !== null && length < 0)
    throw new DatabaseError("22011", "negative substring length not allowed");
  const from = Math.max(start - 1, 0);
  const to = length === null ? undefined : Math.max(start - 1 + length, 0);
  return points(value).slice(from, to).join("");
}

function pad(value: string, length: number, fill: string, left: boolean): string {
  const own = points(value);
  if (own.length >= length || fill === "") return own.slice(0, Math.max(length, 0)).join("");
  const filler = points(fill.repeat(Math.ceil((length - own.length) / points(fill).length)));
  const padding = filler.slice(0, length - own.length).join("");
  return left ? padding + value : value + padding;
}

function trim(value: string, characters: string, sides: "both" | "left" | "right"): string {
  const set = new Set(characters);
  const own = points(value);
  let from = 0;
  let to = own.length;
  if (sides !== "right") while (from < to && set.has(own[from] ?? "")) from += 1;
  if (sides !== "left") while (to > from && set.has(own[to - 1] ?? "")) to -= 1;
  return own.slice(from, to).join("");
}

function jsonbSet(target: Json, path: readonly string[], value: Json, create: boolean): Json {
  const [step, ...rest] = path;
  if (step === undefined) return target;
  if (target instanceof Map) {
    const own = target.get(step);
    if (own === undefined && (!create || rest.length > 0)) return target;
    return new Map(target).set(step, rest.length === 0 ? value : jsonbSet(own ?? null, rest, value, create));
  }
  if (!Array.isArray(target)) return target;
  const index = Number(step) < 0 ? target.length + Number(step) : Number(step);
  const own = target[index];
  if (own === undefined)
    return create && rest.length === 0 ? (index < 0 ? [value, ...target] : [...target, value]) : target;
  return target.with(index, rest.length === 0 ? value : jsonbSet(own, rest, value, create));
}

const trims = (["both", "left", "right"] as const).map((sides) => {
  const name = sides === "both" ? "btrim" : sides === "left" ? "ltrim" : "rtrim";
  return define(
    name,
    [textType, textType],
    textType,
    (args) => trim(text(args, 0), args.length > 1 ? text(args, 1) : " ", sides),
    1,
  );
});

const textFunctions: readonly FunctionDef[] = [
  ...trims,
  define("trim", [textType], textType, (args) => trim(text(args, 0), " ", "both")),
  define("lower", [textType], textType, (args) => text(args, 0).toLowerCase()),
  define("upper", [textType], textType, (args) => text(args, 0).toUpperCase()),
  define("length", [textType], int4Type, (args) => points(text(args, 0)).length),
  define("length", [byteaType], int4Type, (args) => (args[0] as Uint8Array).length),
  define("char_length", [textType], int4Type, (args) => points(text(args, 0)).length),
  define("octet_length", [textType], int4Type, (args) => Buffer.byteLength(text(args, 0))),
  define(
    "substring",
    [textType, int4Type, int4Type],
    textType,
    (args) => substring(text(args, 0), int(args, 1), args.length > 2 ? int(args, 2) : null),
    2,
  ),
  define(
    "substr",
    [textType, int4Type, int4Type],
    textType,
    (args) => substring(text(args, 0), int(args, 1), args.length > 2 ? int(args, 2) : null),
    2,
  ),
  define("left", [textType, int4Type], textType, (args) =>
    points(text(args, 0)).slice(0, int(args, 1)).join(""),
  ),
  define("right", [textType, int4Type], textType, (args) => {
    const own = points(text(args, 0));
    const count = int(args, 1);
    return own.slice(count >= 0 ? Math.max(own.length - count, 0) : -count).join("");
  }),
  define("replace", [textType, textType, textType], textType, (args) =>
    text(args, 1) === "" ? text(args, 0) : text(args, 0).replaceAll(text(args, 1), () => text(args, 2)),
  ),
  define("strpos", [textType, textType], int4Type, (args) => {
    const at = text(args, 0).indexOf(text(args, 1));
    return at < 0 ? 0 : points(text(args, 0).slice(0, at)).length + 1;
  }),
  define("starts_with", [textType, textType], boolType, (args) => text(args, 0).startsWith(text(args, 1))),
  define("repeat", [textType, int4Type], textType, (args) => text(args, 0).repeat(Math.max(int(args, 1), 0))),
  define("reverse", [textType], textType, (args) => points(text(args, 0)).toReversed().join("")),
  define(
    "lpad",
    [textType, int4Type, textType],
    textType,
    (args) => pad(text(args, 0), int(args, 1), args.length > 2 ? text(args, 2) : " ", true),
    2,
  ),
  define(
    "rpad",
    [textType, int4Type, textType],
    textType,
    (args) => pad(text(args, 0), int(args, 1), args.length > 2 ? text(args, 2) : " ", false),
    2,
  ),
  define("split_part", [textType, textType, int4Type], textType, (args) => {
    const parts = text(args, 1) === "" ? [text(args, 0)] : text(args, 0).split(text(args, 1));
    const place = int(args, 2);
    if (place === 0) throw new DatabaseError("22023", "field position must not be zero");
    return parts.at(place > 0 ? place - 1 : place) ?? "";
  }),
  define("jsonb_typeof", [jsonbType], textType, (args) => {
    const value = parseJson(text(args, 0));
    if (value === null) return "null";
    if (Array.isArray(value)) return "array";
    if (value instanceof Map) return "object";
    return typeof value === "object" ? "number" : typeof value;
  }),
  define("jsonb_array_length", [jsonbType], int4Type, (args) => {
    const value = parseJson(text(args, 0));
    if (!Array.isArray(value)) {
      throw new DatabaseError(
        "22023",
        `cannot get array length of ${value instanceof Map ? "a non-array" : "a scalar"}`,
      );
    }
    return value.length;
  }),
  define(
    "jsonb_set",
    [jsonbType, arrayOf(textType), jsonbType, boolType],
    jsonbType,
    (args) =>
      printJson(
        jsonbSet(
          parseJson(text(args, 0)),
          args[1] as readonly string[],
          parseJson(text(args, 2)),
          args[3] !== false,
        ),
      ),
    3,
  ),
];

// Arithmetic functions.

function overload(name: string, type: PgType, run: (value: Value) => Value): FunctionDef {
  return { name, args: [type], result: type, run: ([value = null]) => run(value) };
}

function floatFunction(name: string, apply: (value: number) => number): FunctionDef {
  return overload(name, float8Type, (value) => apply(value as number));
}

/** Rounds towards an infinity: `direction` is 1 for ceil, -1 for floor. */
function roundTowards(value: Numeric, direction: number): Numeric {
  if (value.digits === null) return value;
  const unit = 10n ** BigInt(value.scale);
  const whole = value.digits / unit;
  const rest = value.digits % unit;
  const step = rest === 0n || rest > 0n !== direction > 0 ? 0n : BigInt(direction);
  return { digits: whole + step, scale: 0 };
}

function halfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

const mathFunctions: readonly FunctionDef[] = [
  overload("abs", int4Type, (value) => checkInteger(int4Type, Math.abs(value as number))),
  overload("abs", int8Type, (value) => ((value as bigint) < 0n ? -(value as bigint) : value)),
  overload("abs", numericType, (value) => {
    const number = value as Numeric;
    return number.digits !== null && number.digits < 0n ? negateNumeric(number) : number;
  }),
  floatFunction("abs", Math.abs),
  overload("ceil", numericType, (value) => roundTowards(value as Numeric, 1)),
  floatFunction("ceil", Math.ceil),
  overload("ceiling", numericType, (value) => roundTowards(value as Numeric, 1)),
  floatFunction("ceiling", Math.ceil),
  overload("floor", numericType, (value) => roundTowards(value as Numeric, -1)),
  floatFunction("floor", Math.floor),
  overload("round", numericType, (value) => roundNumeric(value as Numeric, 0)),
  floatFunction("round", halfEven),
  {
    name: "round",
    args: [numericType, int4Type],
    result: numericType,
    run: ([value = null, digits = null]) => {
      if ((digits as number) < 0) {
        const tens = 10n ** BigInt(-(digits as number));
        const { digits: whole } = roundNumeric(
          { digits: (value as Numeric).digits, scale: (value as Numeric).scale - (digits as number) },
          0,
        );
        return { digits: whole === null ? null : whole * tens, scale: 0 };
      }
      return roundNumeric(value as Numeric, digits as number);
    },
  },
  floatFunction("trunc", Math.trunc),
  floatFunction("sqrt", (value) => {
    if (value < 0) throw new DatabaseError("2201F", "cannot take square root of a negative number");
    return Math.sqrt(value);
  }),
  {
    name: "power",
    args: [float8Type, float8Type],
    result: float8Type,
    run: ([base = null, exponent = null]) => (base as number) ** (exponent as number),
  },
  {
    name: "mod",
    args: [int4Type, int4Type],
    result: int4Type,
    run: ([value = null, divisor = null]) => {
      if (divisor === 0) throw new DatabaseError("22012", "division by zero");
      return ((value as number) % (divisor as number)) + 0;
    },
  },
];

// Functions of time. The clock is the world's.

const {
  timestamptzType,
  timestampType,
  dateType,
  intervalType,
  textType: textTypeTime,
  float8Type: float8TypeTime,
} = builtin;

function clock(name: string, run: (env: EvaluationContext) => Value, volatile = false): FunctionDef {
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
      args: [textTypeTime, type],
      result: float8TypeTime,
      run: ([name, value = null]) => read(field(name), value),
    },
    {
      name: "extract",
      args: [textTypeTime, type],
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
  args: [textTypeTime, type],
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

const timeFunctions: readonly FunctionDef[] = [
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
    args: [float8TypeTime],
    result: timestamptzType,
    run: ([seconds]) => Math.round((seconds as number) * 1_000_000),
  },
  {
    name: "to_char",
    args: [timestamptzType, textTypeTime],
    result: textTypeTime,
    run: ([value, format]) => toChar(value as number, format as string),
  },
];

// Functions of the session: sequences, advisory locks, settings, identity, randomness.

function findSequence(name: Value | undefined, env: EvaluationContext): SequenceDef {
  const parts = (name as string).split(".").map((part) => part.replace(/^"(.*)"$/, "$1"));
  const bare = parts.at(-1) ?? "";
  const [schema] = parts;
  const { catalog } = env.runtime;
  const wanted = parts.length > 1 && schema !== undefined ? { schema, name: bare } : { name: bare };
  const found = lookUp(catalog.sequences, wanted, catalog);
  if (found === undefined) throw missingTable(parts.join("."));
  return found;
}

const sequenceFunctions: FunctionDef[] = [
  {
    name: "nextval",
    args: [textType],
    result: int8Type,
    volatile: true,
    run: ([name], env) => env.runtime.nextValue(findSequence(name, env)),
  },
  {
    name: "currval",
    args: [textType],
    result: int8Type,
    volatile: true,
    run: ([name], env) => env.runtime.currentValue(findSequence(name, env)),
  },
  { name: "lastval", args: [], result: int8Type, volatile: true, run: (_, env) => env.runtime.lastValue() },
  {
    name: "setval",
    args: [textType, int8Type, boolType],
    required: 2,
    result: int8Type,
    volatile: true,
    run: ([name, value, called = true], env) => {
      env.runtime.setValue(findSequence(name, env), value as bigint, called === true);
      return value ?? null;
    },
  },
];

type AdvisoryParts = Omit<AdvisoryRequest, "key">;

/** Both key forms: one bigint, or two integers; they never meet. */
function advisory(name: string, result: PgType, parts: AdvisoryParts): FunctionDef[] {
  const keyOf = (args: readonly Value[]): string =>
    args.map((part) => (part as bigint | number).toString()).join(",");
  const ask = (
    args: readonly Value[],
    env: EvaluationContext,
  ): ReturnType<EvaluationContext["runtime"]["advisory"]> =>
    env.runtime.advisory({ ...parts, key: keyOf(args) });
  const waits = parts.action === "lock";
  const wait = (values: readonly Value[], env: EvaluationContext): Wait | null => {
    const answer = ask(values, env);
    return answer === null || typeof answer === "boolean" ? null : { kind: "lock", wait: answer };
  };
  const overload = (args: readonly PgType[]): FunctionDef => ({
    name,
    args,
    result,
    volatile: true,
    run(values, env) {
      if (waits) throw unsupported(`${name}() anywhere but as a column of a plain SELECT`);
      const answer = ask(values, env);
      return result === voidType ? "" : answer === true;
    },
    wait: waits ? wait : null,
  });
  return [overload([int8Type]), overload([int4Type, int4Type])];
}

const advisoryFunctions: FunctionDef[] = (["session", "transaction"] as const).flatMap((scope) =>
  [false, true].flatMap((shared) => {
    const x = scope === "transaction" ? "_xact" : "";
    const tail = shared ? "_shared" : "";
    const taking = advisory(`pg_advisory${x}_lock${tail}`, voidType, { action: "lock", shared, scope });
    const trying = advisory(`pg_try_advisory${x}_lock${tail}`, boolType, { action: "try", shared, scope });
    if (scope === "transaction") return taking.concat(trying);
    return taking.concat(
      trying,
      advisory(`pg_advisory_unlock${tail}`, boolType, { action: "unlock", shared, scope }),
    );
  }),
);

function uuidFrom(bytes: Uint8Array): string {
  const hex = [...bytes]
    .map((byte, index) => (index === 6 ? (byte & 0x0f) | 0x40 : index === 8 ? (byte & 0x3f) | 0x80 : byte))
    .map((byte) => byte.toString(16).padStart(2, "0"))
    .join("");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

const sessionFunctions: readonly FunctionDef[] = [
  ...sequenceFunctions,
  ...advisoryFunctions,
  {
    name: "pg_advisory_unlock_all",
    args: [],
    result: voidType,
    volatile: true,
    run(_, env) {
      env.runtime.advisory({ action: "unlock all", key: "", shared: false, scope: "session" });
      return "";
    },
  },
  {
    name: "pg_sleep",
    args: [float8Type],
    result: voidType,
    volatile: true,
    run: () => {
      throw unsupported("pg_sleep() anywhere but as a column of a plain SELECT");
    },
    wait: ([seconds]) =>
      (seconds as number) > 0 ? { kind: "sleep", delayMs: (seconds as number) * 1000 } : null,
  },
  {
    name: "pg_notify",
    args: [textType, textType],
    result: voidType,
    volatile: true,
    calledOnNull: true,
    run([channel = null, payload = null], env) {
      if (channel === null || channel === "")
        throw new DatabaseError("22023", "channel name cannot be empty");
      env.runtime.notify(channel as string, (payload as string | null) ?? "");
      return "";
    },
  },
  {
    name: "gen_random_uuid",
    args: [],
    result: uuidType,
    volatile: true,
    run: (_, env) => uuidFrom(env.runtime.randomBytes(16)),
  },
  {
    name: "random",
    args: [],
    result: float8Type,
    volatile: true,
    run(_, env) {
      const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = env.runtime.randomBytes(6);
      return (((((a * 256 + b) * 256 + c) * 256 + d) * 256 + e) * 256 + f) / 2 ** 48;
    },
  },
  { name: "pg_backend_pid", args: [], result: int4Type, run: (_, env) => env.runtime.backendPid },
  {
    name: "txid_current",
    args: [],
    result: int8Type,
    volatile: true,
    run: (_, env) => BigInt(env.runtime.xactId()),
  },
  { name: "current_database", args: [], result: nameType, run: (_, env) => env.runtime.database },
  { name: "current_schema", args: [], result: nameType, run: () => "public" },
  {
    name: "version",
    args: [],
    result: textType,
    run: () => "PostgreSQL 15.0 (simulated)",
  },
  {
    name: "current_setting",
    args: [textType, boolType],
    required: 1,
    result: textType,
    run([name, missingOk = false], env) {
      const value = env.runtime.setting((name as string).toLowerCase());
      if (value === null && missingOk !== true) {
        throw new DatabaseError("42704", `unrecognized configuration parameter "${name as string}"`);
      }
      return value;
    },
  },
  {
    name: "set_config",
    args: [textType, textType, boolType],
    result: textType,
    volatile: true,
    run([name, value, local], env) {
      env.runtime.changeSetting((name as string).toLowerCase(), value as string, local === true);
      return env.runtime.setting((name as string).toLowerCase());
    },
  },
];

// The ordinary functions, with their overloads. Those with free argument types are in functions.ts.

export interface FunctionDef {
  readonly name: string;
  readonly args: readonly PgType[];
  /** How many arguments must be given. @default all */
  readonly required?: number;
  readonly result: PgType;
  /** Whether it runs although an argument is null. @default false: null in, null out */
  readonly calledOnNull?: boolean;
  readonly volatile?: boolean;
  run(args: readonly Value[], env: EvaluationContext): Value;
  /** Set when the call may have to wait; allowed only as a column of a plain `SELECT`. */
  readonly wait?: ((args: readonly Value[], env: EvaluationContext) => Wait | null) | null;
}

const all = [...mathFunctions, ...textFunctions, ...timeFunctions, ...sessionFunctions];

export const functionTable: ReadonlyMap<string, readonly FunctionDef[]> = new Map(
  all.map(({ name }) => [name, all.filter((def) => def.name === name)]),
);

/** Real functions that are refused by name, so that they are not mistaken for typing errors. */
export const knownUnsupported: ReadonlySet<string> = new Set([
  "date_bin",
  "generate_series",
  "unnest",
  "regexp_matches",
  "regexp_match",
  "to_date",
  "to_number",
  "age",
  "make_interval",
  "make_date",
  "make_timestamp",
  "jsonb_array_elements",
  "jsonb_array_elements_text",
  "jsonb_each",
  "jsonb_each_text",
  "jsonb_object_keys",
  "jsonb_path_query",
  "jsonb_path_exists",
  "json_array_elements",
  "row_to_json",
  "to_tsvector",
  "to_tsquery",
  "similarity",
  "encode",
  "decode",
  "digest",
  "crypt",
  "sha256",
  "row_number",
  "rank",
  "dense_rank",
  "lag",
  "lead",
  "first_value",
  "last_value",
  "ntile",
  "array_to_string",
  "string_to_array",
  "string_to_table",
  "format",
  "setseed",
  "txid_current_snapshot",
  "pg_size_pretty",
  "pg_total_relation_size",
  "pg_relation_size",
  "pg_terminate_backend",
  "pg_cancel_backend",
  "pg_get_serial_sequence",
  "obj_description",
  "has_table_privilege",
  "inet_server_addr",
  "jsonb_pretty",
  "jsonb_strip_nulls",
  "jsonb_insert",
  "xmlparse",
  "num_nulls",
  "num_nonnulls",
  "quote_ident",
  "quote_literal",
  "translate",
  "regexp_replace",
  "regexp_split_to_array",
  "overlay",
  "timeofday",
  "isfinite",
  "justify_days",
  "array_cat",
  "array_prepend",
  "array_replace",
  "trim_array",
  "to_hex",
  "ascii",
  "chr",
  "initcap",
  "lastval_text",
  "width_bucket",
  "hashtext",
  "pg_typeof",
  "pg_blocking_pids",
]);
