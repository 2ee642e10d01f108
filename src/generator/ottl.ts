/**
 * Parses OTTL, the expression language of the OpenTelemetry Collector, and checks what it names: contexts, paths,
 * functions with their numbers of arguments, enumerations. It runs nothing.
 */
import { nearest } from "../shared/nearest.js";

export type OttlContext =
  "resource" | "scope" | "metric" | "datapoint" | "span" | "spanevent" | "log" | "profile" | "profilesample";

type OttlLiteral = string | number | boolean | null;

export type OttlExpression =
  | { readonly type: "literal"; readonly value: OttlLiteral }
  | { readonly type: "list"; readonly items: readonly OttlExpression[] }
  | { readonly type: "map"; readonly entries: readonly (readonly [key: string, value: OttlExpression])[] }
  | {
      readonly type: "path";
      readonly context: OttlContext;
      /** Without the context, such as `attributes` or `status.code`. */
      readonly field: string;
      readonly keys: readonly OttlExpression[];
    }
  | {
      readonly type: "call";
      readonly name: string;
      readonly args: readonly OttlArgument[];
      readonly keys: readonly OttlExpression[];
    }
  /** A converter that is handed over by its name. */
  | { readonly type: "function"; readonly name: string }
  | { readonly type: "negate"; readonly of: OttlExpression }
  | { readonly type: "not"; readonly of: OttlExpression }
  | {
      readonly type: "math" | "compare";
      readonly operator: string;
      readonly left: OttlExpression;
      readonly right: OttlExpression;
    }
  | { readonly type: "and" | "or"; readonly parts: readonly OttlExpression[] };

export interface OttlArgument {
  /** Undefined for an argument by its place. */
  readonly name: string | undefined;
  readonly value: OttlExpression;
}

export interface OttlStatement {
  readonly editor: string;
  readonly args: readonly OttlArgument[];
  readonly where: OttlExpression | undefined;
}

/** A text that is not OTTL, or names what OTTL does not have. */
export class OttlError extends Error {
  override readonly name = "OttlError";

  constructor(problem: string, text: string) {
    super(`${problem} in \`${text}\``);
  }
}

// What each context knows. A path may begin with its own context or with one that surrounds it.

const surrounding: Readonly<Record<OttlContext, readonly OttlContext[]>> = {
  resource: ["resource"],
  scope: ["scope", "resource"],
  metric: ["metric", "scope", "resource"],
  datapoint: ["datapoint", "metric", "scope", "resource"],
  span: ["span", "scope", "resource"],
  spanevent: ["spanevent", "span", "scope", "resource"],
  log: ["log", "scope", "resource"],
  profile: ["profile", "scope", "resource"],
  profilesample: ["profilesample", "profile", "scope", "resource"],
};

const contextNames: Readonly<Record<string, OttlContext>> = {
  ...Object.fromEntries((Object.keys(surrounding) as OttlContext[]).map((name) => [name, name])),
  instrumentation_scope: "scope",
};

const words = (text: string): string[] => text.trim().split(/\s+/);

const fields: Readonly<Record<OttlContext, readonly string[]>> = {
  resource: words("attributes dropped_attributes_count schema_url cache"),
  scope: words("name version attributes dropped_attributes_count schema_url cache"),
  metric: words("name description unit type aggregation_temporality is_monotonic data_points metadata cache"),
  datapoint: words(`
    attributes start_time_unix_nano time_unix_nano start_time time value_double value_int exemplars flags count sum
    bucket_counts explicit_bounds scale zero_count positive positive.offset positive.bucket_counts negative
    negative.offset negative.bucket_counts quantile_values cache`),
  span: words(`
    trace_id trace_id.string span_id span_id.string parent_span_id parent_span_id.string trace_state name kind
    kind.string kind.deprecated_string start_time_unix_nano end_time_unix_nano start_time end_time attributes
    dropped_attributes_count events dropped_events_count links dropped_links_count status status.code
    status.message flags cache`),
  spanevent: words("time_unix_nano time name attributes dropped_attributes_count event_index cache"),
  log: words(`
    trace_id trace_id.string span_id span_id.string time_unix_nano observed_time_unix_nano time observed_time
    severity_number severity_text body body.string attributes dropped_attributes_count flags event_name cache`),
  profile: words(`
    profile_id profile_id.string attributes time_unix_nano time duration_unix_nano duration period default_sample_type
    sample_type original_payload_format original_payload dropped_attributes_count attribute_indices cache`),
  profilesample: words(
    "attributes values attribute_indices link_index timestamps_unix_nano timestamps cache",
  ),
};

