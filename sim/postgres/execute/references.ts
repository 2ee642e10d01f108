/** Names of columns: finding the table they belong to. */
import type { ExprRef } from "pgsql-ast-parser";
import { DatabaseError } from "../database-error.js";
import type { PgType } from "../types/type.js";
import type { Compiled, CompileContext, Scope, ScopeTable } from "./env.js";
import { unsupported } from "./unsupported.js";

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

export function compileRef(ref: ExprRef, context: CompileContext): Compiled {
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
