/** Rows as values: `ROW(1, 'a')`, a whole row of a table. */
import { boolType, int4Type } from "./builtin.js";
import { unsupported } from "../execute/execution-context.js";
import type { PgType } from "./type.js";
import type { Value } from "./value.js";

type Fields = ReadonlyArray<{ readonly name: string; readonly type: PgType }>;

/** @returns The anonymous row type of these fields; its values are arrays with a value for each. */
export function recordOf(fields: Fields): PgType {
  const typeAt = (index: number): PgType => fields[index]?.type ?? int4Type;
  const print = (value: Value): string =>
    `(${(value as readonly Value[]).map((item, index) => printField(item, typeAt(index))).join(",")})`;
  return {
    name: "record",
    oid: 2249,
    arrayOid: 2287,
    size: -1,
    category: "other",
    fields,
    parse() {
      throw unsupported("reading a row from text");
    },
    print,
    compare(a, b) {
      const right = b as readonly Value[];
      for (const [index, item] of (a as readonly Value[]).entries()) {
        const other = right[index] ?? null;
        if (item === null || other === null) {
          if (item !== other) return item === null ? 1 : -1;
          continue;
        }
        const order = typeAt(index).compare(item, other);
        if (order !== 0) return order;
      }
      return 0;
    },
    key: print,
  };
}

function printField(value: Value, type: PgType): string {
  if (value === null) return "";
  // Booleans print as one letter in text, as everywhere.
  const text = type === boolType ? (value === true ? "t" : "f") : type.print(value);
  if (text !== "" && !/[(),"\\\s]/.test(text)) return text;
  return `"${text.replace(/(["\\])/g, "$1$1")}"`;
}
