/** From the name of a type in SQL to the type. */
import { SimError } from "../../errors.js";
import type { DataTypeDef } from "pgsql-ast-parser";
import { DatabaseError } from "../database-error.js";
import * as builtin from "./builtin.js";
import { arrayOf, type PgType } from "./type.js";

const types: Readonly<Record<string, PgType>> = {
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
  char: builtin.bpcharType,
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
  regclass: builtin.regclassType,
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
  "bit",
  "varbit",
  "timetz",
  "oid",
  "regproc",
  "regtype",
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
export function resolveType(definition: DataTypeDef, custom: (name: string) => PgType | undefined): PgType {
  if (definition.kind === "array") return arrayOf(resolveType(definition.arrayOf, custom));
  const { name, config } = definition;
  const bare = definition.doubleQuoted === true ? undefined : name.toLowerCase();
  const found = (bare === undefined ? undefined : types[bare]) ?? custom(name);
  if (found === undefined) {
    if (unsupported.has(bare ?? name)) {
      throw new SimError(
        "SIM_UNSUPPORTED",
        `The simulated PostgreSQL has no type ${name}.`,
        `Use one of ${Object.keys(types).join(", ")}.`,
      );
    }
    throw new DatabaseError("42704", `type "${name}" does not exist`);
  }
  if (bare === "char" || bare === "character") return withModifiers(found, config ?? [1]);
  if (config === undefined || config.length === 0) return found;
  return withModifiers(found, config);
}

/** As `format_type` shows it with its modifiers, such as `character varying(20)`. */
export function describeType(type: PgType): string {
  if (type.modifiers === undefined || type.modifiers.length === 0) return type.name;
  if (type.category === "datetime") return type.name.replace(/^\w+/, `$&(${type.modifiers.join(",")})`);
  return `${type.name}(${type.modifiers.join(",")})`;
}
