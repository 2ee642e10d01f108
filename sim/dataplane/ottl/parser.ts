/** Parses the part of OTTL that pipeline templates and filters use, straight into expressions. */
import {
  attribute,
  combine,
  compare,
  literal,
  metricName,
  type Expression,
  type OttlScope,
} from "./expression.js";
import { OttlError, tokenize, type Token } from "./tokens.js";

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

const comparisons = new Set(["==", "!=", "<", "<=", ">", ">="]);
const attributeMaps = new Set(["attributes", "resource.attributes"]);

/** @throws OttlError when the text is not a condition of the simulated part of OTTL. */
export function parseCondition(text: string, regex: RegexCompiler): Expression {
  const parser = createParser(text, regex);
  const condition = parser.condition();
  parser.end();
  return condition;
}

/** @throws OttlError when the text is not a statement of the simulated part of OTTL. */
export function parseStatement(text: string, regex: RegexCompiler): Statement {
  const parser = createParser(text, regex);
  const statement = parser.statement();
  parser.end();
  return statement;
}

function createParser(text: string, regex: RegexCompiler) {
  const tokens = tokenize(text);
  let position = 0;

  const peek = (): Token => tokens[position] ?? { type: "end", text: "end of text" };
  const fail = (problem: string): never => {
    throw new OttlError(problem, text);
  };
  const accept = (wanted: string): boolean => {
    const token = peek();
    if (token.text !== wanted || token.type === "string") return false;
    position += 1;
    return true;
  };
  const expect = (wanted: string): void => {
    if (!accept(wanted)) fail(`expected "${wanted}" before "${peek().text}"`);
  };
  const stringLiteral = (): string => {
    const token = peek();
    if (token.type !== "string") return fail(`expected a quoted text before "${token.text}"`);
    position += 1;
    return token.text;
  };
  const list = (): Expression[] => {
    expect("[");
    const items: Expression[] = [];
    while (!accept("]")) {
      if (items.length > 0) expect(",");
      items.push(value());
    }
    return items;
  };

  function attributeKey(path: string): string {
    if (!attributeMaps.has(path)) fail(`"${path}" is not simulated; attributes and resource.attributes are`);
    expect("[");
    const key = stringLiteral();
    expect("]");
    return key;
  }

  function call(name: string): Expression {
    if (name === "IsMatch") {
      const target = value();
      expect(",");
      const test = regex(stringLiteral());
      expect(")");
      return combine([target], (scope) => {
        const found = target.evaluate(scope);
        return found !== null && test(String(found));
      });
    }
    if (name === "Concat") {
      const parts = list();
      expect(",");
      const separator = stringLiteral();
      expect(")");
      return combine(parts, (scope) => parts.map((part) => part.evaluate(scope) ?? "<nil>").join(separator));
    }
    return fail(`function ${name} is not simulated; IsMatch and Concat are`);
  }

  function value(): Expression {
    const token = peek();
    position += 1;
    if (token.type === "string") return literal(token.text);
    if (token.type === "number") return literal(token.value);
    if (token.type !== "name") return fail(`expected a value before "${token.text}"`);
    if (token.text === "true" || token.text === "false") return literal(token.text === "true");
    if (token.text === "nil") return literal(null);
    if (accept("(")) return call(token.text);
    if (token.text === "metric.name" || token.text === "name") return metricName;
    return attribute(attributeKey(token.text));
  }

  function term(): Expression {
    if (accept("not")) {
      const inner = term();
      return combine([inner], (scope) => inner.evaluate(scope) !== true);
    }
    if (accept("(")) {
      const inner = condition();
      expect(")");
      return inner;
    }
    const left = value();
    const operator = peek();
    if (operator.type !== "operator" || !comparisons.has(operator.text)) return left;
    position += 1;
    return compare(operator.text, left, value());
  }

  function chain(word: "and" | "or", part: () => Expression): Expression {
    const parts = [part()];
    while (accept(word)) parts.push(part());
    const [only] = parts;
    if (parts.length === 1 && only !== undefined) return only;
    const holds = (item: Expression, scope: OttlScope): boolean => item.evaluate(scope) === true;
    return combine(
      parts,
      word === "and"
        ? (scope) => parts.every((item) => holds(item, scope))
        : (scope) => parts.some((item) => holds(item, scope)),
    );
  }

  const condition = (): Expression => chain("or", () => chain("and", term));

  function editor(name: "set" | "delete_key"): Pick<Statement, "key" | "value"> {
    const map = peek();
    position += 1;
    if (name === "set") {
      const key = attributeKey(map.text);
      expect(",");
      return { key, value: value() };
    }
    if (!attributeMaps.has(map.text)) fail(`delete_key needs attributes, found "${map.text}"`);
    expect(",");
    return { key: stringLiteral(), value: literal(null) };
  }

  function statement(): Statement {
    const name = peek().text;
    position += 1;
    if (name !== "set" && name !== "delete_key") {
      return fail(`function ${name} is not simulated; set and delete_key are`);
    }
    expect("(");
    const edit = editor(name);
    expect(")");
    const where = accept("where") ? condition() : literal(true);
    return { editor: name, ...edit, where };
  }

  return {
    condition,
    statement,
    end: () => {
      if (peek().type !== "end") fail(`unexpected "${peek().text}"`);
    },
  };
}
