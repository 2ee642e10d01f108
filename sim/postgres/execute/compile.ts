/** From expression trees to functions over rows, with PostgreSQL's rules for types. */
import type { DataTypeDef, Expr, ExprCase, ExprUnary } from "pgsql-ast-parser";
import { DatabaseError } from "../database-error.js";
import { boolType, jsonbType, textType, unknownType } from "../types/builtin.js";
import { resolveType } from "../types/names.js";
import { arrayOf, type PgType } from "../types/type.js";
import { compileAggregate, isAggregate } from "./aggregates.js";
import { asCondition, castTo, constantOf, mapCompiled, settle, unify } from "./coerce.js";
import { compileAnyAll, compileIn } from "./membership.js";
import type { Compiled, CompileContext } from "./env.js";
import { compileFunction } from "./functions.js";
import { jsonGet, jsonGetText } from "./json-access.js";
import { compileBinary, compileComparison } from "./operators.js";
import { alignSides } from "./sides.js";
import { unsupported } from "./unsupported.js";
import { compileNumber, compileParameter, nullLiteral, unknownLiteral } from "./literals.js";
import { compileRef } from "./references.js";
import { compileAtTimeZone, compileDistinctFrom, compileIndex, compileLogic, compileMinus } from "./logic.js";
import { compileKeyword } from "./keywords.js";
import { compileArraySelect, compileSubquery } from "./subquery-value.js";

export function typeFrom(definition: DataTypeDef, context: CompileContext): PgType {
  return resolveType(definition, (name) => context.catalog.enums.get(name));
}

function compileUnary(node: ExprUnary, context: CompileContext): Compiled {
  const operand = compile(node.operand, context);
  switch (node.op) {
    case "NOT": {
      return mapCompiled(asCondition(operand, boolType, "NOT"), boolType, (value) => value !== true);
    }
    case "IS NULL":
    case "IS NOT NULL": {
      const isNull = node.op === "IS NULL";
      const { constant, run } = settle(operand);
      return { type: boolType, constant, run: (env) => (run(env) === null) === isNull };
    }
    case "+": {
      return operand;
    }
    case "-": {
      return compileMinus(operand);
    }
    case "IS FALSE":
    case "IS NOT FALSE":
    case "IS NOT TRUE":
    case "IS TRUE":
    default: {
      const wanted = !node.op.endsWith("FALSE");
      const negate = node.op.includes("NOT");
      const condition = asCondition(operand, boolType, node.op);
      return {
        type: boolType,
        constant: condition.constant,
        run: (env) => (condition.run(env) === wanted) !== negate,
      };
    }
  }
}

function compileCase(node: ExprCase, context: CompileContext): Compiled {
  const subject =
    node.value === null || node.value === undefined ? null : settle(compile(node.value, context));
  const conditions = node.whens.map(({ when }) => {
    const condition = compile(when, context);
    return subject === null
      ? asCondition(condition, boolType, "CASE/WHEN")
      : compileComparison("=", subject, condition);
  });
  const otherwise = node.else === null || node.else === undefined ? nullLiteral : compile(node.else, context);
  const branches = unify([...node.whens.map(({ value }) => compile(value, context)), otherwise], "CASE");
  const last = branches.at(-1) ?? nullLiteral;
  return {
    type: last.type,
    constant: [...conditions, ...branches].every((part) => part.constant),
    run(env) {
      const index = conditions.findIndex((condition) => condition.run(env) === true);
      return (index < 0 ? last : (branches[index] ?? last)).run(env);
    },
  };
}

function compileOperator(node: Expr & { type: "binary" }, context: CompileContext): Compiled {
  const { op } = node;
  if (op === "IN" || op === "NOT IN") return compileIn(node, context, compile);
  if (node.right.type === "call" && ["any", "some", "all"].includes(node.right.function.name)) {
    return compileAnyAll(node, node.right, context, compile);
  }
  if (node.left.type === "list" || node.right.type === "list") return compileRowComparison(node, context);
  const left = compile(node.left, context);
  const right = compile(node.right, context);
  if (op === "AND" || op === "OR") return compileLogic(op, left, right);
  // These two stand for IS [NOT] DISTINCT FROM; see parse.ts.
  if (op === "!~*") return compileDistinctFrom(left, right, false);
  if (op === "@@") return compileDistinctFrom(left, right, true);
  if ((op as string) === "#-") return compileBinary("#>", left, right);
  if (op === "AT TIME ZONE") return compileAtTimeZone(left, right);
  return compileBinary(op, left, right);
}

