/** Rows as the `pg` client shows them: objects, with values in JavaScript's types. */
import { getTypeParser } from "pg-types";

import type { PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";

export type ToClient = (value: Value) => unknown;

/** What is read of a row: the column at each place, in order; undefined leaves the place out. */
export interface ReadColumn {
  readonly name: string;
  readonly type: PgType;
  /** What rows show that end before this column. @default null */
  readonly missing?: Value;
}

const direct = new Map<number, ToClient>([
  [16, (value) => value],
  [21, (value) => value],
  [23, (value) => value],
  [20, (value) => (value as bigint).toString()],
  [25, (value) => value],
  [1043, (value) => value],
  [2950, (value) => value],
  [701, (value) => value],
  [114, (value) => JSON.parse(value as string) as unknown],
  [3802, (value) => JSON.parse(value as string) as unknown],
  [1184, (value) => (Number.isFinite(value) ? new Date(Math.floor((value as number) / 1000)) : value)],
]);

/** What the client's own type parser makes of the text form. */
function throughText(type: PgType): ToClient {
  const parse = (getTypeParser as (oid: number, format: "text") => (text: string) => unknown)(
    type.oid,
    "text",
  );
  return (value) => parse(type.print(value));
}

/** @returns A function that makes an object of a row; of two columns with one name the later counts. */
export function createRowReader(
  columns: readonly (ReadColumn | undefined)[],
): (row: Row) => Record<string, unknown> {
  const read = columns.flatMap((column, place) => (column === undefined ? [] : [{ ...column, place }]));
  const places = read.map(({ place }) => place);
  const names = read.map(({ name }) => name);
  const missing = read.map((column) => column.missing ?? null);
  const converters = read.map(({ type }) => direct.get(type.oid) ?? throughText(type));
  // A copy of an object that has all its keys costs a fraction of an object that gets them one by one.
  const blank: Record<string, unknown> = {};
  for (const name of names) blank[name] = null;
  return (row) => {
    const object = { ...blank };
    for (let index = 0; index < names.length; index += 1) {
      const value = row[places[index] as number] ?? missing[index] ?? null;
      object[names[index] as string] = value === null ? null : (converters[index] as ToClient)(value);
    }
    return object;
  };
}
