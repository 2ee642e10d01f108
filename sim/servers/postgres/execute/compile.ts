/** From expression trees to functions over rows, with PostgreSQL's rules for types. */
import type { DataTypeDef, Expr, ExprBinary, ExprCall, ExprCase, ExprRef, ExprUnary } from "pgsql-ast-parser";

import type { ColumnDef } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import { boolType, jsonbType, textType, unknownType } from "../types/builtin.js";
import { resolveType } from "../types/type-names.js";
import { arrayOf, type PgType } from "../types/type.js";
import type { Value } from "../types/value.js";
import { compileAggregate, isAggregate } from "./aggregates.js";
import {
  alignSides,
  asCondition,
  assignTo,
  castTo,
  combine,
  compileKeyword,
  compileNumber,
  compileParameter,
  constantOf,
  mapCompiled,
  nullLiteral,
  settle,
  unify,
  unknownLiteral,
} from "./coerce.js";
import {
  unsupported,
  type CompileContext,
  type Compiled,
  type EvaluationContext,
  type Scope,
  type ScopeTable,
} from "./execution-context.js";
import { compileFunction } from "./functions.js";
import {
  compileAtTimeZone,
  compileBinary,
  compileComparison,
  compileDistinctFrom,
  compileIndex,
  compileLogic,
  compileMinus,
  jsonGet,
  jsonGetText,
} from "./operators.js";

// Names of columns: finding the table they belong to.

function findColumn(
  scope: Scope,
  table: string | null,
  name: string,
): { table: ScopeTable; index: number; type: PgType } | null {
  const found = scope.tables
    .filter((candidate) => table === null || candidate.alias === table)
    .flatMap((candidate) =>
      candidate.columns
        .filter((column) => column.name === name)
        .map(({ index, type }) => ({ table: candidate, index, type })),
    );
  if (found.length > 1) throw new DatabaseError("42702", `column reference "${name}" is ambiguous`);
  const [only] = found;
  if (only !== undefined) return only;
  return scope.outer === null ? null : findColumn(scope.outer, table, name);
}

/** A table that is there under another name is hinted at. */
function missingEntry(scope: Scope, name: string): DatabaseError {
  const renamed = scope.tables.find((table) => table.relation === name);
  if (renamed === undefined)
    return new DatabaseError("42P01", `missing FROM-clause entry for table "${name}"`);
  return new DatabaseError("42P01", `invalid reference to FROM-clause entry for table "${name}"`, {
    hint: `Perhaps you meant to reference the table alias "${renamed.alias}".`,
  });
}

function hasTable(scope: Scope | null, alias: string): boolean {
  return (
    scope !== null && (scope.tables.some((table) => table.alias === alias) || hasTable(scope.outer, alias))
  );
}

function compileRef(ref: ExprRef, context: CompileContext): Compiled {
  if (ref.name === "*") throw new DatabaseError("42601", 'syntax error at or near "*"');
  const table = ref.table?.name ?? null;
  const found = findColumn(context.scope, table, ref.name);
  if (found === null) {
    if (table !== null && !hasTable(context.scope, table)) {
      throw missingEntry(context.scope, table);
    }
    if (table === null && hasTable(context.scope, ref.name))
      throw unsupported(`the whole row ${ref.name} as a value`);
    const shown = table === null ? `"${ref.name}"` : `${table}.${ref.name}`;
    throw new DatabaseError("42703", `column ${shown} does not exist`);
  }
  const { place } = found.table;
  const { index, type } = found;
  return { type, constant: false, run: (env) => env.rows[place]?.[index] ?? null };
}

// `IN`, `= ANY(...)`, `<> ALL(...)`.

type Compile = (node: Expr, context: CompileContext) => Compiled;

const subqueryTypes = new Set(["select", "values", "union", "union all", "with"]);

/** A cell that a comparison reads while a list is walked. */
function createSlot(type: Compiled["type"]): { readonly source: Compiled; set(value: Value): void } {
  let current: Value = null;
  return { source: { type, constant: false, run: () => current }, set: (value) => (current = value) };
}

/** True when one comparison is true, null when one is null and none is true. */
function anyOf(items: readonly Compiled[], env: EvaluationContext): boolean | null {
  let sawNull = false;
  for (const item of items) {
    const result = item.run(env);
    if (result === true) return true;
    if (result === null) sawNull = true;
  }
  return sawNull ? null : false;
}

