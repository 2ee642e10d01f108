/** Functions that give many rows, in FROM and in select lists. */
import { lookUp } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import type { Call, TypeName } from "../sql/ast.js";
import {
  boolType,
  int4Type,
  int8Type,
  intervalType,
  jsonType,
  jsonbType,
  numericType,
  regclassType,
  textType,
  timestampType,
  timestamptzType,
} from "../types/builtin.js";
import { parseJson, printJson, type Json } from "../types/json.js";
import { addNumeric, compareNumeric, type Numeric } from "../types/numeric.js";
import { resolveType } from "../types/type-names.js";
import { arrayOf, type PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";
import { settle, tryCoerce } from "./coerce.js";
import {
  compile,
  unsupported,
  type CompileContext,
  type Compiled,
  type EvaluationContext,
} from "./execution-context.js";
import { splitText } from "./functions/array.js";
import { regexpMatches, regexpSplit } from "./functions/pattern.js";
import { compileBinary } from "./operators.js";

export interface TableFunction {
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: PgType }>;
  /** Whether a row is one value rather than several columns. */
  readonly isScalar: boolean;
  rows(env: EvaluationContext): Iterable<Row>;
}

/** A call in a select list that gives many values. */
export interface SetReturning extends Compiled {
  readonly items: (env: EvaluationContext) => Iterable<Value>;
}

export function isSetReturning(value: Compiled): value is SetReturning {
  return "items" in value;
}

/** What a definition knows of a call. */
interface SetFunction {
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: PgType }>;
  readonly isScalar: boolean;
  /** Called with the values of the arguments; not when one is null, unless it takes nulls. */
  rows(args: readonly Value[], env: EvaluationContext): Iterable<Row>;
  readonly args: readonly Compiled[];
}

type Define = (args: readonly Compiled[], name: string) => SetFunction | null;

function series<T extends Value>(
  args: readonly Compiled[],
  type: PgType,
  step: { readonly first: T; readonly zero: (value: T) => number; readonly add: (a: T, b: T) => T },
): SetFunction | null {
  const coerced = args.map((argument) => tryCoerce(argument, type, "implicit"));
  if (!coerced.every((argument) => argument !== null)) return null;
  return {
    columns: [{ name: "generate_series", type }],
    isScalar: true,
    args: coerced,
    *rows([from, to, by = step.first]) {
      const sign = step.zero(by as T);
      if (sign === 0) throw new DatabaseError("22023", "step size cannot equal zero");
      for (let at = from as T; type.compare(at, to as T) * sign <= 0; at = step.add(at, by as T)) yield [at];
    },
  };
}

function timeSeries(args: readonly Compiled[]): SetFunction | null {
  const [from, to, by] = args;
  if (from === undefined || to === undefined || by === undefined) return null;
  const isPlain = [from, to].some(({ type }) => type.oid === timestampType.oid);
  const type = isPlain ? timestampType : timestamptzType;
  const coerced = [
    tryCoerce(from, type, "implicit"),
    tryCoerce(to, type, "implicit"),
    tryCoerce(by, intervalType, "implicit"),
  ];
  if (!coerced.every((argument) => argument !== null)) return null;
  let at: Value = null;
  let width: Value = null;
  const sum = compileBinary(
    "+",
    { type, constant: false, run: () => at },
    { type: intervalType, constant: false, run: () => width },
  );
  return {
    columns: [{ name: "generate_series", type }],
    isScalar: true,
    args: coerced,
    *rows([start, end, step], env) {
      const next = (value: Value): Value => {
        at = value;
        width = step ?? null;
        return sum.run(env);
      };
      const sign = Math.sign(intervalType.compare(step ?? null, intervalType.parse("0")));
      if (sign === 0) throw new DatabaseError("22023", "step size cannot equal zero");
      for (
        let value: Value = start ?? null;
        type.compare(value, end ?? null) * sign <= 0;
        value = next(value)
      )
        yield [value];
    },
  };
}

function generateSeries(args: readonly Compiled[]): SetFunction | null {
  if (args.length < 2 || args.length > 3) return null;
  const types = args.map(({ type }) => type);
  if (types.some(({ category }) => category === "datetime" || category === "interval"))
    return timeSeries(args);
  if (types.some(({ oid }) => oid === numericType.oid)) {
    const one = numericType.parse("1") as Numeric;
    const zero = numericType.parse("0") as Numeric;
    return series<Numeric>(args, numericType, {
      first: one,
      zero: (value) => compareNumeric(value, zero),
      add: addNumeric,
    });
  }
  if (types.some(({ oid }) => oid === int8Type.oid)) {
    return series<bigint>(args, int8Type, {
      first: 1n,
      zero: (value) => Number(value > 0n) - Number(value < 0n),
      add: (a, b) => a + b,
    });
  }
  return series<number>(args, int4Type, { first: 1, zero: Math.sign, add: (a, b) => a + b });
}

