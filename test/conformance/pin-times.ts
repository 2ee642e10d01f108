/** Pins every selector of a query to one time, so that it must answer the same whenever it is asked. */
import type { Expr } from "../../sim/servers/prometheus/promql/index.js";

const MOVING = new Set(
  "time timestamp predict_linear day_of_month day_of_week day_of_year days_in_month hour minute month year".split(
    " ",
  ),
);

/** @returns The pinned tree; undefined when something in it depends on the time of evaluation all the same. */
export function pinTimes(expr: Expr, timeMs: number): Expr | undefined {
  if (moves(expr)) return undefined;
  return pin(expr, timeMs);
}

function moves(expr: Expr): boolean {
  switch (expr.kind) {
    case "number":
    case "string":
    case "selector":
    case "range":
      return false;
    case "subquery":
      return true;
    case "call":
      return MOVING.has(expr.name) || expr.args.some(moves);
    case "aggregate":
      return moves(expr.expr) || (expr.param !== undefined && moves(expr.param));
    case "binary":
      return moves(expr.left) || moves(expr.right);
    case "unary":
    case "paren":
    default:
      return moves(expr.expr);
  }
}

function pin(expr: Expr, timeMs: number): Expr {
  switch (expr.kind) {
    case "number":
    case "string":
    case "subquery":
      return expr;
    case "selector":
      return expr.at === undefined ? { ...expr, at: timeMs } : expr;
    case "range":
      return expr.selector.at === undefined ? { ...expr, selector: { ...expr.selector, at: timeMs } } : expr;
    case "call":
      return { ...expr, args: expr.args.map((argument) => pin(argument, timeMs)) };
    case "aggregate":
      return {
        ...expr,
        expr: pin(expr.expr, timeMs),
        param: expr.param === undefined ? undefined : pin(expr.param, timeMs),
      };
    case "binary":
      return { ...expr, left: pin(expr.left, timeMs), right: pin(expr.right, timeMs) };
    case "unary":
    case "paren":
    default:
      return { ...expr, expr: pin(expr.expr, timeMs) };
  }
}