function compileIn(node: ExprBinary, context: CompileContext, compile: Compile): Compiled {
  const negate = node.op === "NOT IN";
  const { right } = node;
  if (subqueryTypes.has(right.type)) return compileInSubquery(node, negate, context, compile);
  if (right.type !== "list") {
    throw new DatabaseError("42601", "syntax error in IN list");
  }
  const comparisons = right.expressions.map((item) =>
    compile({ type: "binary", op: "=", left: node.left, right: item }, context),
  );
  return {
    type: boolType,
    constant: comparisons.every((item) => item.constant),
    run(env) {
      const found = anyOf(comparisons, env);
      return found === null ? null : found !== negate;
    },
  };
}

function compileInSubquery(
  node: ExprBinary,
  negate: boolean,
  context: CompileContext,
  compile: Compile,
): Compiled {
  if (context.subquery === null) throw new DatabaseError("0A000", "cannot use subquery in check constraint");
  const query = context.subquery(node.right, context);
  const [type] = query.types;
  if (type === undefined || query.types.length !== 1 || node.left.type === "list") {
    if (node.left.type === "list") throw unsupported("a row IN (subquery)");
    throw new DatabaseError("42601", "subquery has too many columns");
  }
  const slot = createSlot(type);
  const comparison = compileBinary("=", compile(node.left, context), slot.source);
  return {
    type: boolType,
    constant: false,
    run(env) {
      let sawNull = false;
      for (const row of query.run(env)) {
        slot.set(row[0] ?? null);
        const result = comparison.run(env);
        if (result === true) return !negate;
        if (result === null) sawNull = true;
      }
      return sawNull ? null : negate;
    },
  };
}

function compileAnyAll(
  node: ExprBinary,
  call: ExprCall,
  context: CompileContext,
  compile: Compile,
): Compiled {
  const all = call.function.name === "all";
  const [argument] = call.args;
  if (argument === undefined || call.args.length !== 1)
    throw new DatabaseError("42601", 'syntax error at or near ")"');
  if (subqueryTypes.has(argument.type)) {
    if (node.op === "=" && !all)
      return compileInSubquery({ ...node, right: argument }, false, context, compile);
    throw unsupported(`${node.op} ${all ? "ALL" : "ANY"} (subquery)`);
  }
  const left = compile(node.left, context);
  const source = compile(argument, context);
  const array =
    source.coerce === undefined
      ? source
      : source.coerce(arrayOf(left.coerce === undefined ? left.type : left.coerce(textType).type));
  const { element } = array.type;
  if (element === undefined) {
    throw new DatabaseError("42809", "op ANY/ALL (array) requires array on right side");
  }
  const slot = createSlot(element);
  const comparison = compileBinary(node.op, left, slot.source);
  const walk = combine(constantOf(boolType, true), array, boolType, (_, value) => value);
  return {
    type: boolType,
    constant: left.constant && array.constant,
    run(env) {
      const items = walk.run(env) as readonly Value[] | null;
      if (items === null) return null;
      let sawNull = false;
      for (const item of items) {
        slot.set(item);
        const result = comparison.run(env);
        if (result === !all) return !all;
        if (result === null) sawNull = true;
      }
      return sawNull ? null : all;
    },
  };
}

// Subqueries as values: one row of one column, or an array of many.

function compileSubquery(node: Expr, context: CompileContext): Compiled {
  if (context.subquery === null) throw new DatabaseError("0A000", "cannot use subquery in check constraint");
  const query = context.subquery(node, context);
  const [type] = query.types;
  if (type === undefined || query.types.length > 1)
    throw new DatabaseError("42601", "subquery must return only one column");
  return {
    type,
    constant: query.constant,
    run(env) {
      const rows = query.run(env);
      if (rows.length > 1) {
        throw new DatabaseError("21000", "more than one row returned by a subquery used as an expression");
      }
      return rows[0]?.[0] ?? null;
    },
  };
}

function compileArraySelect(node: Expr, context: CompileContext): Compiled {
  if (context.subquery === null) throw new DatabaseError("0A000", "cannot use subquery in check constraint");
  const query = context.subquery(node, context);
  const [type] = query.types;
  if (type === undefined) throw new DatabaseError("42601", "subquery must return only one column");
  return {
    type: arrayOf(type),
    constant: query.constant,
    run: (env) => query.run(env).map((row) => row[0] ?? null),
  };
}

function typeFrom(definition: DataTypeDef, context: CompileContext): PgType {
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

// Defaults of columns.

/** Compiles the default of a column; null when it has none. */
export function compileDefault(column: ColumnDef, context: CompileContext): Compiled {
  if (column.default === null) return constantOf(column.type, null);
  const inner: CompileContext = { ...context, scope: { tables: [], outer: null }, subquery: null };
  return assignTo(compile(column.default, inner), column.type, column.name);
}