function unnest(args: readonly Compiled[]): SetFunction | null {
  const arrays = args.map((argument) =>
    argument.coerce === undefined ? argument : argument.coerce(arrayOf(textType)),
  );
  if (arrays.length === 0 || arrays.some(({ type }) => type.element === undefined)) return null;
  return {
    columns: arrays.map(({ type }) => ({ name: "unnest", type: type.element as PgType })),
    isScalar: arrays.length === 1,
    args: arrays,
    *rows(values) {
      const lists = values.map((value) => ((value ?? []) as readonly Value[]).flat(6) as readonly Value[]);
      const length = Math.max(0, ...lists.map((list) => list.length));
      for (let index = 0; index < length; index += 1) yield lists.map((list) => list[index] ?? null);
    },
  };
}

/** Functions of one JSON document, in both spellings. */
function ofJson(
  columns: (type: PgType) => SetFunction["columns"],
  kind: "object" | "array",
  rows: (value: Json, type: PgType) => Iterable<Row>,
): Define {
  return (args, name) => {
    const type = name.startsWith("jsonb_") ? jsonbType : jsonType;
    const [only] = args;
    const document = only === undefined ? null : tryCoerce(only, type, "implicit");
    if (document === null || args.length !== 1) return null;
    const found = columns(type);
    return {
      columns: found,
      isScalar: found.length === 1,
      args: [document],
      *rows([value]) {
        const parsed = parseJson(value as string);
        const isRight = kind === "array" ? Array.isArray(parsed) : parsed instanceof Map;
        if (!isRight) throw wrongDocument(name, kind, parsed);
        yield* rows(parsed, type);
      },
    };
  };
}

function wrongDocument(name: string, kind: "object" | "array", value: Json): DatabaseError {
  const what = value instanceof Map ? "an object" : Array.isArray(value) ? "an array" : "a scalar";
  if (kind === "array") {
    const where =
      what === "an object" && name.startsWith("jsonb_")
        ? "an object"
        : what.replace("an object", "a non-array");
    return new DatabaseError(
      "22023",
      name.startsWith("jsonb_")
        ? `cannot extract elements from ${where}`
        : `cannot call ${name} on ${what === "a scalar" ? "a scalar" : "a non-array"}`,
    );
  }
  return new DatabaseError(
    "22023",
    `cannot call ${name} on ${what === "an array" ? "an array" : what === "a scalar" && name.includes("_each") ? "a non-object" : what}`,
  );
}

function asText(value: Json): Value {
  if (value === null) return null;
  return typeof value === "string" ? value : printJson(value);
}

const each = ofJson(
  (type) => [
    { name: "key", type: textType },
    { name: "value", type },
  ],
  "object",
  function* (value, type) {
    for (const [key, item] of value as ReadonlyMap<string, Json>) yield [key, type.parse(printJson(item))];
  },
);
const eachText = ofJson(
  () => [
    { name: "key", type: textType },
    { name: "value", type: textType },
  ],
  "object",
  function* (value) {
    for (const [key, item] of value as ReadonlyMap<string, Json>) yield [key, asText(item)];
  },
);
const elements = ofJson(
  (type) => [{ name: "value", type }],
  "array",
  function* (value, type) {
    for (const item of value as readonly Json[]) yield [type.parse(printJson(item))];
  },
);
const elementsText = ofJson(
  () => [{ name: "value", type: textType }],
  "array",
  function* (value) {
    for (const item of value as readonly Json[]) yield [asText(item)];
  },
);
const keys = ofJson(
  () => [{ name: "json_object_keys", type: textType }],
  "object",
  function* (value) {
    for (const key of (value as ReadonlyMap<string, Json>).keys()) yield [key];
  },
);

function ofTexts(
  name: string,
  least: number,
  rows: (args: readonly (string | null)[]) => Iterable<Value>,
  type: PgType = textType,
): Define {
  return (args) => {
    if (args.length < least || args.length > 3) return null;
    const texts = args.map((argument) => tryCoerce(argument, textType, "implicit"));
    if (!texts.every((argument) => argument !== null)) return null;
    return {
      columns: [{ name, type }],
      isScalar: true,
      args: texts,
      *rows(values) {
        for (const value of rows(values as readonly (string | null)[])) yield [value];
      },
    };
  };
}

function subscripts(args: readonly Compiled[]): SetFunction | null {
  const [array, dimension] = args;
  if (array?.type.element === undefined || dimension === undefined) return null;
  const wanted = tryCoerce(dimension, int4Type, "implicit");
  if (wanted === null) return null;
  return {
    columns: [{ name: "generate_subscripts", type: int4Type }],
    isScalar: true,
    args: [array, wanted],
    *rows([value, depth]) {
      if (depth !== 1) return;
      for (let index = 1; index <= (value as readonly Value[]).length; index += 1) yield [index];
    },
  };
}

