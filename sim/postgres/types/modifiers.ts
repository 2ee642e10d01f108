/** Lengths and precisions: `varchar(n)`, `char(n)`, `numeric(p,s)`, `timestamptz(p)`. */
import { DatabaseError } from "../database-error.js";
import * as builtin from "./builtin.js";
import { describeType } from "./names.js";
import { type Numeric, printNumeric, roundNumeric } from "./numeric.js";
import type { PgType } from "./type.js";
import type { Value } from "./value.js";

type Convert = (value: Value) => Value;

/** Applies the length or precision of `varchar(n)`, `char(n)`, `numeric(p,s)`. An explicit cast truncates text. */
export function modifierCheck(type: PgType, explicit: boolean): Convert | null {
  const [first, second = 0] = type.modifiers ?? [];
  if (first === undefined) return null;
  if (type.oid === builtin.numericType.oid) return (value) => fitNumeric(value as Numeric, first, second);
  if (type.category === "text") return (value) => fitText(value as string, type, first, explicit);
  if (type.category === "datetime" && type.size === 8) {
    const unit = 10 ** (6 - first);
    return (value) => Math.round((value as number) / unit) * unit;
  }
  return null;
}

function fitNumeric(value: Numeric, precision: number, scale: number): Numeric {
  const rounded = roundNumeric(value, scale);
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
