/** From the name of a type in SQL to the type. */
import { SimError } from "../../../errors.js";
import { DatabaseError } from "../database-error.js";
import type { TypeName } from "../sql/ast.js";
import * as builtin from "./builtin.js";
import { printNumeric, roundNumeric, type Numeric } from "./numeric.js";
import { bareUnit, limitInterval, parseInterval, roundEven, type Interval } from "./temporal.js";
import { arrayOf, type PgType } from "./type.js";
import type { Value } from "./value.js";

/** Built-in types by the names they have in SQL and in pg_type. */
export const types: Readonly<Record<string, PgType>> = {
  bool: builtin.boolType,
  boolean: builtin.boolType,
  int2: builtin.int2Type,
  smallint: builtin.int2Type,
  int4: builtin.int4Type,
  int: builtin.int4Type,
  integer: builtin.int4Type,
  int8: builtin.int8Type,
  bigint: builtin.int8Type,
  numeric: builtin.numericType,
  decimal: builtin.numericType,
  float4: builtin.float4Type,
  real: builtin.float4Type,
  float8: builtin.float8Type,
  float: builtin.float8Type,
  "double precision": builtin.float8Type,
  text: builtin.textType,
  varchar: builtin.varcharType,
  "character varying": builtin.varcharType,
  bpchar: builtin.bpcharType,
  char: builtin.charType,
  character: builtin.bpcharType,
  name: builtin.nameType,
  uuid: builtin.uuidType,
  bytea: builtin.byteaType,
  json: builtin.jsonType,
  jsonb: builtin.jsonbType,
  timestamptz: builtin.timestamptzType,
  "timestamp with time zone": builtin.timestamptzType,
  timestamp: builtin.timestampType,
  "timestamp without time zone": builtin.timestampType,
  date: builtin.dateType,
  time: builtin.timeType,
  "time without time zone": builtin.timeType,
  interval: builtin.intervalType,
  oid: builtin.oidType,
  bit: builtin.bitType,
  varbit: builtin.varbitType,
  regclass: builtin.regclassType,
  regtype: builtin.regtypeType,
  regproc: builtin.regprocType,
  regnamespace: builtin.regnamespaceType,
  regrole: builtin.regroleType,
  void: builtin.voidType,
  unknown: builtin.unknownType,
};
const unsupported = new Set([
  "money",
  "xml",
  "tsvector",
  "tsquery",
  "inet",
  "cidr",
  "macaddr",
  "point",
  "box",
  "circle",
  "line",
  "lseg",
  "path",
  "polygon",
  "timetz",
  "int4range",
  "int8range",
  "numrange",
  "tsrange",
  "tstzrange",
  "daterange",
  "hstore",
  "citext",
  "ltree",
  "vector",
]);

/** A type with a length or precision. */
function withModifiers(type: PgType, modifiers: readonly number[]): PgType {
  return { ...type, modifiers };
}

/**
 * @param custom - Finds an enum by name.
 * @throws DatabaseError 42704 for a name that is no type; SimError for a type that is not simulated.
 */
export function resolveType(named: TypeName, custom: (name: TypeName) => PgType | undefined): PgType {
  if ((named.arrayDepth ?? 0) > 0) return arrayOf(resolveType({ ...named, arrayDepth: 0 }, custom));
  const { name, modifiers } = named;
  const found = (named.schema === undefined ? types[name] : undefined) ?? custom(named);
  if (found === undefined) {
    if (unsupported.has(name)) {
      throw new SimError(
        "SIM_UNSUPPORTED",
        `The simulated PostgreSQL has no type ${name}.`,
        `Use one of ${Object.keys(types).join(", ")}.`,
      );
    }
    const shown = named.schema === undefined ? name : `${named.schema}.${name}`;
    throw new DatabaseError("42704", `type "${shown}" does not exist`);
  }
  if (named.intervalFields !== undefined && found.oid === builtin.intervalType.oid) {
    const unit = bareUnit(named.intervalFields);
    const parse = (text: string): Value => parseInterval(text, unit);
    return { ...withModifiers(found, [modifiers?.[0] ?? 6, named.intervalFields]), parse };
  }
  // `bit` is `bit(1)`.
  if (found === builtin.bitType) return withModifiers(found, modifiers ?? [1]);
  return modifiers === undefined || modifiers.length === 0 ? found : withModifiers(found, modifiers);
}

