/** The functions of templates: Go's own and those of Prometheus. */
import { compareText } from "../../labels/index.js";
import { RE2JS } from "re2js";
import { parseDuration, parseGoFloat } from "../../promql/index.js";
import { formatValue, sprintf } from "./go-format.js";
import {
  humanize,
  humanize1024,
  humanizeDuration,
  humanizePercentage,
  humanizeTimestamp,
} from "./humanize.js";
import { TemplateError } from "./tree.js";

/** One sample of a query, as a template sees it. */
export interface TemplateSample {
  readonly Labels: Readonly<Record<string, string>>;
  readonly Value: number;
}

type TemplateFunction = (...args: unknown[]) => unknown;

/** @param query - Runs a query at the time of the evaluation. */
export function templateFunctions(
  query: (expr: string) => readonly TemplateSample[],
): Map<string, TemplateFunction> {
  const text = (value: unknown): string => (typeof value === "string" ? value : formatValue(value));
  const samples = (value: unknown): readonly TemplateSample[] =>
    Array.isArray(value) ? (value as TemplateSample[]) : [];
  return new Map<string, TemplateFunction>(
    Object.entries({
      humanize: (value) => humanize(toNumber(value)),
      humanize1024: (value) => humanize1024(toNumber(value)),
      humanizeDuration: (value) => humanizeDuration(toNumber(value)),
      humanizePercentage: (value) => humanizePercentage(toNumber(value)),
      humanizeTimestamp: (value) => humanizeTimestamp(toNumber(value)),
      parseDuration: (value) => {
        const durationMs = parseDuration(text(value));
        if (durationMs === undefined)
          throw new TemplateError(`not a valid duration string: "${text(value)}"`);
        return durationMs / 1000;
      },
      title: (value) =>
        text(value).replace(
          /(^|[^\p{L}\p{N}_'])(\p{L})/gu,
          (_, before: string, letter: string) => before + letter.toUpperCase(),
        ),
      toUpper: (value) => text(value).toUpperCase(),
      toLower: (value) => text(value).toLowerCase(),
      stripPort: (value) => text(value).replace(/:\d*$/, ""),
      stripDomain: (value) => text(value).replace(/^([^.:]+)\.[^:]*/, "$1"),
      match: (pattern, value) => RE2JS.compile(text(pattern)).matcher(text(value)).find(),
      reReplaceAll: (pattern, replacement, value) =>
        RE2JS.compile(text(pattern)).matcher(text(value)).replaceAll(text(replacement)),
      query: (expr) => query(text(expr)),
      first: (value) => {
        const [first] = samples(value);
        if (first === undefined) throw new TemplateError("first() called on vector with no elements");
        return first;
      },
      label: (name, sample) => (sample as TemplateSample).Labels[text(name)] ?? "",
      value: (sample) => (sample as TemplateSample).Value,
      strvalue: (sample) => (sample as TemplateSample).Labels["__value__"] ?? "",
      sortByLabel: (name, value) =>
        [...samples(value)].sort((left, right) =>
          compareText(left.Labels[text(name)] ?? "", right.Labels[text(name)] ?? ""),
        ),
      args: (...values) => Object.fromEntries(values.map((value, index) => [`arg${index}`, value])),
      safeHtml: (value) => value,
      urlQueryEscape: (value) => encodeURIComponent(text(value)).replaceAll("%20", "+"),
      urlquery: (value) => encodeURIComponent(text(value)).replaceAll("%20", "+"),
      printf: (format, ...values) => sprintf(text(format), values),
      print: (...values) => values.map(formatValue).join(""),
      println: (...values) => `${values.map(formatValue).join(" ")}\n`,
      len: (value) =>
        typeof value === "string" || Array.isArray(value) ? value.length : Object.keys(value ?? {}).length,
      index: (value, key) => (value as Record<string, unknown>)[text(key)] ?? "",
      not: (value) => !isTrue(value),
      and: (...values) => values.find((value) => !isTrue(value)) ?? values.at(-1),
      or: (...values) => values.find(isTrue) ?? values.at(-1),
      eq: (left, ...others) => others.some((other) => sameType(left, other) && left === other),
      ne: (left, right) => sameType(left, right) && left !== right,
      lt: (left, right) => compare(left, right) < 0,
      le: (left, right) => compare(left, right) <= 0,
      gt: (left, right) => compare(left, right) > 0,
      ge: (left, right) => compare(left, right) >= 0,
    } satisfies Record<string, TemplateFunction>),
  );
}

/** Whether a value counts as true: not zero, not empty. */
export function isTrue(value: unknown): boolean {
  if (Array.isArray(value)) return value.length > 0;
  if (typeof value === "object" && value !== null) return Object.keys(value).length > 0;
  return Boolean(value) || Number.isNaN(value);
}

function toNumber(value: unknown): number {
  const number = typeof value === "string" ? parseGoFloat(value) : value;
  if (typeof number === "number") return number;
  throw new TemplateError(`strconv.ParseFloat: parsing "${formatValue(value)}": invalid syntax`);
}

function compare(left: unknown, right: unknown): number {
  sameType(left, right);
  if (typeof left === "number" && typeof right === "number") return left < right ? -1 : Number(left > right);
  return compareText(formatValue(left), formatValue(right));
}

function sameType(left: unknown, right: unknown): boolean {
  if (typeof left !== typeof right) throw new TemplateError("incompatible types for comparison");
  return true;
}
