/** Queries beyond one table, run by pg-mem. */
import type { SelectStatement, Statement } from "pgsql-ast-parser";
import type { CompileContext, CompiledSubquery } from "../execute/env.js";
import type { Plan } from "../execute/plan.js";
import { unsupported } from "../execute/unsupported.js";

export function compileGeneral(node: Statement, context: CompileContext): Plan {
  void context;
  throw unsupported(`the statement ${node.type.toUpperCase()}`);
}

export function compileGeneralSubquery(node: SelectStatement, context: CompileContext): CompiledSubquery {
  void context;
  throw unsupported(`the subquery ${node.type}`);
}