/** As `format_type` shows it with its modifiers, such as `character varying(20)`. */
export function describeType(type: PgType): string {
  if (type.modifiers === undefined || type.modifiers.length === 0) return type.name;
  if (type.category === "datetime") return type.name.replace(/^\w+/, `$&(${type.modifiers.join(",")})`);
  return `${type.name}(${type.modifiers.join(",")})`;
}

// Lengths and precisions: `varchar(n)`, `char(n)`, `numeric(p,s)`, `timestamptz(p)`.

type Convert = (value: Value) => Value;

/** Applies the length or precision of `varchar(n)`, `char(n)`, `numeric(p,s)`. An explicit cast truncates text. */
export function modifierCheck(type: PgType, explicit: boolean): Convert | null {
  if (type.element !== undefined) {
    const item = modifierCheck(type.element, explicit);
    const each = (value: Value): Value =>
      value === null ? null : Array.isArray(value) ? value.map(each) : (item as Convert)(value);
    return item === null ? null : each;
  }
  const [first, second = 0] = type.modifiers ?? [];
  if (first === undefined) return null;
  if (type.oid === builtin.numericType.oid) return (value) => fitNumeric(value as Numeric, first, second);
  if (type.category === "text") return (value) => fitText(value as string, type, first, explicit);
  if (type.oid === builtin.bitType.oid || type.oid === builtin.varbitType.oid)
    return (value) => fitBits(value as string, type, first, explicit);
  const unit = 10 ** (6 - Math.min(first, 6));
  const round = (micros: number): number =>
    Number.isFinite(micros) ? roundEven(micros / unit) * unit : micros;
  if (type.category === "datetime" && type.size === 8) return (value) => round(value as number);
  if (type.category !== "interval") return null;
  return (value) => {
    const kept = second === 0 ? (value as Interval) : limitInterval(value as Interval, second);
    return { ...kept, microseconds: round(kept.microseconds) };
  };
}

function fitBits(value: string, type: PgType, length: number, explicit: boolean): string {
  const isFixed = type.oid === builtin.bitType.oid;
  if (value.length === length || (!isFixed && value.length < length)) return value;
  if (explicit) return value.slice(0, length).padEnd(isFixed ? length : 0, "0");
  throw isFixed
    ? new DatabaseError("22026", `bit string length ${value.length} does not match type bit(${length})`)
    : new DatabaseError("22001", `bit string too long for type bit varying(${length})`);
}

function fitNumeric(value: Numeric, precision: number, scale: number): Numeric {
  const rounded = roundNumeric(value, scale);
  if (rounded.digits === null && rounded.scale !== 0)
    throw new DatabaseError("22003", "numeric field overflow", {
      detail: `A field with precision ${precision}, scale ${scale} cannot hold an infinite value.`,
    });
  if (
    rounded.digits !== null &&
    printNumeric({ digits: rounded.digits, scale: 0 }).replace("-", "").length > precision &&
    rounded.digits !== 0n
  ) {
    throw new DatabaseError("22003", "numeric field overflow", {
      detail: `A field with precision ${precision}, scale ${scale} must round to an absolute value less than ${scale === precision ? "1" : `10^${precision - scale}`}.`,
    });
  }
  return rounded;
}

function fitText(value: string, type: PgType, length: number, explicit: boolean): string {
  const points = value.length > length ? Array.from(value) : null;
  if (points === null || points.length <= length) {
    return type.oid === builtin.bpcharType.oid
      ? value + " ".repeat(length - (points?.length ?? Array.from(value).length))
      : value;
  }
  if (!explicit && points.slice(length).some((point) => point !== " ")) {
    throw new DatabaseError("22001", `value too long for type ${describeType(type)}`);
  }
  return points.slice(0, length).join("");
}
