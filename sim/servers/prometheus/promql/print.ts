/** Writes a tree back as text, on one line or, where it would be long, on several. */
import { formatMatcher, goQuote, isPlainLabelName, isPlainMetricName, METRIC_NAME } from "../labels.js";
import type { Aggregate, Binary, Expr, TimeShift, VectorSelector } from "./ast.js";
import { formatDuration } from "./duration.js";
import { formatGeneral } from "./float-math.js";

const LINE_MAX = 100;

/** One line. */
export function printExpr(expr: Expr): string {
  switch (expr.kind) {
    case "number":
      return expr.isDuration && Number.isFinite(expr.value)
        ? formatDuration(expr.value * 1000)
        : formatGeneral(expr.value);
    case "string":
      return goQuote(expr.value);
    case "selector":
      return `${printMatchers(expr)}${printShift(expr)}`;
    case "range":
      return `${printMatchers(expr.selector)}[${formatDuration(expr.rangeMs)}]${printShift(expr.selector)}`;
    case "subquery":
      return `${printExpr(expr.expr)}${subquerySuffix(expr)}`;
    case "call":
      return `${expr.name}(${expr.args.map(printExpr).join(", ")})`;
    case "aggregate": {
      const param = expr.param === undefined ? "" : `${printExpr(expr.param)}, `;
      return `${aggregateHead(expr)}(${param}${printExpr(expr.expr)})`;
    }
    case "binary":
      return `${printExpr(expr.left)} ${binaryHead(expr)} ${printExpr(expr.right)}`;
    case "unary":
      return `${expr.operator}${printExpr(expr.expr)}`;
    case "paren":
    default:
      return `(${printExpr(expr.expr)})`;
  }
}

/** As the server's formatter does: expressions over 100 characters are split, two blanks a level. */
export function prettyExpr(expr: Expr, level = 0): string {
  const line = printExpr(expr);
  const indent = "  ".repeat(level);
  if (line.length <= LINE_MAX) return indent + line;
  const inner = (part: Expr): string => prettyExpr(part, level + 1);
  switch (expr.kind) {
    case "aggregate": {
      const param = expr.param === undefined ? "" : `${inner(expr.param)},\n`;
      return `${indent}${aggregateHead(expr)}(\n${param}${inner(expr.expr)}\n${indent})`;
    }
    case "binary":
      return `${inner(expr.left)}\n${indent}${binaryHead(expr)}\n${inner(expr.right)}`;
    case "call":
      return `${indent}${expr.name}(\n${expr.args.map(inner).join(",\n")}\n${indent})`;
    case "paren":
      return `${indent}(\n${inner(expr.expr)}\n${indent})`;
    case "subquery":
      return `${prettyExpr(expr.expr, level)}${subquerySuffix(expr)}`;
    case "unary":
      return `${indent}${expr.operator}${prettyExpr(expr.expr, level).trim()}`;
    case "number":
    case "string":
    case "selector":
    case "range":
    default:
      return indent + line;
  }
}

function printMatchers({ name, matchers }: VectorSelector): string {
  const plain = name === "" || isPlainMetricName(name);
  const shown = matchers.filter(
    (matcher) => !(matcher.name === METRIC_NAME && matcher.operator === "=" && name !== ""),
  );
  const parts = shown.map(formatMatcher);
  if (!plain) parts.unshift(goQuote(name));
  if (parts.length === 0) return name;
  return `${plain ? name : ""}{${parts.join(",")}}`;
}

function printShift({ at, offsetMs }: TimeShift): string {
  let text = "";
  if (typeof at === "number") text += ` @ ${(at / 1000).toFixed(3)}`;
  else if (at !== undefined) text += ` @ ${at}()`;
  if (offsetMs !== 0) text += ` offset ${formatDuration(offsetMs)}`;
  return text;
}

function subquerySuffix(expr: Extract<Expr, { kind: "subquery" }>): string {
  const step = expr.stepMs === 0 ? "" : formatDuration(expr.stepMs);
  return `[${formatDuration(expr.rangeMs)}:${step}]${printShift(expr)}`;
}

function aggregateHead({ operator, grouping, without }: Aggregate): string {
  if (without) return `${operator} without (${labelList(grouping)}) `;
  return grouping.length === 0 ? operator : `${operator} by (${labelList(grouping)}) `;
}

function binaryHead({ operator, returnBool, matching }: Binary): string {
  let text = `${operator}${returnBool ? " bool" : ""}`;
  if (matching === undefined) return text;
  const { on, labels, include, cardinality } = matching;
  const groups = cardinality === "many-to-one" || cardinality === "one-to-many";
  if (on || labels.length > 0 || groups) text += ` ${on ? "on" : "ignoring"} (${labelList(labels)})`;
  if (cardinality === "many-to-one") text += ` group_left (${labelList(include)})`;
  if (cardinality === "one-to-many") text += ` group_right (${labelList(include)})`;
  return text;
}

function labelList(labels: readonly string[]): string {
  return labels.map((label) => (isPlainLabelName(label) ? label : goQuote(label))).join(", ");
}
