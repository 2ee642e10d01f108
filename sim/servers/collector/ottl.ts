/** Runs OTTL, the expression language of collectors, on metrics. The text is parsed where configurations are checked. */
import { createHash } from "node:crypto";

import {
  parseCondition,
  parseStatement,
  type OttlArgument,
  type OttlContext,
  type OttlExpression,
  type OttlStatement,
} from "../../../src/generator/index.js";
import { ConfigProblem } from "./config-problem.js";
import {
  calculated,
  mergePoints,
  type Aggregation,
  type AttributeValue,
  type Metric,
  type Point,
} from "./metrics.js";

export type OttlValue = AttributeValue | null | readonly OttlValue[] | OttlMap;
interface OttlMap {
  [key: string]: OttlValue;
}

/** A resource with its metrics while statements change it. */
export interface Working {
  attributes: Record<string, OttlValue>;
  scope: { name: string; version: string };
  metrics: WorkingMetric[];
}
type WorkingMetric = { -readonly [Key in keyof Omit<Metric, "points">]: Metric[Key] } & {
  points: WorkingPoint[];
};
type WorkingPoint = { attributes: Record<string, OttlValue>; cell: Point["cell"] };

/** Where a statement or condition looks; what does not exist in its context is undefined. */
export interface OttlScope {
  readonly resource: Working;
  readonly metric: WorkingMetric | undefined;
  readonly point: WorkingPoint | undefined;
  /** The temporary map of the context. */
  readonly cache: Record<string, OttlValue>;
}

export interface Expression {
  readonly evaluate: (scope: OttlScope) => OttlValue;
  /** The result depends on metric values, so it may differ at each scrape. */
  readonly dynamic: boolean;
}

/** What went wrong while a statement or condition ran; `error_mode` says what becomes of it. */
export class OttlFailure extends Error {
  override readonly name = "OttlFailure";
}

/** Compiles a regular expression. Throws when it is no RE2 expression. */
export interface Regex {
  test(text: string): boolean;
  /** Replaces every match; `$1` and `${name}` in the replacement stand for groups. */
  replace(text: string, replacement: string): string;
  /** Groups of the first match, by number and name; undefined without a match. */
  groups(text: string): Readonly<Record<string, string>> | undefined;
}
export type RegexCompiler = (pattern: string) => Regex;

const literal = (value: OttlValue): Expression => ({ evaluate: () => value, dynamic: false });
const combine = (parts: readonly Expression[], evaluate: Expression["evaluate"]): Expression => ({
  evaluate,
  dynamic: parts.some(({ dynamic }) => dynamic),
});

const isMap = (value: OttlValue | undefined): value is OttlMap =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isList = (value: OttlValue | undefined): value is readonly OttlValue[] => Array.isArray(value);

// Paths: how each is read and written.

interface Path {
  readonly read: (scope: OttlScope) => OttlValue;
  readonly write?: (scope: OttlScope, value: OttlValue) => void;
  readonly dynamic?: boolean;
}

const outside = (what: string): never => {
  throw new OttlFailure(`there is no ${what} here`);
};
const metricOf = ({ metric }: OttlScope): WorkingMetric => metric ?? outside("metric");
const pointOf = ({ point }: OttlScope): WorkingPoint => point ?? outside("data point");

function textOf(value: OttlValue): string {
  if (typeof value !== "string") throw new OttlFailure(`expected a text, found ${stringify(value)}`);
  return value;
}

const temporalities = {
  unspecified: "AGGREGATION_TEMPORALITY_UNSPECIFIED",
  delta: "AGGREGATION_TEMPORALITY_DELTA",
  cumulative: "AGGREGATION_TEMPORALITY_CUMULATIVE",
} as const;

function toTemporality(value: OttlValue): Metric["temporality"] {
  const names = Object.keys(temporalities) as Metric["temporality"][];
  const found = names.find((name, index) => value === temporalities[name] || value === index);
  return found ?? outside(`aggregation temporality ${stringify(value)}`);
}

const numberPath = (number: Metric["number"]): Path => ({
  // As in the data model: the number of the other type reads as zero.
  read: (scope) => (metricOf(scope).number === number ? pointOf(scope).cell.value : 0),
  dynamic: true,
});
/** All of a pass is read at one moment, which no series shows. */
const momentPath: Path = { read: () => 0, write: () => {} };
const nothing: Path = { read: () => null };

