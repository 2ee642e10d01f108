/** Values of a client as parameters of a statement, read the way the `pg` client sends them. */
import { DatabaseError } from "../database-error.js";
import { byteaType, textType } from "../types/builtin.js";
import { printTimestamp } from "../types/temporal.js";
import type { PgType } from "../types/type.js";
import type { Value } from "../types/value.js";

/** Text of an array as `pg` writes it. */
function arrayText(items: readonly unknown[]): string {
  const parts = items.map((item): string => {
    if (item === null || item === undefined) return "NULL";
    if (Array.isArray(item)) return arrayText(item);
    if (item instanceof Uint8Array) return `"\\\\x${Buffer.from(item).toString("hex")}"`;
    return `"${textOf(item).replace(/(["\\])/g, "\\$1")}"`;
  });
  return `{${parts.join(",")}}`;
}

interface Convertible {
  toPostgres(prepare: (value: unknown) => unknown): unknown;
}

function isConvertible(value: object): value is Convertible {
  return typeof (value as Partial<Convertible>).toPostgres === "function";
}

/** Text form of a value that is not null. */
function textOf(value: unknown): string {
  if (typeof value === "string") return value;
  if (value instanceof Date) return printTimestamp(value.getTime() * 1000, true);
  if (Array.isArray(value)) return arrayText(value);
  if (value !== null && typeof value === "object") {
    return isConvertible(value) ? textOf(value.toPostgres((inner) => inner)) : JSON.stringify(value);
  }
  return String(value);
}

/** One value as a parameter of that type. @throws DatabaseError 22P02 and its kin. */
export function bindValue(value: unknown, type: PgType): Value {
  if (value === null || value === undefined) return null;
  if (typeof value === "number" && type.size === 4 && type.category === "number" && (value | 0) === value)
    return value;
  if (typeof value === "boolean" && type.category === "boolean") return value;
  if (value instanceof Date && type.category === "datetime" && type.size === 8) {
    const ms = value.getTime();
    if (Number.isNaN(ms))
      throw new DatabaseError(
        "22007",
        `invalid input syntax for type ${type.name}: "0NaN-NaN-NaNTNaN:NaN:NaN.NaN+NaN:NaN"`,
      );
    if (type.oid === 1184 || type.oid === 1114) return ms * 1000;
  }
  if (value instanceof Uint8Array) {
    if (type.oid === byteaType.oid) return Uint8Array.from(value);
    return type.parse(Buffer.from(value).toString("utf8"));
  }
  return type.parse(textOf(value));
}

/** @throws DatabaseError 08P01 when the count is wrong. */
export function bindParameters(values: readonly unknown[], types: readonly PgType[], name: string): Value[] {
  if (values.length !== types.length) {
    throw new DatabaseError(
      "08P01",
      `bind message supplies ${values.length} parameters, but prepared statement "${name}" requires ${types.length}`,
    );
  }
  return values.map((value, index) => bindValue(value, types[index] ?? textType));
}
