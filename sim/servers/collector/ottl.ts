/** A compiler that remembers: collectors of many nodes, and of many worlds, are configured with the same few texts. */
import { metricIndexes, valueAt } from "./metrics.js";

// Parses the part of OTTL that pipeline templates and filters use, straight into expressions.

// What OTTL expressions work on, and the building blocks they compile to.

type OttlValue = string | number | boolean | null;

/** One process, and one of its metrics for conditions that name it. */
export interface OttlScope {
  readonly attributes: Readonly<Record<string, string>>;
  readonly values: Float64Array;
  readonly metricName: string;
}

export interface Expression {
  readonly evaluate: (scope: OttlScope) => OttlValue;
  /** The result depends on metric values, so it may differ at each scrape. */
  readonly dynamic: boolean;
  /** The result depends on which metric is looked at. */
  readonly perMetric: boolean;
}

const literal = (value: OttlValue): Expression => ({
  evaluate: () => value,
  dynamic: false,
  perMetric: false,
});

/** Joins the traits of parts into those of the whole. */
function combine(parts: readonly Expression[], evaluate: Expression["evaluate"]): Expression {
  return {
    evaluate,
    dynamic: parts.some((part) => part.dynamic),
    perMetric: parts.some((part) => part.perMetric),
  };
}

/**
 * Reads an attribute. The platform's templates read metrics as attributes too, such as
 * `attributes["process.cpu.utilization"]`; that gives the metric's present value.
 */
function attribute(key: string): Expression {
  const index = metricIndexes.get(key);
  if (index !== undefined) {
    return { evaluate: ({ values }) => valueAt(values, index), dynamic: true, perMetric: false };
  }
  return { evaluate: ({ attributes }) => attributes[key] ?? null, dynamic: false, perMetric: false };
}

const metricName: Expression = {
  evaluate: (scope) => scope.metricName,
  dynamic: false,
  perMetric: true,
};

/** A comparison as OTTL has it: values of different types are unequal and in no order. */
function compare(operator: string, left: Expression, right: Expression): Expression {
  const { evaluate: a } = left;
  const { evaluate: b } = right;
  const ordered =
    (test: (a: string | number, b: string | number) => boolean): Expression["evaluate"] =>
    (scope) => {
      const first = a(scope);
      const second = b(scope);
      const comparable =
        typeof first === typeof second && (typeof first === "number" || typeof first === "string");
      return comparable && test(first, second as typeof first);
    };
  const evaluate: Record<string, Expression["evaluate"]> = {
    "==": (scope) => a(scope) === b(scope),
    "!=": (scope) => a(scope) !== b(scope),
    "<": ordered((first, second) => first < second),
    "<=": ordered((first, second) => first <= second),
    ">": ordered((first, second) => first > second),
    ">=": ordered((first, second) => first >= second),
  };
  const chosen = evaluate[operator];
  if (chosen === undefined) throw new TypeError(`Unknown operator ${operator}.`);
  return combine([left, right], chosen);
}

// Splits an OTTL text into tokens. OTTL is the expression language of the OpenTelemetry Collector.

type Token =
  | { readonly type: "name" | "operator" | "end"; readonly text: string }
  | { readonly type: "string"; readonly text: string }
  | { readonly type: "number"; readonly text: string; readonly value: number };

const tokenPattern =
  /\s+|([A-Za-z_][A-Za-z0-9_.]*)|("(?:[^"\\]|\\.)*")|(-?\d+(?:\.\d+)?)|(==|!=|<=|>=|[<>()[\],])/y;

/** @throws OttlError when a character fits nowhere. */
function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let position = 0;
  while (position < text.length) {
    tokenPattern.lastIndex = position;
    const match = tokenPattern.exec(text);
    if (match === null) throw new OttlError(`unexpected "${text.slice(position, position + 10)}"`, text);
    position = tokenPattern.lastIndex;
    const [, name, quoted, number, operator] = match;
    if (name !== undefined) tokens.push({ type: "name", text: name });
    else if (quoted !== undefined) tokens.push({ type: "string", text: unquote(quoted) });
    else if (number !== undefined) tokens.push({ type: "number", text: number, value: Number(number) });
    else if (operator !== undefined) tokens.push({ type: "operator", text: operator });
  }
  tokens.push({ type: "end", text: "end of text" });
  return tokens;
}

