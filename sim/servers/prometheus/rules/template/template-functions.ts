/** The functions of templates: Go's own and those of Prometheus. */
import { RE2JS } from "re2js";

import { replaceAllMatches } from "../../../../shared/go-regexp.js";
import { compareText } from "../../labels.js";
import { parseDuration, parseGoFloat, type Dialect } from "../../promql/index.js";
import {
  GoDuration,
  GoMap,
  GoTime,
  formatValue,
  fourDigits,
  isTrue,
  print,
  sprintf,
  typeOf,
  type GoStruct,
} from "./go-format.js";
import { GoInt, TemplateError } from "./tree.js";

// Comparisons and conversions as templates have them.

/** @throws TemplateError for what stands for no number. */
function toNumber(value: unknown): number {
  if (value instanceof GoInt) return value.value;
  if (value instanceof GoDuration) return value.seconds;
  const number = typeof value === "string" ? parseGoFloat(value) : value;
  if (typeof number === "number") return number;
  if (typeof value === "string")
    throw new TemplateError(`strconv.ParseFloat: parsing ${JSON.stringify(value)}: invalid syntax`);
  throw new TemplateError(`can't convert ${typeOf(value)} to float`);
}

/** What Go compares: values of one kind with each other. */
function kindOf(value: unknown): string | undefined {
  if (typeof value === "number") return "float";
  if (value instanceof GoInt) return "int";
  return typeof value === "string" || typeof value === "boolean" ? typeof value : undefined;
}

/** Whether a value equals one of others. */
function equalsAny(left: unknown, ...others: readonly unknown[]): boolean {
  if (others.length === 0) throw new TemplateError("missing argument for comparison");
  return others.some((other) => equals(left, other));
}

/** @throws TemplateError for values that Go does not compare. */
function equals(left: unknown, right: unknown): boolean {
  const kinds = [kindOf(left), kindOf(right)];
  const isNothing = (value: unknown): boolean => value === undefined || value === null;
  if (kinds[0] !== kinds[1]) {
    if (!isNothing(left) && !isNothing(right)) throw new TemplateError("incompatible types for comparison");
    return false;
  }
  if (kinds[0] === undefined && !isNothing(left) && !isNothing(right))
    throw new TemplateError(`non-comparable type ${formatValue(left)}: ${typeOf(left)}`);
  if (left instanceof GoInt && right instanceof GoInt) return left.value === right.value;
  return left === right || (isNothing(left) && isNothing(right));
}

/** @returns -1, 0, 1; NaN when a number is none. */
function compare(left: unknown, right: unknown): number {
  const kinds = [kindOf(left), kindOf(right)];
  if (kinds.includes(undefined)) throw new TemplateError("invalid type for comparison");
  if (kinds[0] !== kinds[1]) throw new TemplateError("incompatible types for comparison");
  if (kinds[0] === "boolean") throw new TemplateError("invalid type for comparison");
  if (typeof left === "string") return Math.sign(compareText(left, right as string));
  const [ours, theirs] = [toNumber(left), toNumber(right)];
  if (ours === theirs) return 0;
  if (ours < theirs) return -1;
  return ours > theirs ? 1 : NaN;
}

// Numbers for people, as Prometheus' template functions write them.

/** Metric prefixes: 1234567 is `1.235M`, 0.0123 is `12.3m`. */
function humanize(value: number): string {
  if (value === 0 || !Number.isFinite(value)) return fourDigits(value);
  return Math.abs(value) >= 1 ? scale(value, 1000, ["k", "M", "G", "T", "P", "E", "Z", "Y"]) : scaleUp(value);
}

/** Binary prefixes: 2048 is `2ki`. */
function humanize1024(value: number): string {
  if (Math.abs(value) <= 1 || !Number.isFinite(value)) return fourDigits(value);
  return scale(value, 1024, ["ki", "Mi", "Gi", "Ti", "Pi", "Ei", "Zi", "Yi"]);
}

