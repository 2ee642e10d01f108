/** `CREATE TABLE` and the columns of `ALTER TABLE`. */
import { DatabaseError } from "../database-error.js";
import { bareContext, compileDefault } from "../execute/compile.js";
import { unsupported } from "../execute/execution-context.js";
import type { Expr } from "../sql/ast.js";
import type { ColumnClause, ConstraintClause, CreateTable, SequenceOptions } from "../sql/schema-ast.js";
import { int2Type, int4Type, int8Type } from "../types/builtin.js";
import { resolveType } from "../types/type-names.js";
import type { PgType } from "../types/type.js";
import { requireFree, type ColumnDef, type Draft, type SequenceDef, type TableDef } from "./catalog.js";
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
  return { id: draft.nextId(), name, type, start, increment, min, max, cycle: options.cycle === true, owner };
}

function nextvalOf(sequence: string): Expr {
  return { type: "call", name: "nextval", args: [{ type: "string", value: sequence }] };
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
  const type = serial ?? resolveType(clause.type, (name) => draft.enums.get(name));
  const column: ColumnDef = {
    name: clause.name,
    type,
    notNull: serial !== undefined,
    default: null,
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
      throw unsupported("generated columns");
    default:
      return parts;
  }
}

/** Checks the default and makes the sequence that the column asks for. */
export function finishColumn(draft: Draft, table: TableDef, index: number, parts: ColumnParts): TableDef {
  let { column } = parts;
  if (parts.sequence !== null) {
    const name = parts.sequence.name ?? draft.freeName(`${table.name}_${column.name}_seq`);
    draft.sequences.set(
      name,
      createSequenceDef(draft, name, column.type, parts.sequence, {
        tableId: table.id,
        column: index,
      }),
    );
    column = { ...column, default: nextvalOf(name) };
  }
  compileDefault(column, bareContext(draft.current()));
  return { ...table, columns: table.columns.with(index, column) };
}

/** @returns False when the table was there already and `IF NOT EXISTS` said so. */
export function createTable(draft: Draft, node: CreateTable): boolean {
  const { name, schema } = node.name;
  if (schema !== undefined && schema !== "public") throw unsupported(`the schema ${schema}`);
  if (node.temporary) throw unsupported("temporary tables");
  if (node.ifNotExists && draft.hasRelation(name)) return false;
  requireFree(draft, name);
  const clauses: ColumnClause[] = [];
  const constraints: ConstraintClause[] = [];
  for (const element of node.elements) {
    if (element.kind === "like") throw unsupported("CREATE TABLE ... LIKE");
    if (element.kind === "constraint") constraints.push(element.constraint);
    else clauses.push(element.column);
  }
  const parts = clauses.map((clause) => buildColumn(draft, clause));
  for (const [at, { column }] of parts.entries()) {
    if (parts.findIndex((other) => other.column.name === column.name) !== at) {
      throw new DatabaseError("42701", `column "${column.name}" specified more than once`);
    }
  }
  let table: TableDef = {
    id: draft.nextId(),
    name,
    columns: parts.map((part) => part.column),
    indexes: [],
    checks: [],
    foreignKeys: [],
  };
  for (const [index, part] of parts.entries()) table = finishColumn(draft, table, index, part);
  for (const clause of [...clauses.flatMap((column) => column.constraints), ...constraints]) {
    table = addConstraint(draft, table, clause);
  }
  draft.tables.set(name, table);
  return true;
}
