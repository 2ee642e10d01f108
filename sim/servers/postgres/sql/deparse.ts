/** Expressions as PostgreSQL prints those that it has stored: defaults, checks, keys of indexes. */
import { quoteIdentifier as quoteName } from "../types/catalog-names.js";
import type { Expr, QualifiedName, TypeName } from "./ast.js";

/** Types of columns by name, so that a literal beside one shows the type that it took. */
export type ColumnTypes = ReadonlyMap<string, string>;

export function quoteText(text: string): string {
  const quoted = `'${text.replaceAll("'", "''")}'`;
  return text.includes("\\") ? `E${quoted.replaceAll("\\", "\\\\")}` : quoted;
}

const displayNames: Readonly<Record<string, string>> = {
  int2: "smallint",
  int4: "integer",
  int8: "bigint",
  bool: "boolean",
  float4: "real",
  float8: "double precision",
  varchar: "character varying",
  bpchar: "character",
  timestamptz: "timestamp with time zone",
  timestamp: "timestamp without time zone",
  timetz: "time with time zone",
  time: "time without time zone",
};

function printType({ name, schema, modifiers, arrayDepth }: TypeName): string {
  const shown = displayNames[name] ?? quoteName(name);
  const size = modifiers === undefined || modifiers.length === 0 ? "" : `(${modifiers.join(",")})`;
  const withSize = shown.includes(" time zone") ? shown.replace(/^(\w+)/, `$1${size}`) : shown + size;
  return `${schema === undefined ? "" : `${quoteName(schema)}.`}${withSize}${(arrayDepth ?? 0) > 0 ? "[]" : ""}`;
}

function printName({ schema, name }: QualifiedName): string {
  return schema === undefined ? quoteName(name) : `${quoteName(schema)}.${quoteName(name)}`;
}

const patterns: Readonly<Record<string, string>> = {
  LIKE: "~~",
  "NOT LIKE": "!~~",
  ILIKE: "~~*",
  "NOT ILIKE": "!~~*",
};
const words = new Set(["coalesce", "nullif", "greatest", "least"]);

function typeOf(expr: Expr, columns: ColumnTypes): string | null {
  if (expr.type === "ref") return columns.get(expr.name) ?? null;
  if (expr.type === "cast") return printType(expr.to);
  if (expr.type === "call" && ["lower", "upper", "btrim", "concat"].includes(expr.name)) return "text";
  return null;
}

/** A literal beside something with a type has that type. */
function withType(expr: Expr, type: string | null, columns: ColumnTypes): string {
  if (
    expr.type === "number" &&
    type !== null &&
    /^(numeric|real|double precision)/.test(type) &&
    !/[.e]/i.test(expr.value)
  ) {
    return `(${expr.value})::${type.replace(/\(.*/, "")}`;
  }
  if (expr.type !== "string") return print(expr, columns);
  // varchar is compared as text, so both sides are cast.
  const shown = type === null || type.startsWith("character varying") ? "text" : type;
  return `${quoteText(expr.value)}::${shown}`;
}

function asText(expr: Expr, columns: ColumnTypes): string {
  const type = typeOf(expr, columns);
  return type?.startsWith("character varying") === true
    ? `(${print(expr, columns)})::text`
    : print(expr, columns);
}

