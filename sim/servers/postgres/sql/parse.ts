/** From SQL text to statements: tokens first, then the parser library with the literals kept aside. */
import type * as SqlParser from "pgsql-ast-parser";
import type { Statement } from "pgsql-ast-parser";

import { SimError } from "../../../errors.js";
import { loadPackage } from "../../../shared/load-package.js";
import { splitStatements, syntaxError, tokenize, type Token } from "./lexer.js";
import { parseUtility, type UtilityStatement } from "./utility.js";

/**
 * Trees of statements as the parser library gives them, as JSON, by the text that it is given.
 *
 * Empty in the sources. The build puts those of the platform's own statements here, because parsing them takes half
 * the time of the first world of a process; see tools/prepared-trees.mjs.
 */
const preparedTrees: ReadonlyMap<string, string> = new Map();

/** One statement of a query text. */
export interface ParsedStatement {
  readonly utility: UtilityStatement | null;
  readonly ast: Statement | null;
  /** Highest `$n` in the text. */
  readonly parameterCount: number;
}

interface Literal {
  readonly kind: "string" | "number";
  readonly text: string;
}

const mark = "\u0001";

/** Puts the literals back in the tree: strings decoded, numbers as their digits in a `numeric` node. */
function restoreLiterals(node: unknown, literals: readonly Literal[]): void {
  if (node === null || typeof node !== "object") return;
  const fields = node as Record<string, unknown>;
  for (const [name, value] of Object.entries(fields)) {
    if (typeof value !== "string" || !value.startsWith(mark)) restoreLiterals(value, literals);
    else {
      const literal = literals[Number(value.slice(1))];
      fields[name] = literal?.text ?? value;
      if (literal?.kind === "number") fields["type"] = "numeric";
    }
  }
}

// Places where the grammar wants a bare number instead of an expression: lengths of types and the like.
function isBareNumber(tokens: readonly Token[], index: number): boolean {
  const token = tokens[index];
  if (token === undefined || !/^\d{1,9}$/.test(token.text)) return false;
  return true;
}

function quoteName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function isWord(token: Token | undefined, ...texts: string[]): boolean {
  return token?.kind === "word" && texts.includes(token.text);
}

/**
 * Words that the library does not understand, turned into ones it does:
 * `IS [NOT] DISTINCT FROM` becomes an operator nobody uses otherwise, `position(a IN b)` loses its keyword,
 * `DEFAULT VALUES` becomes an empty row, and so on. Returns how many tokens were eaten.
 */
function rewrite(tokens: readonly Token[], at: number, out: string[]): number {
  const [first, second, third, fourth] = tokens.slice(at, at + 4);
  const replaced = (text: string, eaten: number): number => {
    out.push(text);
    return eaten;
  };
  if (isWord(first, "is")) {
    if (isWord(second, "distinct") && isWord(third, "from")) return replaced("!~*", 3);
    if (isWord(second, "not") && isWord(third, "distinct") && isWord(fourth, "from"))
      return replaced("@@", 4);
  }
  if (first?.kind === "operator" && first.text === "#>") return replaced("#-", 1);
  if (isWord(first, "references")) return rewriteReference(tokens, at, out);
  if (isWord(first, "default") && isWord(second, "values")) return replaced("values (default)", 2);
  if (isWord(first, "as") && isWord(second, "materialized")) return replaced("as", 2);
  if (isWord(first, "as") && isWord(second, "not") && isWord(third, "materialized")) return replaced("as", 3);
  if (isWord(first, "not", "initially") && isWord(second, "deferrable", "immediate")) return 2;
  return 0;
}

