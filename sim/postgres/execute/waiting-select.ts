/** Columns such as `pg_advisory_lock(1)` and `pg_sleep(1)`, which must wait before they have a value. */
import type { Statement } from "pgsql-ast-parser";
import { voidType } from "../types/builtin.js";
import type { Value } from "../types/value.js";
import { tryCoerce } from "./coerce.js";
import { compile } from "./compile.js";
import type { CompileContext, Env, Wait } from "./env.js";
import { type FunctionDef, functionTable } from "./function-table.js";
import { createEnv, type Outcome, type Plan, type Run } from "./plan.js";
import { compileSelect, selected } from "./select.js";

interface WaitingColumn {
  readonly index: number;
  readonly waits: (values: readonly Value[], env: Env) => Wait | null;
  readonly args: (env: Env) => readonly Value[];
}

/** Columns such as `pg_advisory_lock(1)`, which must wait before they have a value. */
export function findWaitingColumns(node: Statement, context: CompileContext): WaitingColumn[] {
  if (node.type !== "select" || (node.from ?? []).length > 0) return [];
  return (node.columns ?? []).flatMap(({ expr }, index): WaitingColumn[] => {
    if (expr.type !== "call") return [];
    for (const def of functionTable.get(expr.function.name) ?? []) {
      const args = matchArguments(
        def,
        expr.args.map((argument) => compile(argument, context)),
      );
      if (def.wait != null && args !== null) {
        return [{ index, waits: def.wait, args: (env) => args.map((argument) => argument.run(env)) }];
      }
    }
    return [];
  });
}

function matchArguments(
  def: FunctionDef,
  args: readonly ReturnType<typeof compile>[],
): ReturnType<typeof compile>[] | null {
  if (args.length !== def.args.length) return null;
  const converted = args.map((argument, index) =>
    tryCoerce(argument, def.args[index] ?? argument.type, "implicit"),
  );
  return converted.every((argument) => argument !== null) ? converted : null;
}

/** `SELECT pg_advisory_lock(...)` and the like: the wait first, then an empty value in that column. */
export function compileWaiting(
  node: Statement & { type: "select" },
  waiting: readonly WaitingColumn[],
  context: CompileContext,
): Plan {
  const plain = compileSelect(
    {
      ...node,
      columns: (node.columns ?? []).map((column, index) =>
        waiting.some((one) => one.index === index)
          ? {
              alias: column.alias ?? { name: (column.expr as { function: { name: string } }).function.name },
              expr: { type: "cast", operand: { type: "string", value: "" }, to: { name: "text" } },
            }
          : column,
      ),
    },
    context,
  );
  const columns = plain.columns.map((column, index) =>
    waiting.some((one) => one.index === index) ? { ...column, type: voidType } : column,
  );
  return {
    command: "SELECT",
    parameterTypes: [],
    columns,
    tables: [],
    writes: false,
    *run(execution, parameters): Run<Outcome> {
      const env = createEnv(execution, parameters);
      for (const { waits, args } of waiting) {
        const wait = waits(args(env), env);
        if (wait !== null) yield wait;
      }
      return selected(columns, plain.rows(env));
    },
  };
}