function compileRowComparison(node: Expr & { type: "binary" }, context: CompileContext): Compiled {
  if (
    node.left.type !== "list" ||
    node.right.type !== "list" ||
    node.left.expressions.length !== node.right.expressions.length
  ) {
    throw unsupported(`the operator ${node.op} between these row values`);
  }
  const rights = node.right.expressions;
  const pairs = node.left.expressions.map((left, index): [Compiled, Compiled, PgType] =>
    alignSides(compile(left, context), node.op, compile(rights[index] ?? { type: "null" }, context)),
  );
  const { op } = node;
  const decide = (order: number): boolean =>
    op === "="
      ? order === 0
      : op === "!="
        ? order !== 0
        : op === "<"
          ? order < 0
          : op === "<="
            ? order <= 0
            : op === ">"
              ? order > 0
              : order >= 0;
  return {
    type: boolType,
    constant: pairs.every(([a, b]) => a.constant && b.constant),
    run(env) {
      let sawNull = false;
      for (const [a, b, type] of pairs) {
        const x = a.run(env);
        const y = b.run(env);
        if (x === null || y === null) {
          if (op !== "=" && op !== "!=") return null;
          sawNull = true;
        } else {
          const order = type.compare(x, y);
          if (order !== 0) return decide(order);
        }
      }
      return sawNull ? null : decide(0);
    },
  };
}

function compileMember(node: Expr & { type: "member" }, context: CompileContext): Compiled {
  const operand = compile(node.operand, context);
  const json = operand.coerce === undefined ? operand : operand.coerce(jsonbType);
  if (json.type.category !== "json") {
    throw new DatabaseError("42883", `operator does not exist: ${json.type.name} ${node.op} unknown`);
  }
  const asText = node.op === "->>";
  return mapCompiled(json, asText ? textType : json.type, (value) => {
    const part = jsonGet(value as string, node.member, json.type);
    return part === null || !asText ? part : jsonGetText(part);
  });
}

function compileArray(expressions: readonly Expr[], context: CompileContext): Compiled {
  const items = unify(
    expressions.map((item) => compile(item, context)),
    "ARRAY",
  );
  const element = items[0]?.type;
  if (element === undefined) {
    return {
      type: unknownType,
      constant: true,
      run: () => [],
      coerce: (type) => constantOf(type, []),
    };
  }
  const type = element.category === "array" ? element : arrayOf(element);
  return {
    type,
    constant: items.every((item) => item.constant),
    run: (env) => items.map((item) => item.run(env)),
  };
}

/** @throws DatabaseError for wrong SQL; SimError `SIM_UNSUPPORTED` for what is not simulated. */
export function compile(node: Expr, context: CompileContext): Compiled {
  switch (node.type) {
    case "ref":
      return compileRef(node, context);
    case "parameter":
      return compileParameter(node.name, context);
    case "integer":
      return node.value < 0
        ? compileMinus(compileNumber(String(-node.value)))
        : compileNumber(String(node.value));
    case "numeric":
      return String(node.value).startsWith("-")
        ? compileMinus(compileNumber(String(node.value).slice(1)))
        : compileNumber(String(node.value));
    case "string":
      return unknownLiteral(node.value);
    case "boolean":
      return constantOf(boolType, node.value);
    case "null":
      return nullLiteral;
    case "binary":
      return compileOperator(node, context);
    case "unary":
      return compileUnary(node, context);
    case "cast":
      return castTo(compile(node.operand, context), typeFrom(node.to, context));
    case "case":
      return compileCase(node, context);
    case "ternary": {
      const { value, lo, hi } = node;
      const between: Expr = {
        type: "binary",
        op: "AND",
        left: { type: "binary", op: ">=", left: value, right: lo },
        right: { type: "binary", op: "<=", left: value, right: hi },
      };
      return compile(
        node.op === "BETWEEN" ? between : { type: "unary", op: "NOT", operand: between },
        context,
      );
    }
    case "keyword":
      return compileKeyword(node.keyword, context);
    case "call":
      if (isAggregate(node)) return compileAggregate(node, context, compile);
      return compileFunction(node, context, compile);
    case "extract":
      return compileFunction(
        {
          type: "call",
          function: { name: "date_part" },
          args: [{ type: "string", value: node.field.name }, node.from],
        },
        context,
        compile,
        "extract",
      );
    case "member":
      return compileMember(node, context);
    case "array":
      return compileArray(node.expressions, context);
    case "arrayIndex":
      return compileIndex(compile(node.array, context), compile(node.index, context));
    case "select":
    case "values":
    case "union":
    case "union all":
    case "with":
      return compileSubquery(node, context);
    case "array select":
      return compileArraySelect(node.select, context);
    case "substring":
      return compileFunction(
        {
          type: "call",
          function: { name: "substring" },
          args: [
            node.value,
            ...(node.from ? [node.from] : [{ type: "integer" as const, value: 1 }]),
            ...(node.for ? [node.for] : []),
          ],
        },
        context,
        compile,
      );
    case "constant":
    case "default":
    case "list":
    case "overlay":
    case "with recursive":
    default:
      throw unsupported(`the expression ${node.type}`);
  }
}
