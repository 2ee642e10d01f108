/** Parses the part of OTTL that pipeline templates and filters use, straight into expressions. */
import { createCursor, type Cursor } from "./cursor.js";
import { attribute, combine, compare, literal, metricName, type Expression } from "./expression.js";

/** Compiles a regular expression to a test of a text. Throws when it is no RE2 expression. */
export type RegexCompiler = (pattern: string) => (text: string) => boolean;

/** What one statement of a `transform` processor does. */
export interface Statement {
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
export function parseCondition(text: string, regex: RegexCompiler): Expression {
  const parser = { cursor: createCursor(text), regex };
  const parsed = condition(parser);
  end(parser);
  return parsed;
}

/** @throws OttlError when the text is not a statement of the simulated part of OTTL. */
export function parseStatement(text: string, regex: RegexCompiler): Statement {
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
