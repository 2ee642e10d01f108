/**
 * A bounded memory of parsed queries. Dashboards and programs repeat a query for one id after the other: queries that
 * differ only in a UUID are parsed once, and the id is set into the tree.
 */
import { type Matcher, type RegExpCache, createMatcher } from "../labels/index.js";
import type { Expr, VectorSelector } from "./ast.js";

// Of one length, so that every part of a tree stands where it stood.
const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g;
const blank = "00000000-0000-0000-0000-000000000000";

export interface ParseMemoryOptions {
  /** Must depend on the text alone. What it throws is not remembered. */
  readonly parse: (query: string) => Expr;
  readonly expressions: RegExpCache;
  /** Trees kept; when there are more, all are forgotten. */
  readonly entriesMax: number;
}

/** @returns A function that gives what `parse` gives. */
export function createParseMemory({
  parse,
  expressions,
  entriesMax,
}: ParseMemoryOptions): (query: string) => Expr {
  const trees = new Map<string, Expr>();
  const shapes = new Map<string, Shape>();

  function remember<T>(memory: Map<string, T>, key: string, value: T): T {
    if (memory.size >= entriesMax) memory.clear();
    memory.set(key, value);
    return value;
  }

  function treeOf(query: string): Expr {
    const ids = query.match(uuid) ?? [];
    const [id] = ids;
    if (id === undefined || ids.some((other) => other !== id)) return parse(query);
    const text = query.replaceAll(id, blank);
    const shape = shapes.get(text) ?? shapeOf(query, text, ids.length);
    remember(shapes, text, shape);
    return shape === "apart" ? parse(query) : withId(shape, id, expressions);
  }

  function shapeOf(query: string, text: string, places: number): Shape {
    // An error must speak of the query that was asked.
    parse(query);
    const tree = parse(text);
    return countBlanks(tree) === places ? tree : "apart";
  }

  return (query) => trees.get(query) ?? remember(trees, query, treeOf(query));
}

/** A tree with blanks in whole values of plain matchers; or one with blanks elsewhere, such as in expressions. */
type Shape = Expr | "apart";

function isBlank({ operator, value }: Matcher): boolean {
  return value === blank && (operator === "=" || operator === "!=");
}

function countBlanks(tree: Expr): number {
  let count = 0;
  mapSelectors(tree, (selector) => {
    count += selector.matchers.filter(isBlank).length;
    return selector;
  });
  return count;
}

function withId(tree: Expr, id: string, expressions: RegExpCache): Expr {
  return mapSelectors(tree, (selector) => ({
    ...selector,
    matchers: selector.matchers.map((matcher) =>
      isBlank(matcher) ? createMatcher(matcher.name, matcher.operator, id, expressions) : matcher,
    ),
  }));
}

function mapSelectors(expr: Expr, change: (selector: VectorSelector) => VectorSelector): Expr {
  const inner = (part: Expr): Expr => mapSelectors(part, change);
  switch (expr.kind) {
    case "selector":
      return change(expr);
    case "range":
      return { ...expr, selector: change(expr.selector) };
    case "subquery":
    case "unary":
    case "paren":
      return { ...expr, expr: inner(expr.expr) };
    case "aggregate":
      return { ...expr, expr: inner(expr.expr), param: expr.param && inner(expr.param) };
    case "call":
      return { ...expr, args: expr.args.map(inner) };
    case "binary":
      return { ...expr, left: inner(expr.left), right: inner(expr.right) };
    case "number":
    case "string":
    default:
      return expr;
  }
}