/** The fields that take keys in brackets. */
const keyed = new Set(["attributes", "cache", "metadata", "body", "trace_state"]);

const enumerations = new Set(
  words(`
    AGGREGATION_TEMPORALITY_UNSPECIFIED AGGREGATION_TEMPORALITY_DELTA AGGREGATION_TEMPORALITY_CUMULATIVE
    FLAG_NONE FLAG_NO_RECORDED_VALUE METRIC_DATA_TYPE_NONE METRIC_DATA_TYPE_GAUGE METRIC_DATA_TYPE_SUM
    METRIC_DATA_TYPE_HISTOGRAM METRIC_DATA_TYPE_EXPONENTIAL_HISTOGRAM METRIC_DATA_TYPE_SUMMARY
    SPAN_KIND_UNSPECIFIED SPAN_KIND_INTERNAL SPAN_KIND_SERVER SPAN_KIND_CLIENT SPAN_KIND_PRODUCER SPAN_KIND_CONSUMER
    STATUS_CODE_UNSET STATUS_CODE_OK STATUS_CODE_ERROR SEVERITY_NUMBER_UNSPECIFIED`),
);
for (const level of ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"])
  for (const step of ["", "2", "3", "4"]) enumerations.add(`SEVERITY_NUMBER_${level}${step}`);

/** Names of functions with the least and the largest number of their arguments. */
type Functions = Readonly<Record<string, readonly [least: number, most: number]>>;

function functions(text: string): Functions {
  return Object.fromEntries(
    words(text).map((word) => {
      const [name = "", least = "0", most = least] = word.split(":");
      return [name, [Number(least), Number(most)]];
    }),
  );
}

const editors = functions(`
  append:2:3 delete_index:2:3 delete_key:2 delete_matching_keys:2 flatten:1:4 keep_keys:2 keep_matching_keys:2 limit:3
  merge_maps:3 replace_all_matches:3:5 replace_all_patterns:4:6 replace_match:3:5 replace_pattern:3:5 set:2
  truncate_all:2`);
const metricEditors = functions(`
  aggregate_on_attribute_value:4 aggregate_on_attributes:1:2 convert_exponential_histogram_to_histogram:2
  convert_gauge_to_sum:2 convert_sum_to_gauge:0 convert_summary_count_val_to_sum:2:3
  convert_summary_quantile_val_to_gauge:0:2 convert_summary_sum_val_to_sum:2:3 copy_metric:0:3 extract_count_metric:1:2
  extract_sum_metric:1:2 merge_histogram_buckets:1 scale_metric:1:2`);
const spanEditors = functions("set_semconv_span_name:1:2");
const converters = functions(`
  Base64Decode:1 Bool:1 Coalesce:1 CommunityID:4:6 Concat:2 ContainsValue:2 ConvertAttributesToElementsXML:1:2
  ConvertCase:2 ConvertTextToElementsXML:1:3 Day:1 Decode:2 Double:1 Duration:1 ExtractGrokPatterns:2:4
  ExtractPatterns:2 FNV:1 Format:2 FormatTime:2 GetXML:2 HasPrefix:2 HasSuffix:2 Hex:1 Hour:1 Hours:1 Index:2
  InsertXML:3 Int:1 IsBool:1 IsDouble:1 IsInCIDR:2 IsInt:1 IsList:1 IsMap:1 IsMatch:2 IsRootSpan:0 IsString:1
  IsValidLuhn:1 Keys:1 Len:1 Log:1 MD5:1 Microseconds:1 Milliseconds:1 Minute:1 Minutes:1 Month:1 Murmur3Hash:1
  Murmur3Hash128:1 Nanosecond:1 Nanoseconds:1 Now:0 ParseCSV:2:5 ParseInt:2 ParseJSON:1 ParseKeyValue:1:3
  ParseSeverity:2 ParseSimplifiedXML:1 ParseXML:1 ProfileID:1 RemoveXML:2 SHA1:1 SHA256:1 SHA512:1 Second:1 Seconds:1
  SliceToMap:1:3 Sort:1:2 SpanID:1 Split:2 String:1 Substring:3 Time:2:4 ToCamelCase:1 ToKeyValueString:1:4
  ToLowerCase:1 ToSnakeCase:1 ToUpperCase:1 TraceID:1 Trim:1:2 TrimPrefix:2 TrimSuffix:2 TruncateTime:2 URL:1 UUID:0
  UUIDv7:0 Unix:1:2 UnixMicro:1 UnixMilli:1 UnixNano:1 UnixSeconds:1 UserAgent:1 Values:1 Weekday:1 XXH128:1 XXH3:1
  Year:1`);
/** Known to conditions of `filter` about metrics, and nowhere else. */
const datapointConverters = functions("HasAttrKeyOnDatapoint:1 HasAttrOnDatapoint:2");

// Tokens.

interface Token {
  readonly type: "name" | "text" | "number" | "operator" | "end";
  readonly text: string;
  readonly value?: OttlLiteral;
  readonly from: number;
}

const tokenPattern =
  /\s+|([A-Za-z_][A-Za-z0-9_]*)|("(?:[^"\\]|\\.)*")|(0x[0-9a-fA-F]+|\d+\.\d*|\.\d+|\d+)|(==|!=|<=|>=|[-+*/<>()[\]{},.:=])/y;

