/** The functions of templates: Go's own and those of Prometheus. */
import { compareText } from "../../labels/index.js";
import { parseDuration, type Dialect } from "../../promql/index.js";
import { formatValue, print, sprintf } from "./go-format.js";
import { GoDuration, GoMap, GoTime, isTrue, typeOf, type GoStruct } from "./go-value.js";
import {
  humanize,
  humanize1024,
  humanizeDuration,
  humanizePercentage,
  humanizeTimestamp,
} from "./humanize.js";
import { addressOf } from "./net-address.js";
import { compare, equals, equalsAny, toNumber } from "./compare-values.js";
import { compile, escapeHtml, escapeScript, queryEscape, replaceAll, stripDomain } from "./text-functions.js";
import { GoInt, TemplateError } from "./tree.js";

/** What a function takes. */
export type ParamType = "string" | "any" | "*template.sample" | "template.queryResult";

export interface TemplateFunction {
  readonly params: readonly ParamType[];
  /** The type of any number of further arguments. */
  readonly rest?: ParamType;
  call(...args: readonly unknown[]): unknown;
}

/** What functions need from outside. */
export interface TemplateWorld {
  /** Runs a query at the time of the evaluation. */
  query(expr: string): readonly GoStruct[];
  readonly nowMs: number;
  readonly externalUrl: string;
}

// Not in version 2.42.
const SINCE_VERSION_3 = new Set(["now", "toDuration", "urlQueryEscape"]);

/** Whether a template may call a function of that name. */
export function hasTemplateFunction(name: string, dialect: Dialect): boolean {
  return Object.hasOwn(FUNCTIONS, name) && !(dialect === 2 && SINCE_VERSION_3.has(name));
}

/** @returns The function of that name. */
export function templateFunction(name: string, world: TemplateWorld): TemplateFunction | undefined {
  return Object.hasOwn(FUNCTIONS, name) ? FUNCTIONS[name]?.(world) : undefined;
}

type Maker = (world: TemplateWorld) => TemplateFunction;

const takes =
  (params: readonly ParamType[], call: TemplateFunction["call"], rest?: ParamType): Maker =>
  () =>
    rest === undefined ? { params, call } : { params, rest, call };
const ofText = (call: (text: string) => unknown): Maker => takes(["string"], (text) => call(text as string));
const ofNumber = (call: (value: number) => unknown): Maker =>
  takes(["any"], (value) => call(toNumber(value)));
const compares = (call: (order: number) => boolean): Maker =>
  takes(["any", "any"], (left, right) => call(compare(left, right)));

