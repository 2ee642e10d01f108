/** From expression trees to functions over rows, with PostgreSQL's rules for types. */
import { lookUp, type Catalog, type ColumnDef } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import type {
  Between,
  Case,
  Expr,
  FieldAccess,
  In,
  Quantified,
  Query,
  Reference,
  RowConstructor,
  Subscript,
  Test,
  Unary,
} from "../sql/ast.js";
import { activeLockers, replacedBy } from "../storage/heap.js";
import { bitType, boolType, int4Type, oidType, textType, unknownType } from "../types/builtin.js";
import { recordOf } from "../types/record.js";
import { resolveType } from "../types/type-names.js";
import { arrayOf, type PgType } from "../types/type.js";
import type { Value } from "../types/value.js";
import { compileAggregate, isAggregate } from "./aggregates.js";
import {
  alignSides,
  asCondition,
  assignTo,
  castTo,
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
  compile,
  emptyScope,
  unsupported,
  type CompileContext,
  type Compiled,
  type CompiledSubquery,
  type EvaluationContext,
  type Scope,
  type ScopeTable,
} from "./execution-context.js";
import { compileFunction } from "./functions.js";
import { findColumn, printResolved, type FoundColumn } from "./names.js";
import { compileSetReturning } from "./set-functions.js";
import { compileWindowCall } from "./windows.js";
import {
  compileBinary,
  compileComparison,
  compileDistinctFrom,
  compileIndex,
  compileLogic,
  compilePrefix,
} from "./operators.js";

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

function findTableByAlias(scope: Scope | null, alias: string): ScopeTable | null {
  if (scope === null) return null;
  const found = scope.tables.find((table) => table.alias === alias);
  if (found !== undefined) return found;
  const beyond = findTableByAlias(scope.outer, alias);
  if (beyond !== null && scope.edge !== undefined) scope.edge.isCrossed = true;
  return beyond;
}

/** A row of a table as one value; null where an outer join found none. */
function compileWholeRow({ place, columns }: ScopeTable, context: CompileContext): Compiled {
  context.noted?.add(place);
  const type = recordOf(columns);
  const run = (env: EvaluationContext): Value => {
    const row = env.rows[place];
    return row === undefined || row.length === 0 ? null : columns.map((column) => row[column.index] ?? null);
  };
  return { type, constant: false, run };
}

/** `xmin`, `xmax` and `tableoid` of the version behind a row. */
function compileSystemColumn(ref: Reference, context: CompileContext): Compiled | null {
  if (!["xmin", "xmax", "tableoid", "ctid", "cmin", "cmax"].includes(ref.name)) return null;
  const wanted = ref.table?.name;
  const table = context.scope.tables.find(
    ({ alias, relation }) => relation !== undefined && (wanted === undefined || alias === wanted),
  );
  if (table === undefined) return null;
  if (ref.name === "ctid" || ref.name.startsWith("c")) throw unsupported(`the system column ${ref.name}`);
  const { place } = table;
  context.noted?.add(place);
  return {
    type: oidType,
    constant: false,
    run(env) {
      const tuple = env.tuples[place] ?? null;
      if (tuple === null) return null;
      if (ref.name === "tableoid") return tuple.tableId;
      if (ref.name === "xmin") return tuple.xmin.id;
      return (replacedBy(tuple) ?? activeLockers(tuple)[0]?.xact)?.id ?? 0;
    },
  };
}

/** Outside aggregates, a grouped query knows only what it is grouped by. */
function requireGrouped(name: string, { table, scope }: FoundColumn, { grouping }: CompileContext): void {
  if (grouping === null || grouping.scope !== scope || grouping.dependent.has(table.place)) return;
  throw new DatabaseError(
    "42803",
    `column "${table.alias}.${name}" must appear in the GROUP BY clause or be used in an aggregate function`,
  );
}