/** @throws OttlError when a character fits nowhere. */
function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let from = 0;
  while (from < text.length) {
    tokenPattern.lastIndex = from;
    const match = tokenPattern.exec(text);
    if (match === null) throw new OttlError(`unexpected "${text.slice(from, from + 10)}"`, text);
    const [, name, quoted, number, operator] = match;
    if (name !== undefined) tokens.push({ type: "name", text: name, from });
    else if (quoted !== undefined) tokens.push({ type: "text", text: quoted, value: unquote(quoted), from });
    else if (number !== undefined) tokens.push({ type: "number", text: number, value: Number(number), from });
    else if (operator !== undefined) tokens.push({ type: "operator", text: operator, from });
    from = tokenPattern.lastIndex;
  }
  tokens.push({ type: "end", text: "end of text", from });
  return tokens;
}

const escapes: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r" };
const unquote = (quoted: string): string =>
  quoted.slice(1, -1).replaceAll(/\\(.)/gs, (_, character: string) => escapes[character] ?? character);

// The grammar.

interface Parser {
  readonly text: string;
  readonly context: OttlContext;
  readonly inFilter: boolean;
  peek(): Token;
  next(): Token;
  accept(wanted: string): boolean;
  expect(wanted: string): void;
  fail(problem: string): never;
}

function createParser(text: string, context: OttlContext, inFilter: boolean): Parser {
  const tokens = tokenize(text);
  let position = 0;
  const last: Token = { type: "end", text: "end of text", from: text.length };
  const peek = (): Token => tokens[position] ?? last;
  const fail = (problem: string): never => {
    throw new OttlError(problem, text);
  };
  const accept = (wanted: string): boolean => {
    const { type, text } = peek();
    const found = text === wanted && (type === "name" || type === "operator");
    if (found) position += 1;
    return found;
  };
  return {
    text,
    context,
    inFilter,
    peek,
    next: () => {
      const token = peek();
      position += 1;
      return token;
    },
    accept,
    expect: (wanted) => {
      if (!accept(wanted)) fail(`expected "${wanted}" before "${peek().text}"`);
    },
    fail,
  };
}

export interface OttlOptions {
  /** Conditions of the `filter` processor know functions that others do not. @default false */
  readonly inFilter?: boolean;
}

/** @throws OttlError when the text is not a condition in that context. */
export function parseCondition(
  text: string,
  context: OttlContext,
  { inFilter = false }: OttlOptions = {},
): OttlExpression {
  const parser = createParser(text, context, inFilter);
  const parsed = disjunction(parser);
  end(parser);
  return parsed;
}