/** The library wants the columns of a reference; {@link primaryKeyMark} stands for leaving them out. */
function rewriteReference(tokens: readonly Token[], at: number, out: string[]): number {
  const isPoint = (token: Token | undefined): boolean => token?.kind === "operator" && token.text === ".";
  const length = isPoint(tokens[at + 2]) ? 4 : 2;
  const name = tokens.slice(at + 1, at + length);
  out.push(
    "references",
    name.map((token) => (token.kind === "quoted" ? quoteName(token.text) : token.text)).join(""),
  );
  const next = tokens[at + length];
  if (next === undefined || next.kind !== "operator" || next.text !== "(") out.push(`("${primaryKeyMark}")`);
  return length;
}

/** Column name that stands for the primary key of the table it belongs to. */
export const primaryKeyMark = "\u0002primary key";

function rebuild(tokens: readonly Token[], literals: Literal[]): string {
  const out: string[] = [];
  for (let at = 0; at < tokens.length;) {
    const eaten = rewrite(tokens, at, out);
    at += eaten;
    if (eaten > 0) continue;
    const token = tokens[at];
    if (token === undefined) break;
    if (token.kind === "string" || (token.kind === "number" && !isBareNumber(tokens, at))) {
      literals.push({ kind: token.kind, text: token.text });
      out.push(`'${mark}${literals.length - 1}'`);
    } else if (token.text === "-" && /^->>?$/.test(out.at(-1) ?? "") && tokens[at + 1]?.kind === "number") {
      out.push(`-${tokens[at + 1]?.text ?? ""}`);
      at += 1;
    } else if (token.kind === "quoted") out.push(quoteName(token.text));
    else if (token.kind === "operator" && ["@@", "!~*", "#-"].includes(token.text)) {
      throw unsupportedSyntax(`operator ${token.text}`);
    } else out.push(token.text === "!=" ? "<>" : token.text);
    at += 1;
  }
  return out.join(" ");
}

function unsupportedSyntax(what: string): SimError {
  return new SimError(
    "SIM_UNSUPPORTED",
    `The simulated PostgreSQL does not understand this SQL: ${what}.`,
    "Rewrite the statement with the supported forms, or run this test against a real server.",
  );
}