function print(expr: Expr, columns: ColumnTypes): string {
  const inner = (one: Expr): string => print(one, columns);
  switch (expr.type) {
    case "ref":
      return expr.name === "*" ? "*" : quoteName(expr.name);
    case "number":
      return expr.value.startsWith("-")
        ? `'${expr.value}'::${/[.e]/i.test(expr.value) ? "numeric" : "integer"}`
        : expr.value;
    case "string":
      return quoteText(expr.value);
    case "boolean":
      return String(expr.value);
    case "null":
      return "NULL";
    case "keyword":
      return expr.keyword.toUpperCase();
    case "cast": {
      const operand =
        expr.operand.type === "string" || expr.operand.type === "null"
          ? inner(expr.operand)
          : `(${inner(expr.operand)})`;
      return `${operand}::${printType(expr.to)}`;
    }
    case "binary": {
      const left = typeOf(expr.left, columns);
      const right = typeOf(expr.right, columns);
      const op = patterns[expr.op] ?? expr.op;
      const isTexts = [left, right].some((type) => type?.startsWith("character varying") === true);
      const a =
        expr.left.type === "string" || expr.left.type === "number"
          ? withType(expr.left, right, columns)
          : isTexts
            ? asText(expr.left, columns)
            : inner(expr.left);
      const b =
        expr.right.type === "string" || expr.right.type === "number"
          ? withType(expr.right, left, columns)
          : isTexts
            ? asText(expr.right, columns)
            : inner(expr.right);
      return `(${a} ${op} ${b})`;
    }
    case "unary":
      return `(${expr.op} ${inner(expr.operand)})`;
    case "logic":
      return `(${expr.operands.map(inner).join(` ${expr.op.toUpperCase()} `)})`;
    case "not":
      return `(NOT ${inner(expr.operand)})`;
    case "test":
      return `(${inner(expr.operand)} IS ${expr.negate ? "NOT " : ""}${expr.test.toUpperCase()})`;
    case "in": {
      const type = typeOf(expr.operand, columns);
      const isText = type?.startsWith("character varying") === true;
      const items = expr.items.map((item) =>
        isText && item.type === "string"
          ? `${quoteText(item.value)}::character varying`
          : withType(item, type, columns),
      );
      const list = isText ? `((ARRAY[${items.join(", ")}])::text[])` : `(ARRAY[${items.join(", ")}])`;
      return `(${asText(expr.operand, columns)} ${expr.negate ? "<> ALL" : "= ANY"} ${list})`;
    }
    case "between": {
      const low = `(${inner(expr.operand)} >= ${inner(expr.low)})`;
      const high = `(${inner(expr.operand)} <= ${inner(expr.high)})`;
      return expr.negate
        ? `((${inner(expr.operand)} < ${inner(expr.low)}) OR (${inner(expr.operand)} > ${inner(expr.high)}))`
        : `(${low} AND ${high})`;
    }
    case "call": {
      const name = words.has(expr.name) ? expr.name.toUpperCase() : printName(expr);
      const args = expr.args.map((argument) => {
        if (expr.name === "nextval" && argument.type === "string")
          return `${quoteText(argument.value)}::regclass`;
        return argument.type === "string" ? `${quoteText(argument.value)}::text` : inner(argument);
      });
      return `${name}(${args.join(", ")})`;
    }
    case "array":
      return `ARRAY[${expr.items.map(inner).join(", ")}]`;
    case "row":
      return `ROW(${expr.items.map(inner).join(", ")})`;
    case "quantified":
      return `(${inner(expr.operand)} ${expr.op} ${expr.all ? "ALL" : "ANY"} (${expr.array === undefined ? "..." : inner(expr.array)}))`;
    case "case": {
      const whens = expr.whens.map(({ when, then }) => `WHEN ${inner(when)} THEN ${inner(then)}`).join(" ");
      const value = expr.value === null ? "" : ` ${inner(expr.value)}`;
      return `CASE${value} ${whens} ELSE ${expr.otherwise === null ? "NULL" : inner(expr.otherwise)} END`;
    }
    case "collate":
      return `(${inner(expr.operand)} COLLATE ${quoteName(expr.collation)})`;
    case "subscript":
      return `${inner(expr.operand)}[${expr.index === undefined ? "" : inner(expr.index)}]`;
    case "field":
      return `(${inner(expr.operand)}).${quoteName(expr.name)}`;
    default:
      return "...";
  }
}

/** @param type - Type that the expression is assigned to: a bare literal shows it. */
export function printExpression(expr: Expr, columns: ColumnTypes = new Map(), type?: string): string {
  if (expr.type === "string" && type !== undefined) return `${quoteText(expr.value)}::${type}`;
  if (expr.type === "null" && type !== undefined) return `NULL::${type}`;
  if (expr.type === "number" && expr.value.startsWith("-") && type !== undefined)
    return `'${expr.value}'::${/[.e]/i.test(expr.value) ? "numeric" : "integer"}`;
  return print(expr, columns);
}