/** @throws OttlError when the text is not a statement in that context. */
export function parseStatement(text: string, context: OttlContext): OttlStatement {
  const parser = createParser(text, context, false);
  const name = parser.next();
  if (name.type !== "name" || !/^[a-z]/.test(name.text)) {
    return parser.fail(`a statement begins with the name of an editor, found "${name.text}"`);
  }
  parser.expect("(");
  const args = callArguments(parser);
  checkCall(parser, name.text, args.length, editorsOf(context));
  const where = parser.accept("where") ? disjunction(parser) : undefined;
  end(parser);
  return { editor: name.text, args, where };
}

/**
 * @returns The innermost context that a text names in its paths, as collectors infer it.
 * @throws OttlError when it names none.
 */
export function inferContext(texts: readonly string[], among: readonly OttlContext[]): OttlContext {
  const named = new Set<string>();
  for (const text of texts) {
    const tokens = tokenize(text);
    for (const [index, { type, text: name }] of tokens.entries()) {
      if (type !== "name" || tokens[index - 1]?.text === ".") continue;
      if ([".", "["].includes(tokens[index + 1]?.text ?? "") && /^[a-z]/.test(name)) named.add(name);
      if (Object.hasOwn(metricEditors, name)) named.add("metric");
    }
  }
  const found = among.find((context) => [...named].some((name) => contextNames[name] === context));
  if (found !== undefined) return found;
  throw new OttlError(
    `no path begins with a context (${among.join(", ")}), so that none can be inferred`,
    texts[0] ?? "",
  );
}

function end({ peek, fail }: Parser): void {
  if (peek().type !== "end") fail(`unexpected "${peek().text}"`);
}

/** `and` binds tighter than `or`. */
const disjunction = (parser: Parser): OttlExpression => chain(parser, "or", () => conjunction(parser));
const conjunction = (parser: Parser): OttlExpression => chain(parser, "and", () => negation(parser));

function chain(parser: Parser, type: "and" | "or", part: () => OttlExpression): OttlExpression {
  const first = part();
  const parts = [first];
  while (parser.accept(type)) parts.push(part());
  return parts.length === 1 ? first : { type, parts };
}

function negation(parser: Parser): OttlExpression {
  return parser.accept("not") ? { type: "not", of: negation(parser) } : comparison(parser);
}

const comparisons = new Set(["==", "!=", "<", "<=", ">", ">="]);

function comparison(parser: Parser): OttlExpression {
  const left = sum(parser);
  const { type, text: operator } = parser.peek();
  if (type !== "operator" || !comparisons.has(operator)) return left;
  parser.next();
  return { type: "compare", operator, left, right: sum(parser) };
}

const sum = (parser: Parser): OttlExpression => operations(parser, ["+", "-"], () => product(parser));
const product = (parser: Parser): OttlExpression => operations(parser, ["*", "/"], () => factor(parser));

function operations(
  parser: Parser,
  operators: readonly string[],
  part: () => OttlExpression,
): OttlExpression {
  let left = part();
  for (;;) {
    const operator = operators.find((each) => parser.accept(each));
    if (operator === undefined) return left;
    left = { type: "math", operator, left, right: part() };
  }
}

function factor(parser: Parser): OttlExpression {
  if (parser.accept("-")) return { type: "negate", of: factor(parser) };
  if (parser.accept("+")) return factor(parser);
  if (parser.accept("(")) {
    const inner = disjunction(parser);
    parser.expect(")");
    return inner;
  }
  if (parser.accept("[")) return { type: "list", items: items(parser, "]", () => sum(parser)) };
  if (parser.accept("{")) {
    return { type: "map", entries: items(parser, "}", () => mapEntry(parser)) };
  }
  return atom(parser);
}

function items<Item>(parser: Parser, closing: string, item: () => Item): Item[] {
  const found: Item[] = [];
  while (!parser.accept(closing)) {
    if (found.length > 0) parser.expect(",");
    found.push(item());
  }
  return found;
}

function mapEntry(parser: Parser): readonly [string, OttlExpression] {
  const key = parser.next();
  if (key.type !== "text") return parser.fail(`expected a quoted key before "${key.text}"`);
  parser.expect(":");
  return [String(key.value), sum(parser)];
}