const unquote = (quoted: string): string =>
  quoted.slice(1, -1).replace(/\\(.)/g, (_, character: string) => {
    if (character === "n") return "\n";
    return character === "t" ? "\t" : character;
  });

/** A text that is not OTTL, or uses a part of OTTL that is not simulated. */
export class OttlError extends Error {
  override readonly name = "OttlError";

  constructor(problem: string, text: string) {
    super(`${problem} in \`${text}\``);
  }
}

// A place in the tokens of one OTTL text.

interface Cursor {
  peek(): Token;
  /** The present token, and on to the next. */
  next(): Token;
  /** Steps over a name or operator if it is the one wanted. */
  accept(wanted: string): boolean;
  /** @throws OttlError when the present token is not the one wanted. */
  expect(wanted: string): void;
  /** Steps over a quoted text. @throws OttlError when there is none. */
  text(): string;
  /** @throws OttlError always, with the text that is being read. */
  fail(problem: string): never;
}

/** @throws OttlError when the text holds a character that fits nowhere. */
function createCursor(text: string): Cursor {
  const tokens = tokenize(text);
  let position = 0;
  const peek = (): Token => tokens[position] ?? { type: "end", text: "end of text" };
  const next = (): Token => {
    const token = peek();
    position += 1;
    return token;
  };
  const fail = (problem: string): never => {
    throw new OttlError(problem, text);
  };
  const accept = (wanted: string): boolean => {
    const { type, text } = peek();
    const isWanted = text === wanted && (type === "name" || type === "operator");
    if (isWanted) position += 1;
    return isWanted;
  };
  return {
    peek,
    next,
    accept,
    fail,
    expect: (wanted) => {
      if (!accept(wanted)) fail(`expected "${wanted}" before "${peek().text}"`);
    },
    text: () =>
      peek().type === "string" ? next().text : fail(`expected a quoted text before "${peek().text}"`),
  };
}

/** Compiles a regular expression to a test of a text. Throws when it is no RE2 expression. */
export type RegexCompiler = (pattern: string) => (text: string) => boolean;

/** What one statement of a `transform` processor does. */
interface Statement {
  readonly editor: "set" | "delete_key";
  readonly key: string;
  /** New value; null deletes for `delete_key` and changes nothing for `set`. */
  readonly value: Expression;
  readonly where: Expression;
}

interface Parser {
  readonly cursor: Cursor;
  readonly regex: RegexCompiler;
}

const comparisons = new Set(["==", "!=", "<", "<=", ">", ">="]);
const attributeMaps = new Set(["attributes", "resource.attributes"]);

/** @throws OttlError when the text is not a condition of the simulated part of OTTL. */
function parseCondition(text: string, regex: RegexCompiler): Expression {
  const parser = { cursor: createCursor(text), regex };
  const parsed = condition(parser);
  end(parser);
  return parsed;
}

/** @throws OttlError when the text is not a statement of the simulated part of OTTL. */
function parseStatement(text: string, regex: RegexCompiler): Statement {
  const parser = { cursor: createCursor(text), regex };
  const parsed = statement(parser);
  end(parser);
  return parsed;
}

function end({ cursor }: Parser): void {
  if (cursor.peek().type !== "end") cursor.fail(`unexpected "${cursor.peek().text}"`);
}

function statement(parser: Parser): Statement {
  const { cursor } = parser;
  const { text: editor } = cursor.next();
  if (editor !== "set" && editor !== "delete_key") {
    return cursor.fail(`function ${editor} is not simulated; set and delete_key are`);
  }
  cursor.expect("(");
  const edit = editor === "set" ? assignment(parser) : deletion(parser);
  cursor.expect(")");
  const where = cursor.accept("where") ? condition(parser) : literal(true);
  return { editor, ...edit, where };
}

function assignment(parser: Parser): Pick<Statement, "key" | "value"> {
  const { cursor } = parser;
  const key = attributeKey(cursor, cursor.next().text);
  cursor.expect(",");
  return { key, value: value(parser) };
}

