/** Queries and changes of rows of PostgreSQL's parser as trees of ours. */
import type {
  Alias as RawAlias,
  ColumnDef,
  CommonTableExpr,
  DeleteStmt,
  GroupingSet,
  InferClause,
  InsertStmt,
  JoinExpr,
  LockingClause as RawLocking,
  Node,
  OnConflictClause,
  RangeFunction,
  RangeSubselect,
  RangeVar,
  ResTarget,
  ReturningClause,
  SelectStmt,
  UpdateStmt,
  WithClause,
} from "@pgsql/types";

import { DatabaseError } from "../database-error.js";
import { unsupported } from "../execute/execution-context.js";
import type { SimError } from "../../../errors.js";
import type {
  Alias,
  Assignment,
  Call,
  CommonTable,
  ConflictTarget,
  Delete,
  Expr,
  From,
  FromFunction,
  GroupItem,
  Insert,
  LockingClause,
  QualifiedName,
  Query,
  QueryStatement,
  Target,
  Update,
  With,
} from "./ast.js";
import {
  at,
  newerSyntax,
  textOf,
  translateExpression,
  translateOrder,
  translateType,
  translateWindow,
  unwrap,
  type Source,
  type Translator,
} from "./translate-expression.js";

export type { Source } from "./translate-expression.js";

/** `CreateFunctionStmt` as people say it: `CREATE FUNCTION`. */
export function unsupportedStatement(node: Node): SimError {
  const [kind] = unwrap(node);
  const words = kind.replace(/Stmt$/, "").replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ");
  return unsupported(`the statement ${words.toUpperCase()}`);
}

/** @returns Null when it is neither a query nor a change of rows. */
export function translateQuery(node: Node, source: Source): QueryStatement | null {
  const translator = createTranslator(source);
  const [kind, fields] = unwrap(node);
  switch (kind) {
    case "SelectStmt":
      return selectOf(fields, translator);
    case "InsertStmt":
      return insertOf(fields, translator);
    case "UpdateStmt":
      return updateOf(fields, translator);
    case "DeleteStmt":
      return deleteOf(fields, translator);
    case "MergeStmt":
      throw unsupported("MERGE");
    default:
      return null;
  }
}

/** Translates the expressions and queries of one source. */
export function createTranslator(source: Source): Translator {
  const translator: Translator = {
    source,
    query: (node) => selectOf((node as { SelectStmt: SelectStmt }).SelectStmt, translator),
  };
  return translator;
}

/** An expression that stands alone: a default, a check, a key of an index. */
export function expressionOf(node: Node, source: Source): Expr {
  return translateExpression(node, createTranslator(source));
}

export function tableName(range: RangeVar | undefined): QualifiedName {
  if (range?.catalogname !== undefined)
    throw new DatabaseError(
      "0A000",
      `cross-database references are not implemented: "${range.catalogname}.${range.schemaname ?? ""}.${range.relname ?? ""}"`,
    );
  const name = range?.relname ?? "";
  return range?.schemaname === undefined ? { name } : { schema: range.schemaname, name };
}

function aliasOf(alias: RawAlias | undefined): { readonly alias?: Alias } {
  if (alias?.aliasname === undefined) return {};
  const columns = alias.colnames?.map(textOf);
  return { alias: columns === undefined ? { name: alias.aliasname } : { name: alias.aliasname, columns } };
}

function targetsOf(nodes: readonly Node[] | undefined, translator: Translator): Target[] {
  return (nodes ?? []).map((node) => {
    const { ResTarget: target } = node as { ResTarget: ResTarget };
    return {
      expr: translateExpression(target.val as Node, translator),
      ...(target.name === undefined ? {} : { alias: target.name }),
      ...at(translator.source, target.location ?? 0),
    };
  });
}

function optional<K extends string>(
  key: K,
  node: Node | undefined,
  translator: Translator,
): { readonly [P in K]?: Expr } {
  return (node === undefined ? {} : { [key]: translateExpression(node, translator) }) as {
    readonly [P in K]?: Expr;
  };
}