function compileRef(ref: Reference, context: CompileContext): Compiled {
  if (ref.name === "*") throw new DatabaseError("42601", 'syntax error at or near "*"');
  const table = ref.table?.name ?? null;
  const found = findColumn(context.scope, table, ref.name);
  if (found !== null && !("table" in found && "index" in found)) return compile(found, context);
  if (found === null) {
    const system = compileSystemColumn(ref, context);
    if (system !== null) return system;
    if (table !== null && !hasTable(context.scope, table)) {
      throw missingEntry(context.scope, table);
    }
    const whole = table === null ? findTableByAlias(context.scope, ref.name) : null;
    if (whole !== null) return compileWholeRow(whole, context);
    const shown = table === null ? `"${ref.name}"` : `${table}.${ref.name}`;
    throw new DatabaseError("42703", `column ${shown} does not exist`);
  }
  const {
    table: { place },
    index,
    type,
  } = found;
  context.noted?.add(place);
  requireGrouped(ref.name, found, context);
  return { type, constant: false, run: (env) => env.rows[place]?.[index] ?? null };
}

// `IN`, `= ANY(...)`, `<> ALL(...)`.

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

function compileIn({ operand, items, negate, at }: In, context: CompileContext): Compiled {
  const place = at === undefined ? {} : { at };
  const comparisons = items.map((item) =>
    compile({ type: "binary", op: "=", left: operand, right: item, ...place }, context),
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

/** Walks the items of an array or the rows of a query until one decides. */
function decideOver(items: Iterable<unknown>, all: boolean, compare: (item: never) => Value): boolean | null {
  let sawNull = false;
  for (const item of items) {
    const result = compare(item as never);
    if (result === !all) return !all;
    if (result === null) sawNull = true;
  }
  return sawNull ? null : all;
}

function compileQuantified(node: Quantified, context: CompileContext): Compiled {
  if (node.query !== undefined) return compileQuantifiedQuery(node, node.query, context);
  const left = compile(node.operand, context);
  const source = compile(node.array ?? { type: "null" }, context);
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
  return {
    type: boolType,
    constant: left.constant && array.constant,
    run(env) {
      const items = array.run(env) as readonly Value[] | null;
      if (items === null) {
        // What is compared may be an error all the same.
        left.run(env);
        return null;
      }
      return decideOver(items.flat(6) as readonly Value[], node.all, (item: Value) => {
        slot.set(item);
        return comparison.run(env);
      });
    },
  };
}

function compileQuantifiedQuery(node: Quantified, ast: Query, context: CompileContext): Compiled {
  const query = subqueryOf(ast, context);
  const operands = node.operand.type === "row" ? node.operand.items : [node.operand];
  if (query.types.length > operands.length) throw new DatabaseError("42601", "subquery has too many columns");
  if (query.types.length < operands.length) throw new DatabaseError("42601", "subquery has too few columns");
  const slots = query.types.map(createSlot);
  const comparison = compareRows(
    node.op,
    operands.map((operand, index) => [compile(operand, context), slots[index]?.source ?? nullLiteral]),
  );
  return {
    type: boolType,
    constant: false,
    run: (env) =>
      decideOver(query.run(env), node.all, (row: readonly Value[]) => {
        for (const [index, slot] of slots.entries()) slot.set(row[index] ?? null);
        return comparison.run(env);
      }),
  };
}

// Subqueries as values: one row of one column, or an array of many.

function subqueryOf(query: Query, context: CompileContext): CompiledSubquery {
  if (context.subquery === null) throw new DatabaseError("0A000", "cannot use subquery in check constraint");
  return context.subquery(query, context);
}

function compileSubquery(ast: Query, isArray: boolean, context: CompileContext): Compiled {
  const query = subqueryOf(ast, context);
  const [type] = query.types;
  if (type === undefined || query.types.length > 1)
    throw new DatabaseError("42601", "subquery must return only one column");
  if (isArray) {
    return {
      type: type.category === "array" ? type : arrayOf(type),
      constant: query.constant,
      run: (env) => query.run(env).map((row) => row[0] ?? null),
    };
  }
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

function typeFrom(name: Parameters<typeof resolveType>[0], context: CompileContext): PgType {
  return resolveType(name, (own) => lookUp(context.catalog.enums, own, context.catalog));
}

function compileUnary(node: Unary, context: CompileContext): Compiled {
  const operand = compile(node.operand, context);
  return compilePrefix(node.op, operand);
}

function compileTest({ test, negate, operand }: Test, context: CompileContext): Compiled {
  if (test === "null") return compileNullTest(compile(operand, context), negate);
  const words = `IS ${negate ? "NOT " : ""}${test.toUpperCase()}`;
  const condition = asCondition(compile(operand, context), boolType, words);
  const wanted = test === "unknown" ? null : test === "true";
  return {
    type: boolType,
    constant: condition.constant,
    run: (env) => (condition.run(env) === wanted) !== negate,
  };
}

/** A row is null when all its fields are, and not null when none is. */
function compileNullTest(operand: Compiled, negate: boolean): Compiled {
  const { type, constant, run } = settle(operand);
  if (type.fields === undefined)
    return { type: boolType, constant, run: (env) => (run(env) === null) !== negate };
  return {
    type: boolType,
    constant,
    run(env) {
      const row = run(env) as readonly Value[] | null;
      return row === null ? !negate : row.every((value) => (value === null) !== negate);
    },
  };
}

function compileCase(node: Case, context: CompileContext): Compiled {
  const subject = node.value === null ? null : settle(compile(node.value, context));
  const conditions = node.whens.map(({ when }) => {
    const condition = compile(when, context);
    return subject === null
      ? asCondition(condition, boolType, "CASE/WHEN")
      : compileComparison("=", subject, condition);
  });
  const otherwise = node.otherwise === null ? nullLiteral : compile(node.otherwise, context);
  const branches = unify([...node.whens.map(({ then }) => compile(then, context)), otherwise], "CASE");
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

function compileBetween(node: Between, context: CompileContext): Compiled {
  const { operand, low, high, negate, symmetric } = node;
  const inside = (from: Expr, to: Expr): Expr => ({
    type: "logic",
    op: "and",
    operands: [
      { type: "binary", op: ">=", left: operand, right: from, at: node.at ?? 0 },
      { type: "binary", op: "<=", left: operand, right: to, at: node.at ?? 0 },
    ],
  });
  const between: Expr = symmetric
    ? { type: "logic", op: "or", operands: [inside(low, high), inside(high, low)] }
    : inside(low, high);
  return compile(negate ? { type: "not", operand: between } : between, context);
}

function compileOperator(node: Expr & { type: "binary" }, context: CompileContext): Compiled {
  const { op } = node;
  if (node.left.type === "row" && node.right.type === "row") {
    return compileRowComparison(op, node.left, node.right, context);
  }
  if (node.left.type === "row" && node.right.type === "subquery" && !node.right.array) {
    return compileRowAgainstQuery(op, node.left, node.right.query, context);
  }
  const left = compile(node.left, context);
  const right = compile(node.right, context);
  if (op === "IS DISTINCT FROM") return compileDistinctFrom(left, right, false);
  if (op === "IS NOT DISTINCT FROM") return compileDistinctFrom(left, right, true);
  return compileBinary(op, left, right);
}

/** `(a, b) = (SELECT x, y ...)`. */
function compileRowAgainstQuery(
  op: string,
  left: RowConstructor,
  ast: Query,
  context: CompileContext,
): Compiled {
  const query = subqueryOf(ast, context);
  if (query.types.length !== left.items.length) {
    const few = query.types.length < left.items.length;
    throw new DatabaseError("42601", `subquery has too ${few ? "few" : "many"} columns`);
  }
  const slots = query.types.map(createSlot);
  const pairs = left.items.map((item, index): readonly [Compiled, Compiled] => [
    compile(item, context),
    slots[index]?.source ?? nullLiteral,
  ]);
  const comparison = compareRows(op, pairs);
  return {
    type: boolType,
    constant: false,
    run(env) {
      const rows = query.run(env);
      if (rows.length > 1) {
        throw new DatabaseError("21000", "more than one row returned by a subquery used as an expression");
      }
      const [row] = rows;
      if (row === undefined) return null;
      for (const [index, slot] of slots.entries()) slot.set(row[index] ?? null);
      return comparison.run(env);
    },
  };
}

function compileRowComparison(
  op: string,
  left: RowConstructor,
  right: RowConstructor,
  context: CompileContext,
): Compiled {
  if (left.items.length !== right.items.length) {
    throw new DatabaseError("42601", "unequal number of entries in row expressions");
  }
  const pairs = left.items.map((item, index): readonly [Compiled, Compiled] => [
    compile(item, context),
    compile(right.items[index] ?? { type: "null" }, context),
  ]);
  if (op.startsWith("IS ")) {
    const parts = pairs.map(([a, b]) => compileDistinctFrom(a, b, false));
    const negate = op === "IS NOT DISTINCT FROM";
    return {
      type: boolType,
      constant: parts.every((part) => part.constant),
      run: (env) => parts.some((part) => part.run(env) === true) !== negate,
    };
  }
  return compareRows(op, pairs);
}

/** Compares part by part: equality looks at all of them, order at the first that differs. */
function compareRows(op: string, sides: ReadonlyArray<readonly [Compiled, Compiled]>): Compiled {
  const [only] = sides;
  if (sides.length === 1 && only !== undefined) return compileBinary(op, ...only);
  if (!["=", "<>", "<", "<=", ">", ">="].includes(op)) {
    throw new DatabaseError("0A000", `could not determine interpretation of row comparison operator ${op}`);
  }
  if (op === "=" || op === "<>") {
    const parts = sides.map(([a, b]) => compileBinary("=", a, b));
    const equal: Compiled = {
      type: boolType,
      constant: parts.every((part) => part.constant),
      run: (env) => {
        let sawNull = false;
        for (const part of parts) {
          const result = part.run(env);
          if (result === false) return false;
          if (result === null) sawNull = true;
        }
        return sawNull ? null : true;
      },
    };
    return op === "=" ? equal : mapCompiled(equal, boolType, (value) => value !== true);
  }
  const pairs = sides.map(([a, b]) => alignSides(a, op, b));
  return {
    type: boolType,
    constant: pairs.every(([a, b]) => a.constant && b.constant),
    run(env) {
      for (const [a, b, type] of pairs) {
        const x = a.run(env);
        const y = b.run(env);
        if (x === null || y === null) return null;
        const order = type.compare(x, y);
        if (order !== 0) return op.startsWith("<") ? order < 0 : order > 0;
      }
      return op.endsWith("=");
    },
  };
}

function compileRow(node: RowConstructor, context: CompileContext): Compiled {
  const parts = node.items.map((item) => settle(compile(item, context)));
  return {
    type: recordOf(parts.map((part, index) => ({ name: `f${index + 1}`, type: part.type }))),
    constant: parts.every((part) => part.constant),
    run: (env) => parts.map((part) => part.run(env)),
  };
}

function compileField(node: FieldAccess, context: CompileContext): Compiled {
  const operand = compile(node.operand, context);
  const { fields } = operand.type;
  if (fields === undefined) {
    throw new DatabaseError(
      "42809",
      `column notation .${node.name} applied to type ${operand.type.name}, which is not a composite type`,
    );
  }
  const index = fields.findIndex((field) => field.name === node.name);
  const field = fields[index];
  if (field === undefined) {
    throw new DatabaseError("42703", `could not identify column "${node.name}" in record data type`);
  }
  return mapCompiled(operand, field.type, (value) => (value as readonly Value[])[index] ?? null);
}

/** `a[2:3]`: bounds beyond the ends are the ends. */
function compileSlice(
  operand: Compiled,
  { low, high }: NonNullable<Subscript["slice"]>,
  context: CompileContext,
): Compiled {
  if (operand.type.element === undefined) {
    throw new DatabaseError(
      "42804",
      `cannot subscript type ${operand.type.name} because it does not support subscripting`,
    );
  }
  const bound = (expr: Expr | null, otherwise: number): Compiled =>
    expr === null ? constantOf(int4Type, otherwise) : castTo(compile(expr, context), int4Type);
  const from = bound(low, 1);
  const to = bound(high, 2 ** 31 - 1);
  return {
    type: operand.type,
    constant: operand.constant && from.constant && to.constant,
    run(env) {
      const items = operand.run(env) as readonly Value[] | null;
      const first = from.run(env) as number | null;
      const last = to.run(env) as number | null;
      if (items === null || first === null || last === null) return null;
      return items.slice(Math.max(0, first - 1), Math.max(0, last));
    },
  };
}

function compileSubscript(node: Subscript, context: CompileContext): Compiled {
  const operand = compile(node.operand, context);
  if (node.slice !== undefined) {
    return compileSlice(operand, node.slice, context);
  }
  return compileIndex(operand, compile(node.index ?? { type: "null" }, context));
}

function compileArray(items: readonly Expr[], context: CompileContext): Compiled {
  const parts = unify(
    items.map((item) => compile(item, context)),
    "ARRAY",
  );
  const element = parts[0]?.type;
  if (element === undefined) {
    return {
      type: unknownType,
      constant: true,
      run: () => {
        throw new DatabaseError("42P18", "cannot determine type of empty array", {
          hint: "Explicitly cast to the desired type, for example ARRAY[]::integer[].",
        });
      },
      coerce: (type) => {
        if (type.element !== undefined) return constantOf(type, []);
        throw new DatabaseError("42P18", "cannot determine type of empty array", {
          hint: "Explicitly cast to the desired type, for example ARRAY[]::integer[].",
        });
      },
    };
  }
  const type = element.category === "array" ? element : arrayOf(element);
  return {
    type,
    constant: parts.every((item) => item.constant),
    run: (env) => parts.map((item) => item.run(env)),
  };
}

/** `ARRAY[1, 2]::text[]` casts each item, as PostgreSQL does. */
function compileCast(node: Expr & { type: "cast" }, context: CompileContext): Compiled {
  const type = typeFrom(node.to, context);
  if (node.operand.type === "array" && type.element !== undefined) {
    const { element } = type;
    const isNested = (item: Expr): boolean => item.type === "array";
    const parts = node.operand.items.map((item) =>
      isNested(item)
        ? compileCast({ type: "cast", operand: item, to: node.to }, context)
        : castTo(compile(item, context), element),
    );
    return {
      type,
      constant: parts.every((part) => part.constant),
      run: (env) => parts.map((part) => part.run(env)),
    };
  }
  return castTo(compile(node.operand, context), type);
}

/** An expression that the query is grouped by is read from the group. */
function groupKeyOf(node: Expr, context: CompileContext): Compiled | null {
  const { grouping } = context;
  if (grouping === null || grouping.keys.length === 0) return null;
  const print = printResolved(node, context.scope);
  return grouping.keys.find((key) => key.print === print)?.value ?? null;
}

/** Errors about names and types carry the place of the innermost expression that they are about. */
const placed = /^(42|22P02|22003|22007|22008|0A000|21000|428C9)/;

/** @throws DatabaseError for wrong SQL; SimError `SIM_UNSUPPORTED` for what is not simulated. */
function compileExpression(node: Expr, context: CompileContext): Compiled {
  try {
    return groupKeyOf(node, context) ?? compileNode(node, context);
  } catch (error) {
    if (node.at !== undefined && error instanceof DatabaseError && placed.test(error.code)) {
      error.placeAt(node.at);
    }
    throw error;
  }
}

function compileNode(node: Expr, context: CompileContext): Compiled {
  switch (node.type) {
    case "ref":
      return compileRef(node, context);
    case "parameter":
      return compileParameter(node.number, context);
    case "number":
      return compileNumber(node.value);
    case "string":
      return unknownLiteral(node.value, node.at);
    case "boolean":
      return constantOf(boolType, node.value);
    case "null":
      return nullLiteral;
    case "bits":
      return unknownLiteral(node.value, node.at).coerce?.(bitType) ?? nullLiteral;
    case "binary":
      return compileOperator(node, context);
    case "logic":
      return node.operands
        .map((operand) => compile(operand, context))
        .reduce((left, right) => compileLogic(node.op === "and" ? "AND" : "OR", left, right));
    case "not":
      return mapCompiled(
        asCondition(compile(node.operand, context), boolType, "NOT"),
        boolType,
        (value) => value !== true,
      );
    case "unary":
      return compileUnary(node, context);
    case "test":
      return compileTest(node, context);
    case "in":
      return compileIn(node, context);
    case "between":
      return compileBetween(node, context);
    case "quantified":
      return compileQuantified(node, context);
    case "exists": {
      const query = subqueryOf(node.query, context);
      return { type: boolType, constant: query.constant, run: (env) => query.run(env).length > 0 };
    }
    case "subquery":
      return compileSubquery(node.query, node.array, context);
    case "cast":
      return compileCast(node, context);
    case "case":
      return compileCase(node, context);
    case "keyword":
      return compileKeyword(node, context);
    case "call":
      if (node.over !== undefined) return compileWindowCall(node, context);
      if (isAggregate(node)) return compileAggregate(node, context);
      return compileSetReturning(node, context) ?? compileFunction(node, context, compile);
    case "array":
      return compileArray(node.items, context);
    case "row":
      return compileRow(node, context);
    case "field":
      return compileField(node, context);
    case "subscript":
      return compileSubscript(node, context);
    case "collate":
      return compileCollate(node, context);
    case "default":
      throw new DatabaseError("42601", "DEFAULT is not allowed in this context");
    case "grouping":
    default:
      return compileGrouping(node, context);
  }
}

/** Everything is ordered by bytes here, as in a database of the C collation. */
function compileCollate(node: Expr & { type: "collate" }, context: CompileContext): Compiled {
  if (!["C", "POSIX", "default", "ucs_basic"].includes(node.collation)) {
    throw unsupported(`the collation ${node.collation}`);
  }
  const operand = settle(compile(node.operand, context));
  if (operand.type.category !== "text") {
    throw new DatabaseError("42804", `collations are not supported by type ${operand.type.name}`);
  }
  return operand;
}

/** A bit for each argument, set when the group is not grouped by it. */
function compileGrouping(node: Expr & { type: "grouping" }, context: CompileContext): Compiled {
  const keys = context.grouping?.keys ?? [];
  const indexes = node.args.map((argument) => {
    const print = printResolved(argument, context.scope);
    const index = keys.findIndex((key) => key.print === print);
    if (index >= 0) return index;
    throw new DatabaseError(
      "42803",
      "arguments to GROUPING must be grouping expressions of the associated query level",
    );
  });
  const run = (env: EvaluationContext): number =>
    indexes.reduce((bits, index) => bits * 2 + (env.grouped?.has(index) === false ? 1 : 0), 0);
  return { type: int4Type, constant: false, run };
}

/** A context for expressions that stand alone: defaults, checks, keys of indexes. */
export function bareContext(catalog: Catalog, scope: Scope = emptyScope): CompileContext {
  return {
    catalog,
    scope,
    parameters: [],
    compile: compileExpression,
    places: { count: 1 },
    aggregates: null,
    windows: null,
    windowNames: new Map(),
    grouping: null,
    commonTables: new Map(),
    clause: "WHERE",
    noted: null,
    changes: { count: 0 },
    prelude: [],
    reads: [],
    subquery: null,
  };
}

// Defaults of columns.

/** Compiles the default of a column; null when it has none. */
export function compileDefault(column: ColumnDef, context: CompileContext): Compiled {
  if (column.default === null) return constantOf(column.type, null);
  const inner: CompileContext = {
    ...context,
    scope: { tables: [], outer: null },
    subquery: null,
    grouping: null,
  };
  return assignTo(compile(column.default, inner), column.type, column.name);
}