function deletion({ cursor }: Parser): Pick<Statement, "key" | "value"> {
  const { text: map } = cursor.next();
  if (!attributeMaps.has(map)) cursor.fail(`delete_key needs attributes, found "${map}"`);
  cursor.expect(",");
  return { key: cursor.text(), value: literal(null) };
}

/** `and` binds tighter than `or`. */
function condition(parser: Parser): Expression {
  return chain(parser, "or", () => chain(parser, "and", () => term(parser)));
}

function chain({ cursor }: Parser, word: "and" | "or", part: () => Expression): Expression {
  const parts = [part()];
  while (cursor.accept(word)) parts.push(part());
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  return combine(
    parts,
    word === "and"
      ? (scope) => parts.every((item) => item.evaluate(scope) === true)
      : (scope) => parts.some((item) => item.evaluate(scope) === true),
  );
}

function term(parser: Parser): Expression {
  const { cursor } = parser;
  if (cursor.accept("not")) {
    const inner = term(parser);
    return combine([inner], (scope) => inner.evaluate(scope) !== true);
  }
  if (cursor.accept("(")) {
    const inner = condition(parser);
    cursor.expect(")");
    return inner;
  }
  const left = value(parser);
  const { type, text: operator } = cursor.peek();
  if (type !== "operator" || !comparisons.has(operator)) return left;
  cursor.next();
  return compare(operator, left, value(parser));
}

function value(parser: Parser): Expression {
  const { cursor } = parser;
  const token = cursor.next();
  if (token.type === "string") return literal(token.text);
  if (token.type === "number") return literal(token.value);
  if (token.type !== "name") return cursor.fail(`expected a value before "${token.text}"`);
  if (token.text === "true" || token.text === "false") return literal(token.text === "true");
  if (token.text === "nil") return literal(null);
  if (cursor.accept("(")) return call(parser, token.text);
  if (token.text === "metric.name" || token.text === "name") return metricName;
  return attribute(attributeKey(cursor, token.text));
}

function attributeKey(cursor: Cursor, path: string): string {
  if (!attributeMaps.has(path)) {
    cursor.fail(`"${path}" is not simulated; attributes and resource.attributes are`);
  }
  cursor.expect("[");
  const key = cursor.text();
  cursor.expect("]");
  return key;
}

function call(parser: Parser, name: string): Expression {
  const { cursor, regex } = parser;
  if (name === "IsMatch") {
    const target = value(parser);
    cursor.expect(",");
    const test = regex(cursor.text());
    cursor.expect(")");
    return combine([target], (scope) => {
      const found = target.evaluate(scope);
      return found !== null && test(String(found));
    });
  }
  if (name === "Concat") {
    const parts = list(parser);
    cursor.expect(",");
    const separator = cursor.text();
    cursor.expect(")");
    return combine(parts, (scope) => parts.map((part) => part.evaluate(scope) ?? "<nil>").join(separator));
  }
  return cursor.fail(`function ${name} is not simulated; IsMatch and Concat are`);
}

function list(parser: Parser): Expression[] {
  const { cursor } = parser;
  cursor.expect("[");
  const items: Expression[] = [];
  while (!cursor.accept("]")) {
    if (items.length > 0) cursor.expect(",");
    items.push(value(parser));
  }
  return items;
}

/** Compiles texts of the transformation language. What it gives has no state, so that anybody may share it. */
export interface OttlCompiler {
  /** @throws OttlError when the text is not a condition of the simulated part of OTTL. */
  condition(text: string): Expression;
  /** @throws OttlError when the text is not a statement of the simulated part of OTTL. */
  statement(text: string): Statement;
  readonly regex: RegexCompiler;
}

const rememberedMax = 5_000;

export function createOttlCompiler(regex: RegexCompiler): OttlCompiler {
  return {
    condition: remembering((text) => parseCondition(text, regex)),
    statement: remembering((text) => parseStatement(text, regex)),
    regex,
  };
}

function remembering<Value>(compile: (text: string) => Value): (text: string) => Value {
  const known = new Map<string, Value>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const value = compile(text);
    if (known.size >= rememberedMax) known.clear();
    known.set(text, value);
    return value;
  };
}
