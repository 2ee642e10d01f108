/** NOT NULL, CHECK and UNIQUE, with the error fields PostgreSQL gives. */
import type { IndexDef, TableDef } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import { isAborted, isActive, isCommitted, replacedBy, type Tuple } from "../storage/heap.js";
import { boolType } from "../types/builtin.js";
import type { Row, Value } from "../types/value.js";
import { asCondition } from "./coerce.js";
import { compile } from "./compile.js";
import type { CompileContext, Compiled, Env, Execution, Run } from "./execution-context.js";
import { scopeTableOf } from "./scan.js";

/** `(1, a, null)`, as details show a row. */
function printRow(table: TableDef, row: Row): string {
  const shown = table.columns.flatMap((column, index) => {
    if (column.dropped) return [];
    const value = row[index] ?? null;
    const text = value === null ? "null" : column.type.print(value);
    return [text.length > 64 ? `${text.slice(0, 64)}...` : text];
  });
  return `(${shown.join(", ")})`;
}

export function printKey(index: IndexDef, row: Row): string {
  const parts = index
    .partsOf(row)
    .map((value: Value, at) => (value === null ? "null" : (index.types[at]?.print(value) ?? "")));
  return `(${index.keyText})=(${parts.join(", ")})`;
}

export type RowCheck = (row: Row, env: Env) => void;

/** Compiles the checks of one table that need no other row. */
export function compileRowChecks(table: TableDef, context: CompileContext): RowCheck {
  const place = 0;
  const scope = { tables: [scopeTableOf(table, table.name, place)], outer: null };
  const inner: CompileContext = { ...context, scope, aggregates: null, subquery: null, parameters: [] };
  const checks = table.checks.map((check): { name: string; condition: Compiled } => ({
    name: check.name,
    condition: asCondition(compile(check.expression, inner), boolType, "CHECK"),
  }));
  const required = table.columns.flatMap((column, index) =>
    column.notNull && !column.dropped ? [{ column, index }] : [],
  );
  return (row, env) => {
    for (const { column, index } of required) {
      if ((row[index] ?? null) !== null) continue;
      throw new DatabaseError(
        "23502",
        `null value in column "${column.name}" of relation "${table.name}" violates not-null constraint`,
        {
          detail: `Failing row contains ${printRow(table, row)}.`,
          schema: "public",
          table: table.name,
          column: column.name,
        },
      );
    }
    if (checks.length === 0) return;
    const checkEnv: Env = { ...env, rows: [row] };
    for (const { name, condition } of checks) {
      if (condition.run(checkEnv) !== false) continue;
      throw new DatabaseError(
        "23514",
        `new row for relation "${table.name}" violates check constraint "${name}"`,
        {
          detail: `Failing row contains ${printRow(table, row)}.`,
          schema: "public",
          table: table.name,
          constraint: name,
        },
      );
    }
  };
}

export function duplicateKey(table: TableDef, index: IndexDef, row: Row): DatabaseError {
  return new DatabaseError("23505", `duplicate key value violates unique constraint "${index.name}"`, {
    detail: `Key ${printKey(index, row)} already exists.`,
    schema: "public",
    table: table.name,
    constraint: index.name,
  });
}

/**
 * The live row that has the key already, after waiting for whoever is about to write or delete one.
 */
export function* findDuplicate(
  execution: Execution,
  table: TableDef,
  index: IndexDef,
  row: Row,
): Run<Tuple | null> {
  const key = index.keyOf(row);
  if (key === null) return null;
  const self = execution.xact.top;
  const heap = execution.runtime.heap(table.id);
  search: for (;;) {
    for (const tuple of heap.lookup(index, key)) {
      if (isAborted(tuple.xmin)) continue;
      if (tuple.xmin.top !== self && isActive(tuple.xmin)) {
        const wait = execution.waitForEnd(tuple.xmin);
        if (wait !== null) yield { kind: "lock", wait };
        continue search;
      }
      const writer = replacedBy(tuple);
      if (writer === null) {
        execution.runtime.noteDuplicate(index, key);
        return tuple;
      }
      if (writer.top === self || isCommitted(writer)) continue;
      const wait = execution.waitForEnd(writer);
      if (wait !== null) yield { kind: "lock", wait };
      continue search;
    }
    return null;
  }
}
