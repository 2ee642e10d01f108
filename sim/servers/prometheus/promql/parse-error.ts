/** A query that is not PromQL, reported as the server reports it: `1:5: parse error: ...`. */
import type { Span } from "./ast.js";

/** The query cannot be parsed or does not type-check. */
export class PromqlParseError extends Error {
  override readonly name = "PromqlParseError";
  /** The message stays the server's own. */
  readonly code = "SIM_PROMQL_INVALID";
  /** What the reader can do about it. */
  readonly hint =
    "The message begins with line and column; docs/prometheus-support.md lists what is supported.";
  readonly span: Span;

  /** @param problem - Without position; the position is put in front of the message. */
  constructor(problem: string, span: Span, query: string) {
    super(`${positionOf(query, span.start)}: parse error: ${problem}`);
    this.span = span;
  }
}

/** Line and column, both counted from 1, of an offset in a query. Columns count bytes of UTF-8. */
export function positionOf(query: string, offset: number): string {
  const before = query.slice(0, offset);
  const line = before.split("\n").length;
  return `${line}:${Buffer.byteLength(before.slice(before.lastIndexOf("\n") + 1)) + 1}`;
}