const FUNCTIONS: Readonly<Record<string, Maker>> = {
  humanize: ofNumber(humanize),
  humanize1024: ofNumber(humanize1024),
  humanizeDuration: ofNumber(humanizeDuration),
  humanizePercentage: ofNumber(humanizePercentage),
  humanizeTimestamp: ofNumber(humanizeTimestamp),
  toTime: ofNumber((seconds) => new GoTime(finiteSeconds(seconds))),
  toDuration: ofNumber((seconds) => new GoDuration(seconds)),
  now: ({ nowMs }) => ({ params: [], call: () => nowMs / 1000 }),
  parseDuration: ofText(durationSeconds),
  title: ofText((text) =>
    text.replace(
      /(^|[^\p{L}\p{N}_'])(\p{L})/gu,
      (_, before: string, letter: string) => before + letter.toUpperCase(),
    ),
  ),
  toUpper: ofText((text) => text.toUpperCase()),
  toLower: ofText((text) => text.toLowerCase()),
  stripPort: ofText((text) => addressOf(text)?.host ?? text),
  stripDomain: ofText(stripDomain),
  match: takes(["string", "string"], (pattern, text) =>
    compile(pattern)
      .matcher(text as string)
      .find(),
  ),
  reReplaceAll: takes(["string", "string", "string"], (pattern, replacement, text) =>
    replaceAll(compile(pattern), replacement as string, text as string),
  ),
  graphLink: ofText((expr) => `/graph?g0.expr=${queryEscape(expr)}&g0.tab=0`),
  tableLink: ofText((expr) => `/graph?g0.expr=${queryEscape(expr)}&g0.tab=1`),
  query: ({ query }) => ({ params: ["string"], call: (expr) => query(expr as string) }),
  externalURL: ({ externalUrl }) => ({ params: [], call: () => externalUrl }),
  pathPrefix: ({ externalUrl }) => ({
    params: [],
    call: () => /^[a-z]+:\/\/[^/]*(\/[^?#]*)?/i.exec(externalUrl)?.[1] ?? "",
  }),
  first: takes(["template.queryResult"], (list) => {
    const [first] = list as readonly GoStruct[];
    if (first === undefined) throw new TemplateError("first() called on vector with no elements");
    return first;
  }),
  label: takes(["string", "*template.sample"], (name, sample) => labelOf(sample as GoStruct, name as string)),
  value: takes(["*template.sample"], (sample) => (sample as GoStruct).fields["Value"]),
  strvalue: takes(["*template.sample"], (sample) => labelOf(sample as GoStruct, "__value__")),
  sortByLabel: takes(["string", "template.queryResult"], (name, list) =>
    [...(list as readonly GoStruct[])].sort((left, right) =>
      compareText(labelOf(left, name as string), labelOf(right, name as string)),
    ),
  ),
  args: takes(
    [],
    (...values) =>
      new GoMap(
        values.map((value, index) => [`arg${index}`, value] as const),
        "map[string]interface {}",
        undefined,
      ),
    "any",
  ),
  safeHtml: ofText((text) => text),
  urlQueryEscape: ofText(queryEscape),
  urlquery: takes([], (...values) => queryEscape(print(values)), "any"),
  html: takes([], (...values) => escapeHtml(print(values)), "any"),
  js: takes([], (...values) => escapeScript(print(values)), "any"),
  printf: takes(["string"], (format, ...values) => sprintf(format as string, values), "any"),
  print: takes([], (...values) => print(values), "any"),
  println: takes([], (...values) => `${values.map(formatValue).join(" ")}\n`, "any"),
  len: takes(["any"], (value) => new GoInt(lengthOf(value))),
  index: takes(["any"], (value, ...keys) => keys.reduce(indexed, value), "any"),
  slice: takes(["any"], slice, "any"),
  call: takes(
    ["any"],
    (value) => {
      throw new TemplateError(`non-function ${formatValue(value)} of type ${typeOf(value)}`);
    },
    "any",
  ),
  not: takes(["any"], (value) => !isTrue(value)),
  and: takes(["any"], (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1), "any"),
  or: takes(["any"], (...values) => values.find(isTrue) ?? values.at(-1), "any"),
  eq: takes(["any"], equalsAny, "any"),
  ne: takes(["any", "any"], (left, right) => !equals(left, right)),
  lt: compares((order) => order === -1),
  le: compares((order) => order === -1 || order === 0),
  gt: compares((order) => order === 1),
  ge: compares((order) => order === 1 || order === 0),
};

function finiteSeconds(seconds: number): number {
  if (!Number.isFinite(seconds)) throw new TemplateError("value is NaN or Inf");
  if (Math.abs(seconds) * 1e9 > 2 ** 63)
    throw new TemplateError(
      `${formatValue(seconds)} cannot be represented as a nanoseconds timestamp since it overflows int64`,
    );
  return seconds;
}

function durationSeconds(text: string): number {
  const sign = text.startsWith("-") ? -1 : 1;
  const durationMs = parseDuration(sign < 0 ? text.slice(1) : text);
  if (durationMs === undefined)
    throw new TemplateError(`not a valid duration string: ${JSON.stringify(text)}`);
  return (sign * durationMs) / 1000;
}

function labelOf({ fields }: GoStruct, name: string): string {
  return ((fields["Labels"] as GoMap).get(name) as string | undefined) ?? "";
}

function lengthOf(value: unknown): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (Array.isArray(value)) return value.length;
  if (value instanceof GoMap) return value.size;
  throw new TemplateError(
    value === undefined || value === null ? "len of nil pointer" : `len of type ${typeOf(value)}`,
  );
}

function indexed(value: unknown, key: unknown): unknown {
  if (value === undefined || value === null) throw new TemplateError("index of untyped nil");
  if (value instanceof GoMap) {
    if (typeof key !== "string") throw new TemplateError(`value has type ${typeOf(key)}; should be string`);
    return value.has(key) ? value.get(key) : value.zero;
  }
  if (!Array.isArray(value) && typeof value !== "string")
    throw new TemplateError(`can't index item of type ${typeOf(value)}`);
  if (!(key instanceof GoInt)) throw new TemplateError(`cannot index slice/array with type ${typeOf(key)}`);
  const length = lengthOf(value);
  if (key.value < 0 || key.value >= length) throw new TemplateError(`index out of range: ${key.value}`);
  return typeof value === "string"
    ? new GoInt(Buffer.from(value)[key.value] ?? 0)
    : (value[key.value] as unknown);
}

function slice(value: unknown, ...indexes: readonly unknown[]): unknown {
  if (typeof value !== "string" && !Array.isArray(value))
    throw new TemplateError(`can't slice item of type ${typeOf(value)}`);
  if (indexes.length > 2) throw new TemplateError(`too many slice indexes: ${indexes.length}`);
  const [from, to] = indexes.map((index) => {
    if (!(index instanceof GoInt))
      throw new TemplateError(`cannot index slice/array with type ${typeOf(index)}`);
    if (index.value < 0 || index.value > lengthOf(value))
      throw new TemplateError(`index out of range: ${index.value}`);
    return index.value;
  });
  if (from !== undefined && to !== undefined && from > to)
    throw new TemplateError(`invalid slice index: ${from} > ${to}`);
  return typeof value === "string"
    ? Buffer.from(value).subarray(from, to).toString("utf8")
    : (value as unknown[]).slice(from, to);
}
