/** Functions and operators of arrays. */
import { DatabaseError } from "../../database-error.js";
import { textType } from "../../types/builtin.js";
import type { PgType } from "../../types/type.js";
import type { Value } from "../../types/value.js";
import { define, withInfo, type CallInfo } from "../resolution.js";

type Items = readonly Value[];
const fault = (code: string, text: string): DatabaseError => new DatabaseError(code, text);
const elementOf = (type: PgType | undefined): PgType => type?.element ?? textType;

function same(type: PgType): (a: Value, b: Value) => boolean {
  return (a, b) => (a === null || b === null ? a === b : type.compare(a, b) === 0);
}

const flat = (items: Items): Items => items.flat(6) as Items;
const depthOf = (items: Items): number => (Array.isArray(items[0]) ? 1 + depthOf(items[0] as Items) : 1);
const isEmpty = (items: Items): boolean => items.length === 0;

function lengthAt(items: Items, dimension: number): number | null {
  if (dimension < 1 || isEmpty(items)) return null;
  if (dimension === 1) return items.length;
  return Array.isArray(items[0]) ? lengthAt(items[0] as Items, dimension - 1) : null;
}

function dimensions(items: Items): string | null {
  if (isEmpty(items)) return null;
  return Array.from({ length: depthOf(items) }, (_, index) => `[1:${lengthAt(items, index + 1) ?? 0}]`).join(
    "",
  );
}

function concat(a: Items | null, b: Items | null): Items | null {
  if (a === null || b === null) return a ?? b;
  if (isEmpty(a) || isEmpty(b)) return isEmpty(a) ? b : a;
  const [left, right] = [depthOf(a), depthOf(b)];
  if (left === right) {
    if (left > 1 && dimensions(a.slice(0, 1)) !== dimensions(b.slice(0, 1)))
      throw new DatabaseError("2202E", "cannot concatenate incompatible arrays", {
        detail: "Arrays with differing element dimensions are not compatible for concatenation.",
      });
    return [...a, ...b];
  }
  if (Math.abs(left - right) === 1) {
    const [outer, inner] = left > right ? [a, b] : [b, a];
    if (dimensions(outer[0] as Items) !== dimensions(inner))
      throw new DatabaseError("2202E", "cannot concatenate incompatible arrays", {
        detail: "Arrays with differing dimensions are not compatible for concatenation.",
      });
    return left > right ? [...a, b] : [a, ...b];
  }
  throw new DatabaseError("2202E", "cannot concatenate incompatible arrays", {
    detail: `Arrays of ${left} and ${right} dimensions are not compatible for concatenation.`,
  });
}

function oneDimension(items: Items, name: string): void {
  if (depthOf(items) > 1) throw fault("0A000", name);
}

/** What an element can be added to. */
function flatOnly(items: Items | null): Items {
  if (items !== null && depthOf(items) > 1)
    throw fault("22000", "argument must be empty or one-dimensional array");
  return items ?? [];
}

function contains({ types }: CallInfo, outer: Items, inner: Items): boolean {
  const element = elementOf(types[0]);
  return flat(inner).every(
    (item) => item !== null && flat(outer).some((own) => own !== null && element.compare(own, item) === 0),
  );
}

function position(
  { types }: CallInfo,
  items: Items | null,
  wanted: Value,
  from: number | null = 1,
): number | null {
  if (items === null) return null;
  if (from === null) throw fault("22004", "initial position must not be null");
  oneDimension(items, "searching for elements in multidimensional arrays is not supported");
  const equal = same(elementOf(types[0]));
  const at = items.findIndex((item, index) => index + 1 >= from && equal(item, wanted));
  return at < 0 ? null : at + 1;
}

function toText(
  { types }: CallInfo,
  items: Items | null,
  separator: string | null,
  empty: string | null = null,
): string | null {
  if (items === null || separator === null) return null;
  const element = elementOf(types[0]);
  return flat(items)
    .flatMap((item) => (item === null ? (empty === null ? [] : [empty]) : [element.print(item)]))
    .join(separator);
}

/** `string_to_array` and `string_to_table`. */
export function splitText(
  text: string,
  separator: string | null,
  empty: string | null = null,
): Array<string | null> {
  if (text === "") return [];
  const parts = separator === null ? Array.from(text) : separator === "" ? [text] : text.split(separator);
  return parts.map((part) => (part === empty ? null : part));
}