/** Seconds as days, hours, minutes and seconds. */
function humanizeDuration(value: number): string {
  if (!Number.isFinite(value)) return fourDigits(value);
  if (value === 0) return "0s";
  if (Math.abs(value) < 1) return `${scaleUp(value)}s`;
  const sign = value < 0 ? "-" : "";
  const size = Math.abs(value);
  const whole = Math.trunc(size);
  const seconds = whole % 60;
  const minutes = Math.trunc(whole / 60) % 60;
  const hours = Math.trunc(whole / 3600) % 24;
  const days = Math.trunc(whole / 86_400);
  if (days !== 0) return `${sign}${days}d ${hours}h ${minutes}m ${seconds}s`;
  if (hours !== 0) return `${sign}${hours}h ${minutes}m ${seconds}s`;
  return minutes === 0 ? `${sign}${fourDigits(size)}s` : `${sign}${minutes}m ${seconds}s`;
}

/** A ratio as a percentage. */
function humanizePercentage(value: number): string {
  return `${fourDigits(value * 100)}%`;
}

/** Seconds since the epoch as a date. */
function humanizeTimestamp(value: number): string {
  if (!Number.isFinite(value)) return fourDigits(value);
  const [day = "", time = ""] = new Date(value * 1000).toISOString().split("T");
  return `${day} ${time.replace("Z", "").replace(/\.?0+$/, (zeros) => (zeros.startsWith(".") ? "" : zeros))} +0000 UTC`;
}

function scale(value: number, base: number, prefixes: readonly string[]): string {
  let rest = value;
  let prefix = "";
  for (const next of prefixes) {
    if (Math.abs(rest) < base) break;
    prefix = next;
    rest /= base;
  }
  return fourDigits(rest) + prefix;
}

function scaleUp(value: number): string {
  let rest = value;
  let prefix = "";
  for (const next of ["m", "u", "n", "p", "f", "a", "z", "y"]) {
    if (Math.abs(rest) >= 1) break;
    prefix = next;
    rest *= 1000;
  }
  return fourDigits(rest) + prefix;
}

// Host and port of an address, as Go's `net.SplitHostPort` takes them apart.

/** @returns Undefined when the text has no port, or more than one. */
function addressOf(text: string): { readonly host: string; readonly port: string } | undefined {
  const found = /^(?:\[([^[\]]*)\]|([^[\]:]*)):([^[\]:]*)$/.exec(text);
  return found === null ? undefined : { host: found[1] ?? found[2] ?? "", port: found[3] ?? "" };
}

// Functions of templates that change texts.

/** The first part of a host name, with its port. */
function stripDomain(text: string): string {
  const { host, port } = addressOf(text) ?? { host: text, port: "" };
  if (/^\d{1,3}(?:\.\d{1,3}){3}$/.test(host) || host.includes(":")) return text;
  const short = host.split(".")[0] ?? "";
  return port === "" ? short : `${short}:${port}`;
}

/** @throws TemplateError for a pattern that is not RE2. */
function compile(pattern: unknown): RE2JS {
  try {
    return RE2JS.compile(pattern as string);
  } catch (error) {
    throw new TemplateError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

/** Go's `url.QueryEscape`. */
function queryEscape(text: string): string {
  return encodeURIComponent(text)
    .replaceAll("%20", "+")
    .replace(/[!'()*]/g, (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Go's `template.HTMLEscapeString`. */
function escapeHtml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    '"': "&#34;",
    "'": "&#39;",
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    "\0": "\uFFFD",
  };
  return text.replace(/["'&<>\0]/g, (letter) => names[letter] ?? "");
}

/** Go's `template.JSEscapeString`. */
function escapeScript(text: string): string {
  return text.replace(/[\\'"<>&=\p{Cc}]/gu, (letter) =>
    /[\\'"]/.test(letter)
      ? `\\${letter}`
      : `\\u${(letter.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`,
  );
}

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
    replaceAllMatches(compile(pattern), replacement as string, text as string),
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