const paths: Readonly<Record<string, Path>> = {
  "resource.attributes": {
    read: ({ resource }) => resource.attributes,
    write: ({ resource }, value) => {
      if (isMap(value)) resource.attributes = { ...value };
    },
  },
  "scope.name": {
    read: ({ resource }) => resource.scope.name,
    write: ({ resource }, value) => {
      resource.scope = { ...resource.scope, name: textOf(value) };
    },
  },
  "scope.version": {
    read: ({ resource }) => resource.scope.version,
    write: ({ resource }, value) => {
      resource.scope = { ...resource.scope, version: textOf(value) };
    },
  },
  "metric.name": {
    read: (scope) => metricOf(scope).name,
    write: (scope, value) => {
      metricOf(scope).name = textOf(value);
    },
  },
  "metric.description": {
    read: (scope) => metricOf(scope).description,
    write: (scope, value) => {
      metricOf(scope).description = textOf(value);
    },
  },
  "metric.unit": {
    read: (scope) => metricOf(scope).unit,
    write: (scope, value) => {
      metricOf(scope).unit = textOf(value);
    },
  },
  "metric.type": {
    read: (scope) => (metricOf(scope).type === "sum" ? "METRIC_DATA_TYPE_SUM" : "METRIC_DATA_TYPE_GAUGE"),
  },
  "metric.aggregation_temporality": {
    read: (scope) => (metricOf(scope).type === "sum" ? temporalities[metricOf(scope).temporality] : null),
    write: (scope, value) => {
      if (metricOf(scope).type === "sum") metricOf(scope).temporality = toTemporality(value);
    },
  },
  "metric.is_monotonic": {
    read: (scope) => (metricOf(scope).type === "sum" ? metricOf(scope).monotonic : null),
    write: (scope, value) => {
      if (metricOf(scope).type === "sum") metricOf(scope).monotonic = value === true;
    },
  },
  "datapoint.attributes": {
    read: (scope) => pointOf(scope).attributes,
    write: (scope, value) => {
      if (isMap(value)) pointOf(scope).attributes = { ...value };
    },
  },
  "datapoint.value_double": numberPath("double"),
  "datapoint.value_int": numberPath("int"),
  "datapoint.time": momentPath,
  "datapoint.start_time": momentPath,
  "datapoint.time_unix_nano": momentPath,
  "datapoint.start_time_unix_nano": momentPath,
  "datapoint.flags": { read: () => 0 },
  // Of histograms and summaries, which are not read from a host.
  "datapoint.count": nothing,
  "datapoint.sum": nothing,
};

const emptyMaps = new Set(["scope.attributes", "metric.metadata"]);

function pathOf({ context, field }: Extract<OttlExpression, { type: "path" }>): Path {
  if (field === "cache") {
    return {
      read: ({ cache }) => cache,
      write: ({ cache }, value) => {
        for (const key of Object.keys(cache)) delete cache[key];
        if (isMap(value)) Object.assign(cache, value);
      },
    };
  }
  const name = `${context}.${field}`;
  if (emptyMaps.has(name)) return { read: () => ({}) };
  const found = paths[name];
  if (found === undefined) throw new ConfigProblem(`the path "${name}" is not simulated`);
  return found;
}

function at(value: OttlValue, key: OttlValue): OttlValue {
  if (isMap(value) && typeof key === "string") return Object.hasOwn(value, key) ? (value[key] ?? null) : null;
  if (isList(value) && typeof key === "number") return value[key] ?? null;
  return null;
}

// Values and operators.