const constants = new Map<string, OttlLiteral>([
  ["true", true],
  ["false", false],
  ["nil", null],
]);

function atom(parser: Parser): OttlExpression {
  const token = parser.next();
  if (token.value !== undefined) return { type: "literal", value: token.value };
  if (token.type !== "name") return parser.fail(`expected a value before "${token.text}"`);
  const { text: name } = token;
  const constant = constants.get(name);
  if (constant !== undefined) return { type: "literal", value: constant };
  if (/^[A-Z][A-Z0-9]*_[A-Z0-9_]+$/.test(name)) return enumeration(parser, name);
  if (!/^[A-Z]/.test(name)) return path(parser, name);
  const known = convertersOf(parser);
  if (!parser.accept("(")) {
    checkName(parser, "function", name, Object.keys(known));
    return { type: "function", name };
  }
  const args = callArguments(parser);
  checkCall(parser, name, args.length, known);
  return { type: "call", name, args, keys: keys(parser) };
}

function enumeration(parser: Parser, name: string): OttlExpression {
  checkName(parser, "enumeration", name, [...enumerations]);
  return { type: "literal", value: name };
}

function path(parser: Parser, first: string): OttlExpression {
  const segments = [first];
  while (parser.accept(".")) {
    const { type, text } = parser.next();
    if (type !== "name") return parser.fail(`expected the rest of a path before "${text}"`);
    segments.push(text);
  }
  const named = Object.hasOwn(contextNames, first) && segments.length > 1 ? contextNames[first] : undefined;
  const context = named ?? parser.context;
  if (!surrounding[parser.context].includes(context)) {
    return parser.fail(`"${segments.join(".")}" cannot be reached from the context ${parser.context}`);
  }
  const field = (named === undefined ? segments : segments.slice(1)).join(".");
  if (!fields[context].includes(field)) {
    const near = nearest(field, fields[context]);
    return parser.fail(
      `"${segments.join(".")}" is not a path of the context ${context}` +
        (near === undefined ? "" : `; did you mean "${near}"?`),
    );
  }
  const found = keys(parser);
  if (found.length > 0 && !keyed.has(field)) return parser.fail(`"${field}" takes no key`);
  return { type: "path", context, field, keys: found };
}

function keys(parser: Parser): OttlExpression[] {
  const found: OttlExpression[] = [];
  while (parser.accept("[")) {
    found.push(sum(parser));
    parser.expect("]");
  }
  return found;
}

function callArguments(parser: Parser): OttlArgument[] {
  return items(parser, ")", () => {
    const value = disjunctionOrName(parser);
    if (typeof value === "string") {
      return { name: value, value: disjunction(parser) };
    }
    return { name: undefined, value };
  });
}

/** The name of a named argument, or its value. */
function disjunctionOrName(parser: Parser): OttlExpression | string {
  const { type, text, from } = parser.peek();
  const named = type === "name" && /^\s*=(?!=)/.test(parser.text.slice(from + text.length));
  if (!named) return disjunction(parser);
  parser.next();
  parser.expect("=");
  return text;
}

function editorsOf(context: OttlContext): Functions {
  if (context === "metric" || context === "datapoint") return { ...editors, ...metricEditors };
  return context === "span" ? { ...editors, ...spanEditors } : editors;
}

const convertersOf = ({ inFilter }: Parser): Functions =>
  inFilter ? { ...converters, ...datapointConverters } : converters;

function checkName(parser: Parser, what: string, name: string, known: readonly string[]): void {
  if (known.includes(name)) return;
  const near = nearest(name, known);
  parser.fail(`${what} "${name}" does not exist` + (near === undefined ? "" : `; did you mean "${near}"?`));
}

function checkCall(parser: Parser, name: string, given: number, known: Functions): void {
  checkName(parser, "function", name, Object.keys(known));
  const [least, most] = known[name] ?? [0, 0];
  if (given >= least && given <= most) return;
  const wanted = least === most ? String(least) : `${least} to ${most}`;
  parser.fail(`${name} takes ${wanted} argument${wanted === "1" ? "" : "s"}, found ${given}`);
}
