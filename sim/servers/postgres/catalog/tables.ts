/** `CREATE TABLE` and the columns of `ALTER TABLE`. */
import { DatabaseError } from "../database-error.js";
import { bareContext, compileDefault } from "../execute/compile.js";
import { missingTable, unsupported } from "../execute/execution-context.js";
import type { Expr } from "../sql/ast.js";
import type { ColumnClause, ConstraintClause, CreateTable, SequenceOptions } from "../sql/schema-ast.js";
import { int2Type, int4Type, int8Type } from "../types/builtin.js";
import { resolveType } from "../types/type-names.js";
import type { PgType } from "../types/type.js";
import {
  lookUp,
  relationKey,
  requireFree,
  type ColumnDef,
  type Draft,
  type SequenceDef,
  type TableDef,
} from "./catalog.js";
import { addConstraint } from "./constraints.js";

const serials: Readonly<Record<string, PgType>> = {
  serial: int4Type,
  serial4: int4Type,
  bigserial: int8Type,
  serial8: int8Type,
  smallserial: int2Type,
  serial2: int2Type,
};

const sequenceLimits = new Map<number, bigint>([
  [21, 2n ** 15n - 1n],
  [23, 2n ** 31n - 1n],
  [20, 2n ** 63n - 1n],
]);

export function createSequenceDef(
  draft: Draft,
  schema: string,
  name: string,
  type: PgType,
  options: SequenceOptions,
  owner: SequenceDef["owner"],
): SequenceDef {
  const increment = options.increment ?? 1n;
  const limit = sequenceLimits.get(type.oid) ?? 2n ** 63n - 1n;
  const min = options.min ?? (increment > 0n ? 1n : -limit - 1n);
  const max = options.max ?? (increment > 0n ? limit : -1n);
  const start = options.start ?? (increment > 0n ? min : max);
  return {
    id: draft.nextId(),
    schema,
    name,
    type,
    start,
    increment,
    min,
    max,
    cycle: options.cycle === true,
    owner,
  };
}

function nextvalOf(schema: string, name: string): Expr {
  const value = schema === "public" ? name : `${schema}.${name}`;
  return { type: "call", name: "nextval", args: [{ type: "string", value }] };
}

interface ColumnParts {
  readonly column: ColumnDef;
  readonly sequence: SequenceOptions | null;
}

export function buildColumn(draft: Draft, clause: ColumnClause): ColumnParts {
  if (clause.collation !== undefined && !["C", "POSIX", "default"].includes(clause.collation)) {
    throw unsupported(`the collation ${clause.collation}`);
  }
  const serial = (clause.type.arrayDepth ?? 0) > 0 ? undefined : serials[clause.type.name];
  const type = serial ?? resolveType(clause.type, (name) => lookUp(draft.enums, name, draft));
  const column: ColumnDef = {
    name: clause.name,
    type,
    notNull: serial !== undefined,
    default: null,
    generated: null,
    identity: null,
    dropped: false,
    missing: null,
  };
  const parts: ColumnParts = { column, sequence: serial === undefined ? null : {} };
  return clause.constraints.reduce(applyColumnConstraint, parts);
}

function applyColumnConstraint(parts: ColumnParts, clause: ConstraintClause): ColumnParts {
  const { column } = parts;
  switch (clause.kind) {
    case "not null":
    case "primary key":
      return { ...parts, column: { ...column, notNull: true } };
    case "default":
      return { ...parts, column: { ...column, default: clause.value } };
    case "identity":
      return { column: { ...column, notNull: true, identity: clause.when }, sequence: clause.options };
    case "generated":
      return { ...parts, column: { ...column, generated: clause.value } };
    default:
      return parts;
  }
}

/** Checks the default and makes the sequence that the column asks for. */
export function finishColumn(draft: Draft, table: TableDef, index: number, parts: ColumnParts): TableDef {
  let { column } = parts;
  if (parts.sequence !== null) {
    const name = parts.sequence.name ?? draft.freeName(table.schema, `${table.name}_${column.name}_seq`);
    draft.sequences.set(
      relationKey(table.schema, name),
      createSequenceDef(draft, table.schema, name, column.type, parts.sequence, {
        tableId: table.id,
        column: index,
      }),
    );
    column = { ...column, default: nextvalOf(table.schema, name) };
  }
  compileDefault(column, bareContext(draft.current()));
  return { ...table, columns: table.columns.with(index, column) };
}

/** Columns, and with `INCLUDING` more, of another table. */
function likeOther(
  draft: Draft,
  other: TableDef,
  including: readonly string[],
): { columns: ColumnDef[]; constraints: ConstraintClause[] } {
  const has = (option: string): boolean => including.includes(option);
  const columns = other.columns
    .filter(({ dropped }) => !dropped)
    .map((column): ColumnDef => ({
      ...column,
      missing: null,
      default: has("defaults") ? column.default : null,
      generated: has("generated") ? column.generated : null,
      identity: null,
    }));
  const constraints: ConstraintClause[] = [];
  if (has("constraints")) {
    for (const { name, expression } of other.checks)
      constraints.push({ kind: "check", name, value: expression, notValid: false });
  }
  if (has("indexes")) {
    for (const index of other.indexes) {
      if (index.constraint === null)
        throw unsupported("LIKE ... INCLUDING INDEXES of an index that is no constraint");
      const names = index.columns.map((column) => other.columns[column ?? 0]?.name ?? "");
      constraints.push({ kind: index.constraint, columns: names, include: [] });
    }
  }
  void draft;
  return { columns, constraints };
}

/** @returns Null when the table was there already and `IF NOT EXISTS` said so. */
export function createTable(
  draft: Draft,
  node: CreateTable,
  temporarySchema: string | null,
): TableDef | null {
  const schema = temporarySchema ?? draft.schemaFor(node.name);
  const { name } = node.name;
  if (node.ifNotExists && draft.hasRelation(schema, name)) return null;
  requireFree(draft, schema, name);
  const parts: ColumnParts[] = [];
  const constraints: ConstraintClause[] = [];
  for (const element of node.elements) {
    if (element.kind === "like") {
      const other = draft.table(element.table);
      if (other === undefined) throw missingTable(element.table.name);
      const like = likeOther(draft, other, element.including);
      parts.push(...like.columns.map((column) => ({ column, sequence: null })));
      constraints.push(...like.constraints);
    } else if (element.kind === "constraint") constraints.push(element.constraint);
    else {
      parts.push(buildColumn(draft, element.column));
      constraints.push(...element.column.constraints);
    }
  }
  for (const [at, { column }] of parts.entries()) {
    if (parts.findIndex((other) => other.column.name === column.name) !== at) {
      throw new DatabaseError("42701", `column "${column.name}" specified more than once`);
    }
  }
  let table: TableDef = {
    id: draft.nextId(),
    schema,
    name,
    columns: parts.map((part) => part.column),
    indexes: [],
    checks: [],
    foreignKeys: [],
  };
  for (const [index, part] of parts.entries()) table = finishColumn(draft, table, index, part);
  for (const clause of constraints) table = addConstraint(draft, table, clause);
  draft.put(table);
  return table;
}
