/** Defaults of columns. */
import type { ColumnDef } from "../catalog/catalog.js";
import { assignTo, constantOf } from "./coerce.js";
import { compile } from "./compile.js";
import type { Compiled, CompileContext } from "./execution-context.js";

/** Compiles the default of a column; null when it has none. */
export function compileDefault(column: ColumnDef, context: CompileContext): Compiled {
  if (column.default === null) return constantOf(column.type, null);
  const inner: CompileContext = { ...context, scope: { tables: [], outer: null }, subquery: null };
  return assignTo(compile(column.default, inner), column.type, column.name);
}