function selectOf(node: SelectStmt, translator: Translator): Query {
  if (node.intoClause !== undefined) throw unsupported("SELECT INTO");
  const isAll = (limit: Node | undefined): boolean =>
    (limit as { A_Const?: { isnull?: boolean } } | undefined)?.A_Const?.isnull === true;
  const tail = {
    ...(node.withClause === undefined ? {} : { with: withOf(node.withClause, translator) }),
    orderBy: (node.sortClause ?? []).map((item) => translateOrder(item, translator)),
    ...(isAll(node.limitCount) ? {} : optional("limit", node.limitCount, translator)),
    ...optional("offset", node.limitOffset, translator),
    ...(node.limitOption === "LIMIT_OPTION_WITH_TIES" ? { withTies: true } : {}),
    locking: (node.lockingClause ?? []).map(lockingOf),
  };
  if (node.op !== undefined && node.op !== "SETOP_NONE") {
    return {
      type: "set operation",
      op: node.op === "SETOP_UNION" ? "union" : node.op === "SETOP_INTERSECT" ? "intersect" : "except",
      all: node.all === true,
      left: selectOf(node.larg as SelectStmt, translator),
      right: selectOf(node.rarg as SelectStmt, translator),
      ...tail,
    };
  }
  if (node.valuesLists !== undefined) {
    const rows = node.valuesLists.map((list) =>
      ((list as { List: { items?: Node[] } }).List.items ?? []).map((item) =>
        translateExpression(item, translator),
      ),
    );
    if (rows.some((row) => row.length !== rows[0]?.length))
      throw new DatabaseError("42601", "VALUES lists must all be the same length");
    return { type: "values", rows, ...tail };
  }
  const distinct = node.distinctClause;
  // DISTINCT alone is a list with an empty node in it.
  const isPlain = distinct?.length === 1 && Object.keys(distinct[0] ?? {}).length === 0;
  if (node.groupDistinct === true) throw unsupported("GROUP BY DISTINCT");
  return {
    type: "select",
    distinct:
      distinct === undefined
        ? "all"
        : isPlain
          ? "distinct"
          : distinct.map((item) => translateExpression(item, translator)),
    targets: targetsOf(node.targetList, translator),
    from: (node.fromClause ?? []).map((item) => fromOf(item, translator)),
    ...optional("where", node.whereClause, translator),
    groupBy: (node.groupClause ?? []).map((item) => groupItemOf(item, translator)),
    ...optional("having", node.havingClause, translator),
    windows: (node.windowClause ?? []).map((item) =>
      translateWindow((item as { WindowDef: never }).WindowDef, translator),
    ),
    ...tail,
  };
}

const strengths = {
  LCS_FORUPDATE: "update",
  LCS_FORNOKEYUPDATE: "no key update",
  LCS_FORSHARE: "share",
  LCS_FORKEYSHARE: "key share",
} as const;

function lockingOf(node: Node): LockingClause {
  const { LockingClause: clause } = node as { LockingClause: RawLocking };
  return {
    strength: strengths[clause.strength as keyof typeof strengths],
    of: (clause.lockedRels ?? []).map((item) => (item as { RangeVar: RangeVar }).RangeVar.relname ?? ""),
    wait:
      clause.waitPolicy === "LockWaitSkip"
        ? "skip locked"
        : clause.waitPolicy === "LockWaitError"
          ? "nowait"
          : "wait",
  };
}

function withOf(clause: WithClause, translator: Translator): With {
  const tables = (clause.ctes ?? []).map((item): CommonTable => {
    const { CommonTableExpr: table } = item as { CommonTableExpr: CommonTableExpr };
    if (table.search_clause !== undefined || table.cycle_clause !== undefined)
      throw unsupported("SEARCH and CYCLE of WITH");
    const statement = translateQuery(table.ctequery as Node, translator.source);
    if (statement === null) throw unsupportedStatement(table.ctequery as Node);
    const materialized =
      table.ctematerialized === "CTEMaterializeAlways"
        ? true
        : table.ctematerialized === "CTEMaterializeNever"
          ? false
          : null;
    return {
      name: table.ctename ?? "",
      ...(table.aliascolnames === undefined ? {} : { columns: table.aliascolnames.map(textOf) }),
      materialized,
      statement,
      ...at(translator.source, table.location ?? 0),
    };
  });
  return { recursive: clause.recursive === true, tables };
}

// FROM.

function fromOf(node: Node, translator: Translator): From {
  const [kind, fields] = unwrap(node);
  switch (kind) {
    case "RangeVar": {
      const range = fields as RangeVar;
      return {
        type: "table",
        table: tableName(range),
        ...aliasOf(range.alias),
        ...at(translator.source, range.location ?? 0),
      };
    }
    case "RangeSubselect": {
      const range = fields as RangeSubselect;
      if (range.alias === undefined) throw missingAlias(range.subquery as Node, translator.source);
      return {
        type: "query",
        query: translator.query(range.subquery as Node),
        lateral: range.lateral === true,
        ...aliasOf(range.alias),
      };
    }
    case "RangeFunction":
      return functionOf(fields, translator);
    case "JoinExpr": {
      const join = fields as JoinExpr;
      const kinds = {
        JOIN_INNER: "inner",
        JOIN_LEFT: "left",
        JOIN_RIGHT: "right",
        JOIN_FULL: "full",
      } as const;
      return {
        type: "join",
        kind: kinds[(join.jointype ?? "JOIN_INNER") as keyof typeof kinds],
        left: fromOf(join.larg as Node, translator),
        right: fromOf(join.rarg as Node, translator),
        natural: join.isNatural === true,
        ...(join.usingClause === undefined ? {} : { using: join.usingClause.map(textOf) }),
        ...(join.join_using_alias?.aliasname === undefined
          ? {}
          : { usingAlias: join.join_using_alias.aliasname }),
        ...optional("on", join.quals, translator),
        ...aliasOf(join.alias),
      };
    }
    case "RangeTableSample":
      throw unsupported("TABLESAMPLE");
    default:
      throw unsupported(`${kind} in FROM`);
  }
}

