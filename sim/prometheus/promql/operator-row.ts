/**
 * Operators by the server's precedence.
 *
 * The grammar package lets modifiers and brackets reach over the operators before them, and takes a sign as part
 * of a number. So the operators of its tree are read as a flat row, and bound again here.
 */
import type { SyntaxNode } from "@lezer/common";
import { children } from "./node.js";

/** One thing of the row, in the order of the text. */
export type OperatorItem =
  | { readonly kind: "operand"; readonly node: SyntaxNode; readonly isUnsigned: boolean }
  | { readonly kind: "prefix"; readonly start: number; readonly operator: "+" | "-" }
  /** `offset`, `@`, a range or a subquery: binds to the operand before it. */
  | { readonly kind: "postfix"; readonly node: SyntaxNode }
  | { readonly kind: "binary"; readonly node: SyntaxNode; readonly operator: string };

/** Builds the results of binding. */
export interface OperatorBuilder<Result> {
  operand(node: SyntaxNode, isUnsigned: boolean): Result;
  postfix(target: Result, node: SyntaxNode): Result;
  prefix(operator: "+" | "-", start: number, target: Result): Result;
  binary(left: Result, operator: string, node: SyntaxNode, right: Result): Result;
}

const LEVELS: readonly (readonly string[])[] = [
  ["or"],
  ["and", "unless"],
  ["==", "!=", "<", ">", "<=", ">="],
  ["+", "-"],
  ["*", "/", "%", "atan2"],
  ["^"],
];
const POWER = LEVELS.length - 1;

const POSTFIX = new Set(
  "OffsetExpr StepInvariantExpr MatrixSelector SubqueryExpr AnchoredExpr SmoothedExpr".split(" "),
);

/** Reads the row of operators that begins at a node. */
export function operatorRow(root: SyntaxNode, query: string): OperatorItem[] {
  const items: OperatorItem[] = [];
  // A stack of its own: a chain of operators is as deep as it is long.
  const open: (SyntaxNode | OperatorItem)[] = [root];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if ("kind" in next) items.push(next);
    else open.push(...expand(next, query).reverse());
  }
  return items;
}

/** Binds the row: `^` to the right and tightest, a sign like `*`, everything else to the left. */
export function bindOperators<Result>(
  items: readonly OperatorItem[],
  builder: OperatorBuilder<Result>,
): Result {
  let at = 0;

  function bind(levelMin: number): Result {
    let left = unit();
    for (;;) {
      const item = items[at];
      if (item?.kind !== "binary") return left;
      const level = LEVELS.findIndex((operators) => operators.includes(item.operator));
      if (level < levelMin) return left;
      at += 1;
      const right = bind(level === POWER ? level : level + 1);
      left = builder.binary(left, item.operator, item.node, right);
    }
  }

  function unit(): Result {
    const item = items[at];
    at += 1;
    if (item?.kind === "prefix") return builder.prefix(item.operator, item.start, bind(POWER));
    if (item?.kind !== "operand") throw new TypeError("an operator without operand");
    let result = builder.operand(item.node, item.isUnsigned);
    for (let next = items[at]; next?.kind === "postfix"; next = items[at]) {
      result = builder.postfix(result, next.node);
      at += 1;
    }
    return result;
  }

  return bind(0);
}

function expand(node: SyntaxNode, query: string): (SyntaxNode | OperatorItem)[] {
  const parts = children(node);
  const first = parts[0] as SyntaxNode;
  const text = (part: SyntaxNode): string => query.slice(part.from, part.to);
  if (node.name === "BinaryExpr") {
    const operator = text(parts[1] as SyntaxNode).toLowerCase();
    return [first, { kind: "binary", node, operator }, parts.at(-1) as SyntaxNode];
  }
  if (node.name === "UnaryExpr") return [prefix(first.from, text(first)), parts[1] as SyntaxNode];
  if (POSTFIX.has(node.name)) return [first, { kind: "postfix", node }];
  const sign = node.name === "NumberDurationLiteral" ? /^[-+]/.exec(text(node))?.[0] : undefined;
  if (sign === undefined) return [{ kind: "operand", node, isUnsigned: false }];
  return [prefix(node.from, sign), { kind: "operand", node, isUnsigned: true }];
}

function prefix(start: number, operator: string): OperatorItem {
  return { kind: "prefix", start, operator: operator === "-" ? "-" : "+" };
}