/** What the library cannot parse although PostgreSQL can; telling them apart from typing errors. */
export const knownGaps: ReadonlyArray<readonly [RegExp, string]> = [
  [/\bmerge\s+into\b/i, "MERGE"],
  [/\bgrouping\s+sets\b|\brollup\b|\bcube\b/i, "GROUPING SETS"],
  [/\bwindow\b/i, "WINDOW"],
  [/\bnatural\b/i, "NATURAL JOIN"],
  [/\bwith\s+recursive\b/i, "WITH RECURSIVE"],
  [/\bintersect\b|\bexcept\b/i, "INTERSECT or EXCEPT"],
  [/\bcollate\b/i, "COLLATE"],
  [/\brow\s*\(/i, "ROW()"],
  [/\btablesample\b/i, "TABLESAMPLE"],
  [/\bfetch\b|\bcursor\b|\bmove\b/i, "cursors and FETCH"],
  [/\bexplain\b/i, "EXPLAIN"],
  [/\bcopy\b/i, "COPY"],
  [/\bvacuum\b|\banalyze\b|\bcluster\b|\breindex\b/i, "maintenance commands"],
  [/\bgrant\b|\brevoke\b|\bcreate\s+(user|role)\b/i, "roles and privileges"],
  [
    /\btrigger\b|\bcreate\s+(or\s+replace\s+)?(function|procedure|rule|policy|domain|operator)\b/i,
    "server-side programs",
  ],
  [/\bpartition\b/i, "partitions"],
  [/\bexclude\b/i, "EXCLUDE constraints"],
  [/\bdeferrable\b|\binitially\b/i, "deferrable constraints"],
  [/\binclude\s*\(/i, "INCLUDE columns"],
  [/\bfor\s+(no\s+key\s+)?(update|share|key\s+share)\s+of\b/i, "FOR UPDATE OF"],
  [/\boverlaps\b|\bsimilar\s+to\b/i, "OVERLAPS or SIMILAR TO"],
];

function treesOf(text: string): Statement[] {
  const prepared = preparedTrees.get(text);
  if (prepared !== undefined) return JSON.parse(prepared) as Statement[];
  return (loadPackage("pgsql-ast-parser") as typeof SqlParser).parse(text);
}

function parseOne(source: string, tokens: readonly Token[]): ParsedStatement {
  const parameterCount = Math.max(
    0,
    ...tokens.map((token) => (token.kind === "parameter" ? Number(token.text.slice(1)) : 0)),
  );
  const utility = parseUtility(source, tokens);
  if (utility !== null) return { utility, ast: null, parameterCount };
  const predicate = findConflictPredicate(tokens);
  const literals: Literal[] = [];
  const kept =
    predicate === null ? tokens : [...tokens.slice(0, predicate.from), ...tokens.slice(predicate.to)];
  const text = rebuild(kept, literals);
  try {
    const [ast, ...rest] = treesOf(text);
    if (ast === undefined || rest.length > 0) throw unsupportedSyntax(text);
    if (predicate !== null)
      attachPredicate(
        ast,
        treesOf(`select ${rebuild(tokens.slice(predicate.from + 1, predicate.to), literals)}`)[0],
      );
    restoreLiterals(ast, literals);
    return { utility: null, ast, parameterCount };
  } catch (error) {
    if (error instanceof SimError) throw error;
    throw explainFailure(source, tokens, error);
  }
}

/** The `WHERE` between a conflict target and its `DO`, which the library does not know. */
function findConflictPredicate(
  tokens: readonly Token[],
): { readonly from: number; readonly to: number } | null {
  const start = tokens.findIndex(
    (token, index) => isWord(token, "on") && isWord(tokens[index + 1], "conflict"),
  );
  if (start < 0) return null;
  const to = tokens.findIndex(
    (token, index) => index > start && isWord(token, "do") && isWord(tokens[index + 1], "nothing", "update"),
  );
  const from = tokens.findIndex((token, index) => index > start && index < to && isWord(token, "where"));
  return from < 0 ? null : { from, to };
}

function attachPredicate(ast: Statement, select: Statement | undefined): void {
  if (ast.type !== "insert" || select?.type !== "select") return;
  Object.assign(ast, { conflictPredicate: select.columns?.[0]?.expr });
}

function explainFailure(source: string, tokens: readonly Token[], error: unknown): Error {
  const start = tokens[0]?.start ?? 0;
  const text = source.slice(start, tokens.at(-1)?.end);
  const gap = knownGaps.find(([pattern]) => pattern.test(text));
  if (gap !== undefined) return unsupportedSyntax(gap[1]);
  if (error instanceof Error && error.message.includes("Ambiguous")) return unsupportedSyntax(text);
  const [first] = tokens;
  if (first !== undefined && !statementWords.has(first.text)) return syntaxError(source, first.start);
  return syntaxError(source, failedAt(error, tokens, source));
}

const statementWords = new Set([
  "select",
  "insert",
  "update",
  "delete",
  "with",
  "values",
  "create",
  "alter",
  "drop",
  "truncate",
  "comment",
  "do",
  "(",
]);

/** The library says at which token it stopped; count the same token in the source. */
function failedAt(error: unknown, tokens: readonly Token[], source: string): number {
  const offset = (error as { offset?: unknown; token?: { offset?: number } }).token?.offset;
  if (offset === undefined) return source.length;
  let length = 0;
  const literals: Literal[] = [];
  for (const [index, token] of tokens.entries()) {
    length = rebuild(tokens.slice(0, index + 1), literals).length;
    literals.length = 0;
    if (length > offset) return token.start;
  }
  return source.length;
}

/**
 * Parses every statement of a text.
 *
 * @throws DatabaseError 42601 for wrong SQL; SimError `SIM_UNSUPPORTED` for SQL that is not simulated.
 */
export function parseSql(source: string): ParsedStatement[] {
  return splitStatements(tokenize(source)).map((tokens) => parseOne(source, tokens));
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