/** PostgreSQL 16 made the alias optional. */
function missingAlias(subquery: Node, source: Source): DatabaseError {
  const { valuesLists } = (subquery as { SelectStmt: SelectStmt }).SelectStmt;
  const [what, example] =
    valuesLists === undefined ? ["subquery", "(SELECT ...)"] : ["VALUES", "(VALUES ...)"];
  void source;
  return new DatabaseError("42601", `${what} in FROM must have an alias`, {
    hint: `For example, FROM ${example} [AS] foo.`,
  });
}

function functionOf(node: RangeFunction, translator: Translator): FromFunction {
  const items = (node.functions ?? []).map((item) => (item as { List: { items?: Node[] } }).List.items ?? []);
  const calls = items.map(([call]): Call => {
    const expression = translateExpression(call as Node, translator);
    if (expression.type !== "call") throw unsupported(`${expression.type} as a function in FROM`);
    return expression;
  });
  const definitions =
    node.coldeflist ??
    items.flatMap(([, list]) => (list as { List?: { items?: Node[] } } | undefined)?.List?.items ?? []);
  const columns = definitions.map((item) => {
    const { ColumnDef: column } = item as { ColumnDef: ColumnDef };
    return { name: column.colname ?? "", type: translateType(column.typeName, translator.source) };
  });
  return {
    type: "function",
    calls,
    lateral: node.lateral === true,
    ordinality: node.ordinality === true,
    ...aliasOf(node.alias),
    ...(columns.length === 0 ? {} : { columns }),
  };
}

// GROUP BY.

/** `ROLLUP` and `CUBE` written out as sets. */
function groupItemOf(node: Node, translator: Translator): GroupItem {
  const [kind, fields] = unwrap(node);
  if (kind !== "GroupingSet") return { kind: "expression", expr: translateExpression(node, translator) };
  return { kind: "sets", sets: setsOf(fields, translator) };
}

function setsOf(node: GroupingSet, translator: Translator): Expr[][] {
  const content = node.content ?? [];
  const members = (item: Node): Expr[] => {
    const expression = translateExpression(item, translator);
    return expression.type === "row" ? [...expression.items] : [expression];
  };
  switch (node.kind) {
    case "GROUPING_SET_EMPTY":
      return [[]];
    case "GROUPING_SET_ROLLUP": {
      const parts = content.map(members);
      return Array.from({ length: parts.length + 1 }, (_, index) =>
        parts.slice(0, parts.length - index).flat(),
      );
    }
    case "GROUPING_SET_CUBE": {
      const parts = content.map(members);
      return Array.from({ length: 2 ** parts.length }, (_, index) => {
        const bits = 2 ** parts.length - 1 - index;
        return parts.filter((_part, place) => (bits & (1 << (parts.length - 1 - place))) !== 0).flat();
      });
    }
    default:
      return content.flatMap((item) => {
        const [kind, fields] = unwrap(item);
        return kind === "GroupingSet" ? setsOf(fields, translator) : [members(item)];
      });
  }
}

// Changes of rows.

function returningOf(
  clause: ReturningClause | undefined,
  translator: Translator,
): { readonly returning?: readonly Target[] } {
  if (clause === undefined) return {};
  if ((clause.options ?? []).length > 0) throw newerSyntax(translator.source, at(translator.source, 0).at);
  return { returning: targetsOf(clause.exprs, translator) };
}

function withPart(clause: WithClause | undefined, translator: Translator): { readonly with?: With } {
  return clause === undefined ? {} : { with: withOf(clause, translator) };
}

function columnName(target: ResTarget): string {
  const [step] = target.indirection ?? [];
  if (step !== undefined && "String" in step) throw unsupported("fields of a composite column");
  return target.name ?? "";
}

function insertOf(node: InsertStmt, translator: Translator): Insert {
  const columns = node.cols?.map((column) => {
    const { ResTarget: target } = column as { ResTarget: ResTarget };
    if ((target.indirection ?? []).length > 0) throw unsupported("subscripts in the columns of INSERT");
    return target.name ?? "";
  });
  const overriding =
    node.override === "OVERRIDING_SYSTEM_VALUE"
      ? "system"
      : node.override === "OVERRIDING_USER_VALUE"
        ? "user"
        : null;
  return {
    type: "insert",
    ...withPart(node.withClause, translator),
    table: tableName(node.relation),
    ...(node.relation?.alias?.aliasname === undefined ? {} : { alias: node.relation.alias.aliasname }),
    columns: columns ?? null,
    source: node.selectStmt === undefined ? null : translator.query(node.selectStmt),
    ...(overriding === null ? {} : { overriding }),
    ...(node.onConflictClause === undefined
      ? {}
      : { conflict: conflictOf(node.onConflictClause, translator) }),
    ...returningOf(node.returningClause, translator),
    ...at(translator.source, node.relation?.location ?? 0),
  };
}

