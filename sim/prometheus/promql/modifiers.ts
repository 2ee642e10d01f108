/** Numbers, durations, `offset` and `@`. */
import type { SyntaxNode } from "@lezer/common";
import type { AtModifier, Expr, NumberLiteral, Span, TimeShift } from "./ast.js";
import { children, failure, textOf, type BuildContext } from "./node.js";
import { PromqlParseError } from "./parse-error.js";
import { DURATION_MS_MAX, parseDuration } from "./duration.js";
import { goQuote } from "../labels/index.js";
import { formatFixed, parseGoFloat } from "./number.js";

/**
 * @param skip - Characters of the node to pass over, such as a sign that belongs elsewhere.
 * @throws PromqlParseError for a number that the dialect does not have.
 */
export function readNumber(node: SyntaxNode, context: BuildContext, skip = 0): NumberLiteral {
  const text = textOf(node, context).slice(skip);
  const [, sign = "", digits = ""] = /^([-+]?)(?:\s|#[^\n]*\n)*([^#\s]*)/.exec(text) ?? [];
  const value = numberValue(digits, node, context);
  return {
    kind: "number",
    span: { start: node.from + skip, end: node.to },
    value: sign === "-" ? -value : value,
    isDuration: /[ywdhms]$/.test(digits) && parseDuration(digits) !== undefined,
  };
}

/** Milliseconds of a duration expression; a bare number means seconds. */
export function buildDuration(node: SyntaxNode, context: BuildContext, sign: "positive" | "any"): number {
  const durationMs = durationValue(node, context);
  const zeroAllowed = sign === "any" && context.dialect === 3;
  if ((sign === "positive" && durationMs < 0) || (durationMs === 0 && !zeroAllowed)) {
    throw failure(context, node, "duration must be greater than 0");
  }
  return durationMs;
}

/** Puts `offset` on the selector or subquery before it. */
export function applyOffset(target: Expr, node: SyntaxNode, span: Span, context: BuildContext): Expr {
  const offsetMs = buildDuration(children(node)[2] as SyntaxNode, context, "any");
  return shiftTarget(target, span, context, "offset modifier", (shift) => {
    if (shift.offsetMs !== 0) throw failure(context, node, "offset may not be set multiple times");
    return { offsetMs, at: shift.at };
  });
}

/** Puts `@` on the selector or subquery before it. */
export function applyAt(target: Expr, node: SyntaxNode, span: Span, context: BuildContext): Expr {
  const parts = children(node);
  const at = atValue(parts[2] as SyntaxNode, span, context);
  return shiftTarget(target, span, context, "@ modifier", (shift) => {
    if (shift.at !== undefined) throw failure(context, node, "@ <timestamp> may not be set multiple times");
    return { offsetMs: shift.offsetMs, at };
  });
}

function shiftTarget(
  target: Expr,
  span: Span,
  context: BuildContext,
  what: string,
  change: (shift: TimeShift) => TimeShift,
): Expr {
  if (target.kind === "selector" || target.kind === "subquery") return { ...target, span, ...change(target) };
  if (target.kind === "range") {
    return { ...target, span, selector: { ...target.selector, ...change(target.selector) } };
  }
  throw new PromqlParseError(
    `${what} must be preceded by an instant vector selector or range vector selector or a subquery`,
    span,
    context.query,
  );
}

function atValue(node: SyntaxNode, span: Span, context: BuildContext): AtModifier {
  if (node.name === "AtModifierPreprocessors") {
    return /^start/i.test(textOf(node, context)) ? "start" : "end";
  }
  const seconds = readNumber(node, context).value;
  if (!Number.isFinite(seconds) || Math.abs(seconds) > DURATION_MS_MAX * 1000) {
    throw new PromqlParseError(
      `timestamp out of bounds for @ modifier: ${formatFixed(seconds)}`,
      span,
      context.query,
    );
  }
  return Math.round(seconds * 1000);
}

function durationValue(node: SyntaxNode, context: BuildContext): number {
  const parts = children(node);
  const first = parts[0];
  if (node.name === "OffsetDurationExpr" && first?.name === "UnaryOp") {
    const inner = durationValue(parts[1] as SyntaxNode, context);
    return textOf(first, context) === "-" ? -inner : inner;
  }
  if (parts.length !== 1 || first?.name !== "NumberDurationLiteralInDurationContext") {
    throw failure(context, node, "experimental duration expression is not enabled");
  }
  const text = textOf(first, context);
  const duration = parseDuration(text);
  if (duration !== undefined && text !== "0") return duration;
  if (context.dialect === 2) {
    const problem =
      parts[0]?.parent?.name === "OffsetDurationExpr"
        ? `unexpected number ${goQuote(text)} in offset, expected duration`
        : "missing unit character in duration";
    throw failure(context, first, problem);
  }
  const seconds = numberValue(text, first, context);
  if (!Number.isFinite(seconds) || Math.abs(seconds) * 1000 > DURATION_MS_MAX) {
    throw failure(context, first, "duration out of range");
  }
  return Math.round(seconds * 1000);
}

function numberValue(text: string, node: SyntaxNode, context: BuildContext): number {
  const duration = /[ywdhms]$/.test(text) ? parseDuration(text) : undefined;
  if (duration !== undefined) {
    if (context.dialect === 2) throw failure(context, node, `unexpected duration ${goQuote(text)}`);
    return duration / 1000;
  }
  const integer =
    context.dialect === 3 && /^(?:0[xX])?_?[\da-fA-F]+(?:_[\da-fA-F]+)*$/.test(text)
      ? text.replaceAll("_", "")
      : text;
  // Go reads a leading zero as octal, unless a digit forbids it.
  const value = /^0[0-7]+$/.test(integer) ? Number.parseInt(integer, 8) : parseGoFloat(integer);
  if (value === undefined) {
    throw failure(
      context,
      node,
      `error parsing number: strconv.ParseFloat: parsing ${goQuote(text)}: invalid syntax`,
    );
  }
  return value;
}