const definitions: Readonly<Record<string, Define>> = {
  generate_series: generateSeries,
  generate_subscripts: subscripts,
  unnest,
  json_each: each,
  jsonb_each: each,
  json_each_text: eachText,
  jsonb_each_text: eachText,
  json_array_elements: elements,
  jsonb_array_elements: elements,
  json_array_elements_text: elementsText,
  jsonb_array_elements_text: elementsText,
  json_object_keys: keys,
  jsonb_object_keys: keys,
  pg_partition_ancestors: noPartitions,
  string_to_table: ofTexts("string_to_table", 2, ([text = "", separator = null, empty = null]) =>
    splitText(text ?? "", separator, empty),
  ),
  regexp_split_to_table: ofTexts("regexp_split_to_table", 2, ([text, source, flags]) =>
    regexpSplit(text ?? "", source ?? "", flags ?? ""),
  ),
  regexp_matches: ofTexts(
    "regexp_matches",
    2,
    ([text, source, flags]) => regexpMatches(text ?? "", source ?? "", flags ?? ""),
    arrayOf(textType),
  ),
};

/** Tables are no partitions here. */
function noPartitions(args: readonly Compiled[], name: string): SetFunction | null {
  const [relation] = args;
  const wanted = relation === undefined ? null : tryCoerce(relation, regclassType, "implicit");
  if (wanted === null) return null;
  return { columns: [{ name, type: regclassType }], isScalar: true, args: [wanted], rows: () => [] };
}

const takesNulls = new Set(["unnest", "string_to_table"]);

function find(call: Call, context: CompileContext): SetFunction | null {
  const define = call.schema === undefined ? definitions[call.name] : undefined;
  if (define === undefined) return null;
  const inner: CompileContext = { ...context, aggregates: context.aggregates };
  const args = call.args.map((argument) => compile(argument, inner));
  const found = define(args, call.name);
  if (found !== null) return found;
  throw new DatabaseError(
    "42883",
    `function ${call.name}(${args.map(({ type }) => type.name).join(", ")}) does not exist`,
    {
      hint: "No function matches the given name and argument types. You might need to add explicit type casts.",
    },
  );
}

function rowsOf(call: Call, found: SetFunction): TableFunction["rows"] {
  const isStrict = !takesNulls.has(call.name);
  return (env) => {
    const values = found.args.map((argument) => argument.run(env));
    return isStrict && values.includes(null) ? [] : found.rows(values, env);
  };
}

/** @returns Null when the call gives one value. */
export function compileSetReturning(call: Call, context: CompileContext): SetReturning | null {
  const found = find(call, context);
  if (found === null) return null;
  const [first] = found.columns;
  if (!found.isScalar || first === undefined) throw unsupported(`${call.name} in a select list`);
  const rows = rowsOf(call, found);
  return {
    type: first.type,
    constant: false,
    run() {
      throw unsupported(`${call.name} inside an expression`);
    },
    *items(env) {
      for (const [value] of rows(env)) yield value ?? null;
    },
  };
}

type Definition = { readonly name: string; readonly type: TypeName };

/** A call in FROM. @param definition - `AS t(a int, b text)`, for functions that give records. */
export function compileTableFunction(
  call: Call,
  definition: readonly Definition[] | null,
  context: CompileContext,
): TableFunction {
  const found = find(call, context);
  if (found !== null) return { columns: found.columns, isScalar: found.isScalar, rows: rowsOf(call, found) };
  if (definition !== null) return compileRecordset(call, definition, context);
  const value = settle(compile(call, context));
  const { fields } = value.type;
  if (fields !== undefined)
    return { columns: fields, isScalar: false, rows: (env) => [value.run(env) as Row] };
  return {
    columns: [{ name: call.name, type: value.type }],
    isScalar: true,
    rows: (env) => [[value.run(env)]],
  };
}

/** `jsonb_to_recordset(...) AS t(a int)` and its kin. */
function compileRecordset(
  call: Call,
  definition: readonly Definition[],
  context: CompileContext,
): TableFunction {
  const known = /^jsonb?_to_record(set)?$/.exec(call.name);
  const [argument] = call.args;
  if (known === null || argument === undefined) throw unsupported(`${call.name} with a list of columns`);
  const isSet = known[1] !== undefined;
  const document = tryCoerce(
    compile(argument, context),
    call.name.startsWith("jsonb") ? jsonbType : jsonType,
    "implicit",
  );
  if (document === null) throw new DatabaseError("42883", `function ${call.name} does not exist`);
  const columns = definition.map(({ name, type }) => ({
    name,
    type: resolveType(type, (own) => lookUp(context.catalog.enums, own, context.catalog)),
  }));
  const cell = (item: Json | undefined, type: PgType): Value => {
    if (item === undefined || item === null) return null;
    if (type.category === "json") return type.parse(printJson(item));
    if (type === boolType && typeof item === "boolean") return item;
    return type.parse(typeof item === "string" ? item : printJson(item));
  };
  return {
    columns,
    isScalar: false,
    *rows(env) {
      const value = document.run(env);
      if (value === null) return;
      const parsed = parseJson(value as string);
      for (const item of isSet ? (parsed as readonly Json[]) : [parsed]) {
        const object = item instanceof Map ? item : new Map<string, Json>();
        yield columns.map(({ name, type }) => cell(object.get(name), type));
      }
    },
  };
}
