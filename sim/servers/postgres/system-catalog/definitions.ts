/** Constraints, indexes and types as SQL text: what `pg_get_constraintdef` and its kin print. */
import type { Catalog, ForeignKeyDef, IndexDef, TableDef } from "../catalog/catalog.js";
import { printExpression, type ColumnTypes } from "../sql/deparse.js";
import { quoteIdentifier as quoteName } from "../types/catalog-names.js";

function columnTypes(table: TableDef): ColumnTypes {
  return new Map(table.columns.map(({ name, type }) => [name, type.name]));
}

/** A name with its schema where the search path does not lead to it. */
function shownName(
  catalog: Pick<Catalog, "searchPath">,
  { schema, name }: { readonly schema: string; readonly name: string },
): string {
  return catalog.searchPath.includes(schema) ? quoteName(name) : `${quoteName(schema)}.${quoteName(name)}`;
}

function columnList(table: TableDef | undefined, columns: readonly (number | null)[]): string {
  return columns.map((column) => quoteName(table?.columns[column ?? 0]?.name ?? "")).join(", ");
}

const actions = {
  "no action": "",
  restrict: "RESTRICT",
  cascade: "CASCADE",
  "set null": "SET NULL",
  "set default": "SET DEFAULT",
} as const;

export function foreignKeyDefinition(catalog: Catalog, table: TableDef, key: ForeignKeyDef): string {
  const parent = catalog.tablesById.get(key.parentId);
  const name = parent === undefined ? "" : shownName(catalog, parent);
  const onUpdate = key.onUpdate === "no action" ? "" : ` ON UPDATE ${actions[key.onUpdate]}`;
  const onDelete = key.onDelete === "no action" ? "" : ` ON DELETE ${actions[key.onDelete]}`;
  const valid = key.validated ? "" : " NOT VALID";
  return `FOREIGN KEY (${columnList(table, key.columns)}) REFERENCES ${name}(${columnList(parent, key.parentColumns)})${onUpdate}${onDelete}${valid}`;
}

export function uniqueDefinition(table: TableDef, index: IndexDef): string {
  return `${index.constraint === "primary key" ? "PRIMARY KEY" : "UNIQUE"} (${columnList(table, index.columns)})`;
}

export function checkDefinition(table: TableDef, check: TableDef["checks"][number]): string {
  return `CHECK (${printExpression(check.expression, columnTypes(table))})${check.validated ? "" : " NOT VALID"}`;
}

function keyText(table: TableDef, index: IndexDef, at: number): string {
  const column = index.columns[at];
  const expression = index.expressions[at];
  if (column !== null && column !== undefined) return quoteName(table.columns[column]?.name ?? "");
  if (expression === undefined) return "";
  const text = printExpression(expression, columnTypes(table));
  return expression.type === "call" ? text : `(${text})`;
}

/** One key of an index, from 1, or the whole statement for 0. */
export function indexDefinition(table: TableDef, index: IndexDef, key = 0): string {
  if (key > 0) return keyText(table, index, key - 1);
  const keys = index.columns.map((_, at) => keyText(table, index, at)).join(", ");
  const where = index.where === null ? "" : ` WHERE ${printExpression(index.where, columnTypes(table))}`;
  return `CREATE ${index.unique ? "UNIQUE " : ""}INDEX ${quoteName(index.name)} ON ${quoteName(table.schema)}.${quoteName(table.name)} USING btree (${keys})${where}`;
}

export function defaultText(table: TableDef, at: number): string | null {
  const column = table.columns[at];
  if (column === undefined || column.identity !== null) return null;
  const expression = column.generated ?? column.default;
  return expression === null ? null : printExpression(expression, columnTypes(table), column.type.name);
}