function conflictOf(clause: OnConflictClause, translator: Translator): NonNullable<Insert["conflict"]> {
  const isUpdate = clause.action === "ONCONFLICT_UPDATE";
  if (isUpdate && clause.infer === undefined) {
    throw new DatabaseError(
      "42601",
      "ON CONFLICT DO UPDATE requires inference specification or constraint name",
      {
        hint: "For example, ON CONFLICT (column_name).",
      },
    );
  }
  return {
    target: clause.infer === undefined ? null : conflictTarget(clause.infer, translator),
    update: isUpdate
      ? {
          set: assignmentsOf(clause.targetList, translator),
          ...optional("where", clause.whereClause, translator),
        }
      : null,
  };
}

function conflictTarget(infer: InferClause, translator: Translator): ConflictTarget {
  const keys = (infer.indexElems ?? []).map((item): Expr => {
    const { IndexElem: element } = item as { IndexElem: { name?: string; expr?: Node } };
    return element.expr === undefined
      ? { type: "ref", name: element.name ?? "" }
      : translateExpression(element.expr, translator);
  });
  return {
    keys,
    ...optional("where", infer.whereClause, translator),
    ...(infer.conname === undefined ? {} : { constraint: infer.conname }),
  };
}

interface MultiAssign {
  readonly source: Node;
  readonly colno?: number;
  readonly ncolumns?: number;
}

function assignmentsOf(nodes: readonly Node[] | undefined, translator: Translator): Assignment[] {
  const found: Assignment[] = [];
  const targets = (nodes ?? []).map((node) => (node as { ResTarget: ResTarget }).ResTarget);
  for (let index = 0; index < targets.length; index += 1) {
    const target = targets[index] as ResTarget;
    const place = at(translator.source, target.location ?? 0);
    const multi = (target.val as { MultiAssignRef?: MultiAssign }).MultiAssignRef;
    if (multi !== undefined) {
      const count = multi.ncolumns ?? 1;
      const columns = targets.slice(index, index + count).map(columnName);
      found.push({ columns, values: multiValues(multi, count, translator), ...place });
      index += count - 1;
      continue;
    }
    const subscripts = (target.indirection ?? []).map((step) => {
      const indices = (step as { A_Indices?: { is_slice?: boolean; uidx?: Node } }).A_Indices;
      if (indices === undefined || indices.is_slice === true) throw unsupported("slices and fields in SET");
      return translateExpression(indices.uidx as Node, translator);
    });
    found.push({
      columns: [columnName(target)],
      values: [translateExpression(target.val as Node, translator)],
      ...(subscripts.length === 0 ? {} : { subscripts }),
      ...place,
    });
  }
  return found;
}

function multiValues(multi: MultiAssign, count: number, translator: Translator): readonly Expr[] | Query {
  const value = translateExpression(multi.source, translator);
  if (value.type === "subquery") return value.query;
  if (value.type !== "row")
    throw new DatabaseError(
      "0A000",
      "source for a multiple-column UPDATE item must be a sub-SELECT or ROW() expression",
    );
  if (value.items.length !== count)
    throw new DatabaseError("42601", "number of columns does not match number of values");
  return value.items;
}

function updateOf(node: UpdateStmt, translator: Translator): Update {
  return {
    type: "update",
    ...withPart(node.withClause, translator),
    table: tableName(node.relation),
    ...(node.relation?.alias?.aliasname === undefined ? {} : { alias: node.relation.alias.aliasname }),
    set: assignmentsOf(node.targetList, translator),
    from: (node.fromClause ?? []).map((item) => fromOf(item, translator)),
    ...optional("where", node.whereClause, translator),
    ...returningOf(node.returningClause, translator),
    ...at(translator.source, node.relation?.location ?? 0),
  };
}

function deleteOf(node: DeleteStmt, translator: Translator): Delete {
  return {
    type: "delete",
    ...withPart(node.withClause, translator),
    table: tableName(node.relation),
    ...(node.relation?.alias?.aliasname === undefined ? {} : { alias: node.relation.alias.aliasname }),
    using: (node.usingClause ?? []).map((item) => fromOf(item, translator)),
    ...optional("where", node.whereClause, translator),
    ...returningOf(node.returningClause, translator),
    ...at(translator.source, node.relation?.location ?? 0),
  };
}
