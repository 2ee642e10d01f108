/** Small helpers over the grammar's syntax nodes. */
import type { SyntaxNode } from "@lezer/common";
import type { RegExpCache } from "../labels.js";
import type { Span } from "./ast.js";
import type { Dialect } from "./context.js";
import { PromqlParseError } from "./parse-error.js";

/** What every step of the rebuilding needs. */
export interface BuildContext {
  readonly query: string;
  readonly dialect: Dialect;
  readonly expressions: RegExpCache;
  /** Levels above this node. */
  readonly depth: number;
}

/** An error that points at a node. */
export function failure(
  context: BuildContext,
  node: Pick<SyntaxNode, "from" | "to">,
  problem: string,
): PromqlParseError {
  return new PromqlParseError(problem, spanOf(node), context.query);
}

/** Where a node stands. */
export function spanOf(node: Pick<SyntaxNode, "from" | "to">): Span {
  return { start: node.from, end: node.to };
}

/** The text of a node. */
export function textOf(node: SyntaxNode, context: BuildContext): string {
  return context.query.slice(node.from, node.to);
}

/** The children of a node, comments left out. */
export function children(node: SyntaxNode): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  for (let at = node.firstChild; at !== null; at = at.nextSibling) {
    if (at.name !== "LineComment") found.push(at);
  }
  return found;
}
