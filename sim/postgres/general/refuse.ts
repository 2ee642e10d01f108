/** What pg-mem is known to get wrong, and is therefore never asked. */
import type { SelectStatement } from "pgsql-ast-parser";
import { unsupported } from "../execute/unsupported.js";
import { walkTree } from "../sql/parse.js";

/** Operators and functions on which pg-mem agrees with PostgreSQL for the types allowed. */
const operators = new Set([
  "=",
  "!=",
  "<",
  "<=",
  ">",
  ">=",
  "AND",
  "OR",
  "IN",
  "NOT IN",
  "+",
  "-",
  "*",
  "LIKE",
  "NOT LIKE",
  "||",
]);

const functions = new Set(["count", "sum", "min", "max", "coalesce", "lower", "upper"]);

export const columnTypes = new Set([16, 21, 23, 20, 701, 25, 1043, 2950, 1184, 1114, 3802]);

export function refuseLies(node: SelectStatement): void {
  walkTree(node, (part) => {
    const type = part["type"];
    if (type === "binary" && !operators.has(String(part["op"])))
      throw unsupported(`the operator ${String(part["op"])} in a query of several tables`);
    if (type === "call") {
      const { name } = part["function"] as { name: string };
      if (!functions.has(name)) throw unsupported(`the function ${name} in a query of several tables`);
      if (part["filter"]) throw unsupported("FILTER in a query of several tables");
    }
    if (
      type === "case" ||
      type === "cast" ||
      type === "member" ||
      type === "keyword" ||
      type === "arrayIndex"
    ) {
      throw unsupported(`${type} expressions in a query of several tables`);
    }
    if (part["for"] !== undefined && type === "select")
      throw unsupported("row locks in a query of several tables");
  });
}