/** As collectors write a value where a text is wanted. */
export function stringify(value: OttlValue): string {
  if (value === null) return "<nil>";
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

function compare(operator: string, a: OttlValue, b: OttlValue): boolean {
  if (operator === "==") return equal(a, b);
  if (operator === "!=") return !equal(a, b);
  // Values of different types are in no order.
  const comparable = typeof a === typeof b && (typeof a === "number" || typeof a === "string");
  if (!comparable || a === null || b === null) return false;
  if (operator === "<") return a < b;
  if (operator === "<=") return a <= b;
  return operator === ">" ? a > b : a >= b;
}

const equal = (a: OttlValue, b: OttlValue): boolean =>
  a === b ||
  (typeof a === "object" &&
    typeof b === "object" &&
    a !== null &&
    b !== null &&
    JSON.stringify(a) === JSON.stringify(b));

function calculate(operator: string, a: OttlValue, b: OttlValue): number {
  if (typeof a !== "number" || typeof b !== "number") {
    throw new OttlFailure(`${stringify(a)} ${operator} ${stringify(b)} is not arithmetic`);
  }
  if (operator === "+") return a + b;
  if (operator === "-") return a - b;
  if (operator === "*") return a * b;
  if (b === 0) throw new OttlFailure("division by zero");
  return Number.isInteger(a) && Number.isInteger(b) ? Math.trunc(a / b) : a / b;
}

// Converters: functions without effect. Each gets its arguments evaluated.

type Converter = (args: readonly OttlValue[], regex: RegexCompiler) => OttlValue;

const hash =
  (algorithm: string): Converter =>
  ([value]) =>
    createHash(algorithm)
      .update(textOf(value ?? null))
      .digest("hex");

const converters: Readonly<Record<string, Converter>> = {
  Bool: ([value]) => (value === null ? null : value === true || value === "true" || value === 1),
  Concat: ([parts, separator]) => (isList(parts) ? parts : []).map(stringify).join(textOf(separator ?? null)),
  ContainsValue: ([values, wanted]) => isList(values) && values.some((value) => equal(value, wanted ?? null)),
  ConvertCase: ([value, style]) => {
    const text = textOf(value ?? null);
    const words = text
      .replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2")
      .split(/[^A-Za-z0-9]+/)
      .filter((word) => word !== "");
    if (style === "lower") return text.toLowerCase();
    if (style === "upper") return text.toUpperCase();
    if (style === "snake") return words.map((word) => word.toLowerCase()).join("_");
    return words.map((word) => word.slice(0, 1).toUpperCase() + word.slice(1).toLowerCase()).join("");
  },
  Double: ([value]) => toNumber(value ?? null),
  Duration: ([value]) => value ?? null,
  FNV: ([value]) => {
    let hash = 0xcbf29ce484222325n;
    for (const byte of Buffer.from(textOf(value ?? null)))
      hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
    return Number(BigInt.asIntN(64, hash));
  },
  Format: ([format, values]) => {
    const list = isList(values) ? [...values] : [];
    return textOf(format ?? null).replaceAll(/%(?:%|(0?)(\d*)([dsvxf]))/g, (whole, zero, width, verb) => {
      if (whole === "%%") return "%";
      const value = list.shift() ?? null;
      const text = verb === "x" && typeof value === "number" ? value.toString(16) : stringify(value);
      return text.padStart(Number(width), zero === "" ? " " : "0");
    });
  },
  HasPrefix: ([value, part]) => textOf(value ?? null).startsWith(textOf(part ?? null)),
  HasSuffix: ([value, part]) => textOf(value ?? null).endsWith(textOf(part ?? null)),
  Hex: ([value]) => Buffer.from(stringify(value ?? null)).toString("hex"),
  Index: ([source, wanted]) =>
    isList(source)
      ? source.findIndex((value) => equal(value, wanted ?? null))
      : textOf(source ?? null).indexOf(textOf(wanted ?? null)),
  Int: ([value]) => {
    const number = toNumber(value ?? null);
    return number === null ? null : Math.trunc(number);
  },
  IsBool: ([value]) => typeof value === "boolean",
  IsDouble: ([value]) => typeof value === "number" && !Number.isInteger(value),
  IsInt: ([value]) => Number.isInteger(value),
  IsList: ([value]) => isList(value),
  IsMap: ([value]) => isMap(value),
  IsMatch: ([value, pattern], regex) =>
    value !== null && regex(textOf(pattern ?? null)).test(stringify(value ?? null)),
  IsString: ([value]) => typeof value === "string",
  Keys: ([value]) => (isMap(value) ? Object.keys(value) : []),
  Len: ([value]) => {
    if (typeof value === "string") return Buffer.byteLength(value);
    if (isList(value)) return value.length;
    if (isMap(value)) return Object.keys(value).length;
    throw new OttlFailure(`${stringify(value ?? null)} has no length`);
  },
  Log: ([value]) => {
    const number = toNumber(value ?? null) ?? 0;
    if (number <= 0) throw new OttlFailure(`${number} has no logarithm`);
    return Math.log(number);
  },
  MD5: hash("md5"),
  ParseInt: ([value, base]) => Number.parseInt(textOf(value ?? null), Number(base)),
  SHA1: hash("sha1"),
  SHA256: hash("sha256"),
  SHA512: hash("sha512"),
  Sort: ([values, order]) => {
    const sorted = [...(isList(values) ? values : [])].sort((a, b) => (compare("<", a, b) ? -1 : 1));
    return order === "desc" ? sorted.reverse() : sorted;
  },
  Split: ([value, separator]) => textOf(value ?? null).split(textOf(separator ?? null)),
  String: ([value]) => (value === null || value === undefined ? null : stringify(value)),
  Substring: ([value, start, length]) => {
    const text = textOf(value ?? null);
    const [from, count] = [Number(start), Number(length)];
    if (from < 0 || count <= 0 || from + count > text.length) {
      throw new OttlFailure(`${JSON.stringify(text)} has no ${count} characters from ${from} on`);
    }
    return text.slice(from, from + count);
  },
  ToCamelCase: ([value], regex) => converters["ConvertCase"]?.([value ?? null, "camel"], regex) ?? null,
  ToLowerCase: ([value]) => textOf(value ?? null).toLowerCase(),
  ToSnakeCase: ([value], regex) => converters["ConvertCase"]?.([value ?? null, "snake"], regex) ?? null,
  ToUpperCase: ([value]) => textOf(value ?? null).toUpperCase(),
  Trim: ([value, characters]) => {
    const text = textOf(value ?? null);
    const cut = new Set(textOf(characters ?? " "));
    let [from, to] = [0, text.length];
    while (from < to && cut.has(text[from] ?? "")) from += 1;
    while (to > from && cut.has(text[to - 1] ?? "")) to -= 1;
    return text.slice(from, to);
  },
  TrimPrefix: ([value, part]) => {
    const [text, prefix] = [textOf(value ?? null), textOf(part ?? null)];
    return text.startsWith(prefix) ? text.slice(prefix.length) : text;
  },
  TrimSuffix: ([value, part]) => {
    const [text, suffix] = [textOf(value ?? null), textOf(part ?? null)];
    return text.endsWith(suffix) ? text.slice(0, text.length - suffix.length) : text;
  },
  TruncateTime: ([value]) => value ?? null,
  Values: ([value]) => (isMap(value) ? Object.values(value) : []),
};

function toNumber(value: OttlValue): number | null {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return value ? 1 : 0;
  if (typeof value !== "string" || value.trim() === "") return null;
  const number = Number(value);
  return Number.isNaN(number) ? null : number;
}

/** Conditions of `filter` on a metric may ask about its data points. */
const datapointConverters: Readonly<
  Record<string, (metric: WorkingMetric, args: readonly OttlValue[]) => boolean>
> = {
  HasAttrKeyOnDatapoint: ({ points }, [key]) =>
    points.some(({ attributes }) => Object.hasOwn(attributes, stringify(key ?? null))),
  HasAttrOnDatapoint: ({ points }, [key, value]) =>
    points.some(({ attributes }) => attributes[stringify(key ?? null)] === value),
};

// Compiling.

/** The arguments of a call by the names of its parameters; what is given by place comes first. */
function byPlace(args: readonly OttlArgument[], names: readonly string[]): OttlExpression[] {
  const placed: OttlExpression[] = [];
  for (const [index, { name, value }] of args.entries()) {
    const place = name === undefined ? index : names.indexOf(name);
    if (place === -1) throw new ConfigProblem(`there is no argument "${name}"; ${names.join(", ")} are`);
    placed[place] = value;
  }
  return placed;
}

const parametersOf: Readonly<Record<string, readonly string[]>> = {
  Trim: ["target", "replacement"],
  Sort: ["target", "order"],
  Concat: ["values", "delimiter"],
  IsMatch: ["target", "pattern"],
};

function compile(expression: OttlExpression, regex: RegexCompiler): Expression {
  const inner = (part: OttlExpression): Expression => compile(part, regex);
  switch (expression.type) {
    case "literal":
      return literal(expression.value);
    case "list": {
      const parts = expression.items.map(inner);
      return combine(parts, (scope) => parts.map((part) => part.evaluate(scope)));
    }
    case "map": {
      const entries = expression.entries.map(([key, value]) => [key, inner(value)] as const);
      return combine(
        entries.map(([, value]) => value),
        (scope) => Object.fromEntries(entries.map(([key, value]) => [key, value.evaluate(scope)])),
      );
    }
    case "path": {
      const { read, dynamic = false } = pathOf(expression);
      const keys = expression.keys.map(inner);
      const evaluate = (scope: OttlScope): OttlValue =>
        keys.reduce<OttlValue>((value, key) => at(value, key.evaluate(scope)), read(scope));
      return { evaluate, dynamic: dynamic || keys.some((key) => key.dynamic) };
    }
    case "call":
      return compileCall(expression, regex);
    case "function":
      throw new ConfigProblem(`${expression.name} as an argument is not simulated`);
    case "negate": {
      const of = inner(expression.of);
      return combine([of], (scope) => calculate("-", 0, of.evaluate(scope)));
    }
    case "not": {
      const of = inner(expression.of);
      return combine([of], (scope) => of.evaluate(scope) !== true);
    }
    case "math":
    case "compare": {
      const { operator, type } = expression;
      const [left, right] = [inner(expression.left), inner(expression.right)];
      return combine([left, right], (scope) =>
        (type === "math" ? calculate : compare)(operator, left.evaluate(scope), right.evaluate(scope)),
      );
    }
    case "and":
    case "or": {
      const parts = expression.parts.map(inner);
      const isTrue = (scope: OttlScope) => (part: Expression) => part.evaluate(scope) === true;
      return combine(
        parts,
        expression.type === "and"
          ? (scope) => parts.every(isTrue(scope))
          : (scope) => parts.some(isTrue(scope)),
      );
    }
    default:
      return unknownExpression(expression);
  }
}

function unknownExpression(expression: never): never {
  throw new TypeError(`Unknown expression: ${JSON.stringify(expression)}.`);
}

function compileCall(
  { name, args, keys }: Extract<OttlExpression, { type: "call" }>,
  regex: RegexCompiler,
): Expression {
  const parts = byPlace(args, parametersOf[name] ?? []).map((part) => compile(part, regex));
  const ofPoints = datapointConverters[name];
  if (ofPoints !== undefined) {
    return combine(parts, (scope) =>
      ofPoints(
        metricOf(scope),
        parts.map((part) => part.evaluate(scope)),
      ),
    );
  }
  const converter = Object.hasOwn(converters, name) ? converters[name] : undefined;
  if (converter === undefined) throw new ConfigProblem(`the function ${name} is not simulated`);
  const found = keys.map((key) => compile(key, regex));
  return combine([...parts, ...found], (scope) =>
    found.reduce<OttlValue>(
      (value, key) => at(value, key.evaluate(scope)),
      converter(
        parts.map((part) => part.evaluate(scope)),
        regex,
      ),
    ),
  );
}

// Statements.

/** What one statement of a `transform` processor does. */
export interface Statement {
  readonly run: (scope: OttlScope) => void;
  /** What it does depends on metric values, other than the new value of a data point, which is read when needed. */
  readonly dynamic: boolean;
  /** It changes metrics or data points, not just the resource. */
  readonly changesMetrics: boolean;
}

type Editor = (args: readonly OttlExpression[], regex: RegexCompiler) => Omit<Statement, "changesMetrics">;

const target = (expression: OttlExpression | undefined): Extract<OttlExpression, { type: "path" }> => {
  if (expression?.type === "path") return expression;
  throw new ConfigProblem("the first argument of an editor must be a path");
};

/** A map that an editor changes in place. */
function mapOf(expression: OttlExpression | undefined, regex: RegexCompiler): (scope: OttlScope) => OttlMap {
  const { evaluate } = compile(target(expression), regex);
  return (scope) => {
    const value = evaluate(scope);
    if (!isMap(value)) throw new OttlFailure("the target is not a map");
    return value;
  };
}

/** An editor of a map whose other arguments are evaluated. */
const mapEditor =
  (edit: (map: OttlMap, args: readonly OttlValue[], regex: RegexCompiler) => void): Editor =>
  ([map, ...rest], regex) => {
    const of = mapOf(map, regex);
    const parts = rest.map((part) => compile(part, regex));
    return {
      dynamic: parts.some(({ dynamic }) => dynamic),
      run: (scope) =>
        edit(
          of(scope),
          parts.map((part) => part.evaluate(scope)),
          regex,
        ),
    };
  };

const keysOf = (value: OttlValue | undefined): Set<string> =>
  new Set(isList(value) ? value.map(stringify) : []);
const keepOnly = (map: OttlMap, keep: (key: string) => boolean): void => {
  for (const key of Object.keys(map)) if (!keep(key)) delete map[key];
};

/** Writes a value to a path; the keys lead to an entry of a map. */
function writer(expression: OttlExpression | undefined, regex: RegexCompiler) {
  const path = target(expression);
  const { write } = pathOf(path);
  const { read } = pathOf(path);
  const keys = path.keys.map((key) => compile(key, regex));
  if (keys.length === 0 && write === undefined) {
    throw new ConfigProblem(`"${path.context}.${path.field}" cannot be set`);
  }
  return (scope: OttlScope, value: OttlValue): void => {
    // A value that does not exist leaves the target as it is.
    if (value === null) return;
    if (keys.length === 0) {
      write?.(scope, value);
      return;
    }
    let map = read(scope);
    for (const key of keys.slice(0, -1)) map = at(map, key.evaluate(scope));
    const last = keys.at(-1)?.evaluate(scope);
    if (isMap(map) && typeof last === "string") map[last] = value;
  };
}

/** Globs as Go's filepath.Match has them. */
const globPattern = (glob: string): string =>
  `^${glob
    .replace(/[.+^${}()|\\]/g, "\\$&")
    .replaceAll("*", "[^/]*")
    .replaceAll("?", "[^/]")}$`;

const textEditor =
  (edit: (text: string, args: readonly OttlValue[], regex: RegexCompiler) => string): Editor =>
  ([path, ...rest], regex) => {
    const value = compile(target(path), regex);
    const write = writer(path, regex);
    const parts = rest.map((part) => compile(part, regex));
    return {
      dynamic: [value, ...parts].some(({ dynamic }) => dynamic),
      run: (scope) => {
        const text = value.evaluate(scope);
        if (typeof text !== "string") return;
        write(
          scope,
          edit(
            text,
            parts.map((part) => part.evaluate(scope)),
            regex,
          ),
        );
      },
    };
  };

const editors: Readonly<Record<string, Editor>> = {
  set: ([path, source], regex) => {
    const write = writer(path, regex);
    const value = compile(source ?? { type: "literal", value: null }, regex);
    return { dynamic: value.dynamic, run: (scope) => write(scope, value.evaluate(scope)) };
  },
  delete_key: mapEditor((map, [key]) => {
    delete map[stringify(key ?? null)];
  }),
  delete_matching_keys: mapEditor((map, [pattern], regex) => {
    const { test } = regex(textOf(pattern ?? null));
    keepOnly(map, (key) => !test(key));
  }),
  keep_keys: mapEditor((map, [keys]) => {
    const kept = keysOf(keys);
    keepOnly(map, (key) => kept.has(key));
  }),
  keep_matching_keys: mapEditor((map, [pattern], regex) => {
    const { test } = regex(textOf(pattern ?? null));
    keepOnly(map, test);
  }),
  limit: mapEditor((map, [limit, priority]) => {
    const first = keysOf(priority);
    const kept = new Set(
      [
        ...Object.keys(map).filter((key) => first.has(key)),
        ...Object.keys(map).filter((key) => !first.has(key)),
      ].slice(0, Number(limit)),
    );
    keepOnly(map, (key) => kept.has(key));
  }),
  truncate_all: mapEditor((map, [limit]) => {
    for (const [key, value] of Object.entries(map))
      if (typeof value === "string") map[key] = value.slice(0, Number(limit));
  }),
  merge_maps: mapEditor((map, [source, strategy]) => {
    for (const [key, value] of Object.entries(isMap(source) ? source : {})) {
      const present = Object.hasOwn(map, key);
      if (strategy === "insert" ? !present : strategy === "update" ? present : true) map[key] = value;
    }
  }),
  replace_pattern: textEditor((text, [pattern, replacement], regex) =>
    regex(textOf(pattern ?? null)).replace(text, textOf(replacement ?? null)),
  ),
  replace_match: textEditor((text, [glob, replacement], regex) =>
    regex(globPattern(textOf(glob ?? null))).test(text) ? textOf(replacement ?? null) : text,
  ),
  replace_all_patterns: mapEditor((map, [mode, pattern, replacement], regex) => {
    const { replace } = regex(textOf(pattern ?? null));
    const to = textOf(replacement ?? null);
    for (const [key, value] of Object.entries(map)) {
      if (mode === "key") {
        delete map[key];
        map[replace(key, to)] = value;
      } else if (typeof value === "string") map[key] = replace(value, to);
    }
  }),
  replace_all_matches: mapEditor((map, [glob, replacement], regex) => {
    const { test } = regex(globPattern(textOf(glob ?? null)));
    for (const [key, value] of Object.entries(map))
      if (typeof value === "string" && test(value)) map[key] = textOf(replacement ?? null);
  }),
};

/** Whether a statement gives a data point another number: that number is then calculated when it is read. */
const setsNumber = ({ editor, args: [first] }: OttlStatement): boolean =>
  editor === "set" &&
  first?.value.type === "path" &&
  (first.value.field === "value_double" || first.value.field === "value_int");

function compileStatement(text: string, context: OttlContext, regex: RegexCompiler): Statement {
  const parsed = parseStatement(text, context);
  const where = parsed.where === undefined ? literal(true) : compile(parsed.where, regex);
  if (setsNumber(parsed)) return numberStatement(parsed, where, regex);
  const editor = metricEditors[parsed.editor] ?? editors[parsed.editor];
  if (editor === undefined) throw new ConfigProblem(`the function ${parsed.editor} is not simulated`);
  const args = byPlace(parsed.args, editorParameters[parsed.editor] ?? ["target"]);
  const { run, dynamic } = editor(args, regex);
  const [first] = args;
  const ofResource =
    first?.type === "path" &&
    (first.context === "resource" || first.context === "scope" || first.field === "cache");
  return {
    changesMetrics: !ofResource,
    dynamic: dynamic || where.dynamic,
    run: (scope) => {
      if (where.evaluate(scope) === true) run(scope);
    },
  };
}

function numberStatement({ args }: OttlStatement, where: Expression, regex: RegexCompiler): Statement {
  const path = target(args[0]?.value);
  const number: Metric["number"] = path.field === "value_int" ? "int" : "double";
  const source = compile(args[1]?.value ?? { type: "literal", value: null }, regex);
  const known = new WeakMap<Point["cell"], Point["cell"]>();
  return {
    changesMetrics: true,
    dynamic: false,
    run: (scope) => {
      const [point, metric] = [pointOf(scope), metricOf(scope)];
      if (!where.dynamic && where.evaluate(scope) !== true) return;
      const { cell } = point;
      // What the statement looked at is kept as it was; later statements do not reach back.
      const then: OttlScope = {
        resource: { ...scope.resource, attributes: { ...scope.resource.attributes } },
        metric: { ...metric },
        point: { attributes: { ...point.attributes }, cell },
        cache: { ...scope.cache },
      };
      const changed = known.get(cell) ?? {
        get value() {
          if (where.dynamic && where.evaluate(then) !== true) return cell.value;
          const result = source.evaluate(then);
          return typeof result === "number" ? (number === "int" ? Math.trunc(result) : result) : cell.value;
        },
      };
      known.set(cell, changed);
      point.cell = changed;
      metric.number = number;
    },
  };
}

// Editors of metrics. They change the metric of the context they run in.

const metricEditor =
  (edit: (scope: OttlScope, metric: WorkingMetric, args: readonly OttlValue[]) => void): Editor =>
  (args, regex) => {
    const parts = args.map((part) => (part === undefined ? literal(null) : compile(part, regex)));
    return {
      dynamic: false,
      run: (scope) =>
        edit(
          scope,
          metricOf(scope),
          parts.map((part) => part.evaluate(scope)),
        ),
    };
  };

const editorParameters: Readonly<Record<string, readonly string[]>> = {
  copy_metric: ["name", "description", "unit"],
  scale_metric: ["factor", "unit"],
  aggregate_on_attributes: ["function", "attributes"],
  aggregate_on_attribute_value: ["function", "attribute", "values", "newValue"],
  convert_gauge_to_sum: ["aggregation_temporality", "is_monotonic"],
};

const metricEditors: Readonly<Record<string, Editor>> = {
  convert_sum_to_gauge: metricEditor((_, metric) => {
    if (metric.type !== "sum") return;
    Object.assign(metric, { type: "gauge", monotonic: false, temporality: "unspecified" });
  }),
  convert_gauge_to_sum: metricEditor((_, metric, [temporality, monotonic]) => {
    if (metric.type !== "gauge") return;
    const kind = temporality === "delta" || temporality === "cumulative" ? temporality : undefined;
    if (kind === undefined) throw new OttlFailure(`unknown temporality ${stringify(temporality ?? null)}`);
    Object.assign(metric, { type: "sum", monotonic: monotonic === true, temporality: kind });
  }),
  copy_metric: metricEditor(({ resource }, metric, [name, description, unit]) => {
    resource.metrics.push({
      ...metric,
      name: typeof name === "string" ? name : metric.name,
      description: typeof description === "string" ? description : metric.description,
      unit: typeof unit === "string" ? unit : metric.unit,
      points: metric.points.map(({ attributes, cell }) => ({ attributes: { ...attributes }, cell })),
    });
  }),
  scale_metric: metricEditor((_, metric, [factor, unit]) => {
    for (const point of metric.points) point.cell = calculated(point.cell, (value) => value * Number(factor));
    metric.number = "double";
    if (typeof unit === "string") metric.unit = unit;
  }),
  aggregate_on_attributes: metricEditor((_, metric, [how, attributes]) => {
    const kept = keysOf(attributes);
    for (const point of metric.points) keepOnly(point.attributes, (key) => kept.has(key));
    metric.points = merge(metric.points, how);
  }),
  aggregate_on_attribute_value: metricEditor((_, metric, [how, attribute, values, newValue]) => {
    const [key, merged] = [textOf(attribute ?? null), keysOf(values)];
    for (const { attributes } of metric.points)
      if (merged.has(stringify(attributes[key] ?? null))) attributes[key] = newValue ?? null;
    metric.points = merge(metric.points, how);
  }),
};

const merge = (points: readonly WorkingPoint[], how: OttlValue | undefined): WorkingPoint[] =>
  mergePoints(points as readonly Point[], textOf(how ?? null) as Aggregation).map(({ attributes, cell }) => ({
    attributes: { ...attributes },
    cell,
  }));

/** Compiles texts. What it gives has no state of any collector, so that anybody may share it. */
export interface OttlCompiler {
  /** @throws OttlError when the text is not OTTL, ConfigProblem when it uses what is not simulated. */
  condition(text: string, context: OttlContext, inFilter?: boolean): Expression;
  /** @throws OttlError when the text is not OTTL, ConfigProblem when it uses what is not simulated. */
  statement(text: string, context: OttlContext): Statement;
  readonly regex: RegexCompiler;
}

const rememberedMax = 5_000;

export function createOttlCompiler(regex: RegexCompiler): OttlCompiler {
  const conditions = remembering((text, context: OttlContext, inFilter: boolean) =>
    compile(parseCondition(text, context, { inFilter }), regex),
  );
  const statements = remembering((text, context: OttlContext) => compileStatement(text, context, regex));
  return {
    condition: (text, context, inFilter = false) => conditions(text, context, inFilter),
    statement: (text, context) => statements(text, context, false),
    regex,
  };
}

function remembering<Value>(
  compile: (text: string, context: OttlContext, inFilter: boolean) => Value,
): (text: string, context: OttlContext, inFilter: boolean) => Value {
  const known = new Map<string, Value>();
  return (text, context, inFilter) => {
    const key = `${context} ${inFilter} ${text}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    const value = compile(text, context, inFilter);
    if (known.size >= rememberedMax) known.clear();
    known.set(key, value);
    return value;
  };
}
