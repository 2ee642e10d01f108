/** From SQL text to statements. */
import type { Node, RawStmt } from "@pgsql/types";

import type { PgType } from "../types/type.js";
import type { QueryStatement } from "./ast.js";
import { parseTree } from "./parser.js";
import type { SchemaStatement } from "./schema-ast.js";
import { translateQuery, unsupportedStatement, type Source } from "./translate-query.js";
import { translateSchema } from "./translate-schema.js";
import { utilityOf, type UtilityStatement } from "./utility.js";

/**
 * Trees of statements as the parser gives them, as JSON, by the text that it is given.
 *
 * Empty in the sources. The build puts those of the platform's own statements here, because loading the parser and
 * parsing them takes half the time of the first world of a process; see tools/prepared-trees.mjs.
 */
const preparedTrees: ReadonlyMap<string, string> = new Map();

/** One statement of a query text: one of the three is set. */
export interface ParsedStatement {
  /** The text of this statement alone. */
  readonly text: string;
  readonly query: QueryStatement | null;
  readonly schema: SchemaStatement | null;
  readonly utility: UtilityStatement | null;
  /** Highest `$n` in the statement. */
  readonly parameterCount: number;
  /** Types that the client gave to parameters, as far as it did. */
  readonly parameterTypes?: ReadonlyArray<PgType | undefined>;
}

/**
 * Parses every statement of a text.
 *
 * @throws DatabaseError 42601 for wrong SQL; SimError `SIM_UNSUPPORTED` for SQL that is not simulated.
 */
export function parseSql(text: string): ParsedStatement[] {
  return treesOf(text).map((tree) => translateStatement(text, tree));
}

function treesOf(text: string): readonly RawStmt[] {
  const prepared = preparedTrees.get(text);
  if (prepared !== undefined) return JSON.parse(prepared) as RawStmt[];
  if (text.trim() === "") return [];
  return parseTree(text).stmts ?? [];
}

function translateStatement(text: string, tree: RawStmt): ParsedStatement {
  const source = createSource(text);
  const from = source.character(tree.stmt_location ?? 0);
  const to =
    tree.stmt_len === undefined ? text.length : source.character((tree.stmt_location ?? 0) + tree.stmt_len);
  const own = text.slice(from, to).trim();
  if (tree.stmt === undefined) throw new Error("a statement without a tree");
  return { text: own, ...translateNode(tree.stmt, source), parameterCount: source.parameters };
}

/** @throws SimError for a kind of statement that is not simulated. */
function translateNode(node: Node, source: Source): Pick<ParsedStatement, "query" | "schema" | "utility"> {
  const nothing = { query: null, schema: null, utility: null };
  const query = translateQuery(node, source);
  if (query !== null) return { ...nothing, query };
  const utility = utilityOf(node, source);
  if (utility !== null) return { ...nothing, utility };
  const schema = translateSchema(node, source);
  if (schema !== null) return { ...nothing, schema };
  throw unsupportedStatement(node);
}

/** A text of its own whose parameters are noted as its tree is walked. */
function createSource(text: string): Source {
  const isPlain = Buffer.byteLength(text) === text.length;
  return {
    text,
    parameters: 0,
    character: isPlain ? (byte) => byte : (byte) => Buffer.from(text).subarray(0, byte).toString().length,
  };
}

/** Calls `visit` for every node of a tree, parents first. */
export function walkTree(node: unknown, visit: (node: Readonly<Record<string, unknown>>) => void): void {
  if (Array.isArray(node)) {
    for (const item of node) walkTree(item, visit);
  } else if (node !== null && typeof node === "object") {
    visit(node as Readonly<Record<string, unknown>>);
    for (const item of Object.values(node)) walkTree(item, visit);
  }
}
