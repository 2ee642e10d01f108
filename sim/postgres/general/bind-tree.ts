/** Prepares a tree for pg-mem: table names become those of the mirror, parameters and literals become constants. */
import type { Catalog } from "../catalog/catalog.js";
import { unsupported } from "../execute/unsupported.js";
import { textType } from "../types/builtin.js";
import type { PgType } from "../types/type.js";
import type { Value } from "../types/value.js";

type Node = Record<string, unknown>;

/** A constant as pg-mem's parser would have made it. */
function constant(value: Value, type: PgType): Node {
  if (value === null) return { type: "null" };
  if (typeof value === "boolean") return { type: "boolean", value };
  if (typeof value === "bigint" || (typeof value === "number" && type.category === "number")) {
    const number = Number(value);
    if (!Number.isSafeInteger(number)) return { type: "numeric", value: number };
    return { type: "integer", value: number };
  }
  return { type: "string", value: type.print(value) };
}

function plainNumber(text: string): Node {
  const value = Number(text);
  if (!/^-?\d+$/.test(text) || !Number.isSafeInteger(value))
    throw unsupported(`the number ${text} in a query of several tables`);
  return { type: "integer", value };
}

/** Copies a tree, handing each node to `change` first; a node it returns takes the place. */
function copy(node: unknown, change: (node: Node) => Node | null): unknown {
  if (Array.isArray(node)) return node.map((item) => copy(item, change));
  if (node === null || typeof node !== "object") return node;
  const own = node as Node;
  const changed = change(own);
  if (changed !== null) return changed;
  return Object.fromEntries(Object.entries(own).map(([key, value]) => [key, copy(value, change)]));
}

/** @returns A function from parameter values to the tree to run; without parameters always the same tree. */
export function bindTree(
  root: unknown,
  catalog: Catalog,
  types: ReadonlyArray<PgType | undefined>,
): (parameters: readonly Value[]) => unknown {
  const shared = new Set<string>();
  const collect = (node: unknown): void => {
    if (node === null || typeof node !== "object") return;
    const own = node as Node;
    if (own["type"] === "with")
      for (const { alias } of own["bind"] as Array<{ alias: { name: string } }>) shared.add(alias.name);
    for (const value of Object.values(own)) collect(value);
  };
  collect(root);
  let hasParameters = false;
  const mirrored = copy(root, (node) => {
    if (node["type"] === "parameter") hasParameters = true;
    if (node["type"] === "numeric") return plainNumber(String(node["value"]));
    if (node["type"] !== "table") return null;
    const name = node["name"] as { name: string; alias?: string };
    const table = shared.has(name.name) ? undefined : catalog.tables.get(name.name);
    if (table === undefined) return null;
    const join = node["join"] === undefined ? {} : { join: bindJoin(node["join"]) };
    return { type: "table", name: { name: `t${table.id}`, alias: name.alias ?? name.name }, ...join };
  });
  function bindJoin(join: unknown): unknown {
    return copy(join, (node) => {
      if (node["type"] === "parameter") hasParameters = true;
      return node["type"] === "numeric" ? plainNumber(String(node["value"])) : null;
    });
  }
  if (!hasParameters) return () => mirrored;
  return (parameters) =>
    copy(mirrored, (node) => {
      if (node["type"] !== "parameter") return null;
      const index = Number(String(node["name"]).slice(1)) - 1;
      return constant(parameters[index] ?? null, types[index] ?? textType);
    });
}
