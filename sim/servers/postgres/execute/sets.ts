/** The `SET` list of `UPDATE` and `DO UPDATE`. */
import type { SetStatement } from "pgsql-ast-parser";
import type { TableDef } from "../catalog/catalog.js";
import { DatabaseError } from "../database-error.js";
import { assignTo } from "./coerce.js";
import { compile } from "./compile.js";
import type { Compiled, CompileContext } from "./execution-context.js";
import { compileDefault } from "./default.js";

export interface Assignment {
  readonly index: number;
  readonly value: Compiled;
}

/** @throws DatabaseError 42703, 42601, 42804, 428C9 */
export function compileSets(
  sets: readonly SetStatement[],
  table: TableDef,
  context: CompileContext,
): Assignment[] {
  const assignments = sets.map(({ column, value }): Assignment => {
    const index = table.columns.findIndex(
      (candidate) => candidate.name === column.name && !candidate.dropped,
    );
    const target = table.columns[index];
    if (target === undefined) {
      throw new DatabaseError("42703", `column "${column.name}" of relation "${table.name}" does not exist`);
    }
    if (value.type === "default") return { index, value: compileDefault(target, context) };
    if (target.identity === "always") {
      throw new DatabaseError("428C9", `column "${target.name}" can only be updated to DEFAULT`, {
        detail: `Column "${target.name}" is an identity column defined as GENERATED ALWAYS.`,
      });
    }
    return { index, value: assignTo(compile(value, context), target.type, target.name) };
  });
  for (const [at, { index }] of assignments.entries()) {
    if (assignments.findIndex((other) => other.index === index) !== at) {
      throw new DatabaseError(
        "42601",
        `multiple assignments to same column "${table.columns[index]?.name ?? ""}"`,
      );
    }
  }
  return assignments;
}