function fill(
  value: Value,
  sizes: readonly (number | null)[],
  starts: readonly (number | null)[] = [],
): Items {
  if (starts.some((start) => start !== 1))
    throw fault("0A000", "array_fill with lower bounds other than 1 is not simulated");
  if (sizes.some((size) => size === null)) throw fault("22004", "dimension values cannot be null");
  const [size = 0, ...rest] = sizes as readonly number[];
  return sizes.length === 0
    ? []
    : Array.from({ length: size }, () => (rest.length === 0 ? value : fill(value, rest)));
}

function trimmed(items: Items, count: number): Items {
  if (count < 0 || count > items.length)
    throw fault("2202E", `number of elements to trim must be between 0 and ${items.length}`);
  return items.slice(0, items.length - count);
}

export const arrayFunctions = define({
  "||(anycompatiblearray,anycompatiblearray) anycompatiblearray null; array_cat(anycompatiblearray,anycompatiblearray) anycompatiblearray null":
    concat,
  "||(anycompatiblearray,anycompatible) anycompatiblearray null; array_append(anycompatiblearray,anycompatible) anycompatiblearray null":
    (items: Items | null, item: Value) => [...flatOnly(items), item],
  "||(anycompatible,anycompatiblearray) anycompatiblearray null; array_prepend(anycompatible,anycompatiblearray) anycompatiblearray null":
    (item: Value, items: Items | null) => [item, ...flatOnly(items)],
  "@>(anyarray,anyarray) bool; arraycontains(anyarray,anyarray) bool": withInfo(contains),
  "<@(anyarray,anyarray) bool; arraycontained(anyarray,anyarray) bool": withInfo((info, a: Items, b: Items) =>
    contains(info, b, a),
  ),
  "&&(anyarray,anyarray) bool; arrayoverlap(anyarray,anyarray) bool": withInfo((info, a: Items, b: Items) =>
    flat(b).some((item) => item !== null && contains(info, a, [item])),
  ),
  "array_length(anyarray,int4) int4; array_upper(anyarray,int4) int4": lengthAt,
  "array_lower(anyarray,int4) int4": (items: Items, dimension: number) =>
    lengthAt(items, dimension) === null ? null : 1,
  "array_ndims(anyarray) int4": (items: Items) => (isEmpty(items) ? null : depthOf(items)),
  "array_dims(anyarray) text": dimensions,
  "cardinality(anyarray) int4": (items: Items) => flat(items).length,
  "array_position(anycompatiblearray,anycompatible,int4?) int4 null": withInfo(position),
  "array_positions(anycompatiblearray,anycompatible) int4[] null": withInfo(
    ({ types }, items: Items | null, wanted: Value) => {
      const equal = same(elementOf(types[0]));
      if (items === null) return null;
      oneDimension(items, "searching for elements in multidimensional arrays is not supported");
      return items.flatMap((item, index) => (equal(item, wanted) ? [index + 1] : []));
    },
  ),
  "array_remove(anycompatiblearray,anycompatible) anycompatiblearray null": withInfo(
    ({ types }, items: Items | null, wanted: Value) => {
      if (items === null) return null;
      oneDimension(items, "removing elements from multidimensional arrays is not supported");
      const equal = same(elementOf(types[0]));
      return items.filter((item) => !equal(item, wanted));
    },
  ),
  "array_replace(anycompatiblearray,anycompatible,anycompatible) anycompatiblearray null": withInfo(
    ({ types }, items: Items | null, from: Value, to: Value) => {
      const equal = same(elementOf(types[0]));
      const each = (item: Value): Value =>
        Array.isArray(item) ? item.map(each) : equal(item, from) ? to : item;
      return items === null ? null : items.map(each);
    },
  ),
  "array_to_string(anyarray,text,text?) text null": withInfo(toText),
  "string_to_array(text,text,text?) text[] null": (
    text: string | null,
    separator: string | null,
    empty?: string | null,
  ) => (text === null ? null : splitText(text, separator, empty)),
  "array_fill(anyelement,int4[],int4[]?) anyarray null": (
    value: Value,
    sizes: readonly number[] | null,
    starts?: readonly number[],
  ) => {
    if (sizes === null) throw fault("22004", "dimension array or low bound array cannot be null");
    return fill(value, sizes, starts);
  },
  "trim_array(anyarray,int4) anyarray": trimmed,
});
