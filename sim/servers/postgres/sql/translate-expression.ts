/** Expressions of PostgreSQL's parser as expressions of ours. */
import type {
  A_Const,
  A_Expr,
  FuncCall,
  Node,
  ParamRef,
  SortBy,
  SQLValueFunction,
  SubLink,
  TypeName as RawTypeName,
  WindowDef,
} from "@pgsql/types";

import { DatabaseError } from "../database-error.js";
import { unsupported } from "../execute/execution-context.js";
import type {
  Call,
  Expr,
  FrameBound,
  Literal,
  OrderBy,
  QualifiedName,
  Query,
  Reference,
  TypeName,
  WindowDefinition,
  WindowFrame,
} from "./ast.js";

/** The text that a tree came from. */
export interface Source {
  readonly text: string;
  /** Highest `$n` met so far. */
  parameters: number;
  /** From the parser's place in bytes to ours in characters. */
  character(byte: number): number;
}

export interface Translator {
  readonly source: Source;
  query(node: Node): Query;
}

/** The only field of a node, and its name: `["A_Const", {...}]`. */
export function unwrap(node: Node): readonly [kind: string, fields: Readonly<Record<string, never>>] {
  const [entry] = Object.entries(node);
  if (entry === undefined) throw new Error("an empty node of the parser");
  return entry as [string, Record<string, never>];
}

export function textOf(node: Node | undefined): string {
  return (node as { String?: { sval?: string } } | undefined)?.String?.sval ?? "";
}

/** `a.b` with at most one schema. @throws SimError for a name with a database before it. */
export function nameOf(parts: readonly Node[] | undefined): QualifiedName {
  const texts = (parts ?? []).map(textOf);
  const name = texts.at(-1) ?? "";
  if (texts.length > 2)
    throw new DatabaseError("0A000", `cross-database references are not implemented: ${texts.join(".")}`);
  return texts.length === 2 ? { schema: texts[0] ?? "", name } : { name };
}

/** What PostgreSQL 15 does not know, though the parser does. @throws DatabaseError 42601 */
export function newerSyntax(source: Source, location: number | undefined): DatabaseError {
  const at = source.character(location ?? 0);
  const word = /^(?:\w+|"[^"]*"|.)/su.exec(source.text.slice(at))?.[0] ?? "";
  return new DatabaseError("42601", `syntax error at or near "${word}"`, { position: String(at + 1) });
}

export function translateType(type: RawTypeName | undefined, source: Source): TypeName {
  if (type === undefined) throw new Error("a type without a name");
  if (type.setof === true) throw unsupported("SETOF here");
  if (type.pct_type === true) throw unsupported("%TYPE here");
  const { schema, name } = nameOf(type.names);
  const modifiers = (type.typmods ?? []).map((node) => {
    const constant = (node as { A_Const?: A_Const }).A_Const;
    if (constant?.ival === undefined)
      throw new DatabaseError("42601", "type modifiers must be simple constants or identifiers");
    return constant.ival.ival ?? 0;
  });
  const arrayDepth = type.arrayBounds?.length ?? 0;
  const isInterval = name === "interval" && modifiers.length > 0;
  const ownModifiers = isInterval ? modifiers.slice(1) : modifiers;
  return {
    name,
    ...(schema === undefined || schema === "pg_catalog" ? {} : { schema }),
    ...(ownModifiers.length === 0 ? {} : { modifiers: ownModifiers }),
    ...(arrayDepth === 0 ? {} : { arrayDepth }),
    // 32767 stands for all fields.
    ...(isInterval && modifiers[0] !== 32_767 ? { intervalFields: modifiers[0] ?? 0 } : {}),
    ...at(source, type.location),
  };
}

export function at(source: Source, location: number | undefined): { readonly at?: number } {
  return location === undefined || location < 0 ? {} : { at: source.character(location) };
}

function translateConstant(node: A_Const, source: Source): Literal {
  const place = at(source, node.location ?? 0);
  if (node.isnull === true) return { type: "null", ...place };
  if (node.boolval !== undefined) return { type: "boolean", value: node.boolval.boolval === true, ...place };
  if (node.ival !== undefined) return number(String(node.ival.ival ?? 0), source, place);
  if (node.fval !== undefined) return number(node.fval.fval ?? "0", source, place);
  if (node.bsval !== undefined) return { type: "bits", value: node.bsval.bsval ?? "", ...place };
  return { type: "string", value: node.sval?.sval ?? "", ...place };
}

/** Numbers such as `0x1f` and `1_000` came with PostgreSQL 16. */
function number(value: string, source: Source, place: { readonly at?: number }): Literal {
  const start = place.at ?? 0;
  const written = /^\d\w*/.exec(source.text.slice(start))?.[0] ?? "";
  if (/^0[xob]|_/i.test(written) && !/e/i.test(written.replace(/^0x\w*/i, "x"))) {
    const kept = /^\d+/.exec(written)?.[0] ?? "";
    const shown = written.slice(0, kept.length + 1);
    throw new DatabaseError("42601", `trailing junk after numeric literal at or near "${shown}"`, {
      position: String(start + 1),
    });
  }
  return { type: "number", value, ...place };
}

const keywords: Readonly<Record<string, string>> = {
  SVFOP_CURRENT_DATE: "current_date",
  SVFOP_CURRENT_TIME: "current_time",
  SVFOP_CURRENT_TIME_N: "current_time",
  SVFOP_CURRENT_TIMESTAMP: "current_timestamp",
  SVFOP_CURRENT_TIMESTAMP_N: "current_timestamp",
  SVFOP_LOCALTIME: "localtime",
  SVFOP_LOCALTIME_N: "localtime",
  SVFOP_LOCALTIMESTAMP: "localtimestamp",
  SVFOP_LOCALTIMESTAMP_N: "localtimestamp",
  SVFOP_CURRENT_ROLE: "current_role",
  SVFOP_CURRENT_USER: "current_user",
  SVFOP_USER: "user",
  SVFOP_SESSION_USER: "session_user",
  SVFOP_CURRENT_CATALOG: "current_catalog",
  SVFOP_CURRENT_SCHEMA: "current_schema",
};

const patterns: Readonly<Record<string, string>> = {
  "~~": "LIKE",
  "!~~": "NOT LIKE",
  "~~*": "ILIKE",
  "!~~*": "NOT ILIKE",
};

/** `OPERATOR(pg_catalog.+)` is `+`. */
function operatorOf(parts: readonly Node[] | undefined): string {
  const { schema, name } = nameOf(parts);
  if (schema !== undefined && schema !== "pg_catalog") throw unsupported(`operators of the schema ${schema}`);
  return patterns[name] ?? name;
}

function listOf(node: Node | undefined): readonly Node[] {
  return (node as { List?: { items?: Node[] } } | undefined)?.List?.items ?? [];
}

/** @throws SimError for an expression that is not simulated. */
export function translateExpression(node: Node, translator: Translator): Expr {
  const { source } = translator;
  const [kind, fields] = unwrap(node);
  const translate = (inner: Node | undefined): Expr => {
    if (inner === undefined) throw new Error(`${kind} without a part`);
    return translateExpression(inner, translator);
  };
  const all = (inner: readonly Node[] | undefined): Expr[] => (inner ?? []).map(translate);
  const own = fields as Readonly<Record<string, unknown>>;
  const place = at(source, (own["location"] as number | undefined) ?? 0);
  const call = (name: string, args: readonly Expr[]): Call => ({ type: "call", name, args, ...place });
  switch (kind) {
    case "A_Const":
      return translateConstant(fields, source);
    case "ColumnRef":
      return translateReference(own["fields"] as Node[], place);
    case "ParamRef": {
      const { number: place15 = 0 } = fields as ParamRef;
      if (place15 === 0 || place15 > 65_535)
        throw new DatabaseError("42P02", `there is no parameter $${place15}`, {
          position: String((place.at ?? 0) + 1),
        });
      source.parameters = Math.max(source.parameters, place15);
      return { type: "parameter", number: place15, ...place };
    }
    case "A_Expr":
      return translateOperator(fields, place, translator);
    case "BoolExpr": {
      const operands = all(own["args"] as Node[]);
      if (own["boolop"] === "NOT_EXPR") return { type: "not", operand: operands[0] as Expr, ...place };
      return { type: "logic", op: own["boolop"] === "OR_EXPR" ? "or" : "and", operands, ...place };
    }
    case "NullTest":
      return {
        type: "test",
        test: "null",
        negate: own["nulltesttype"] === "IS_NOT_NULL",
        operand: translate(own["arg"] as Node),
        ...place,
      };
    case "BooleanTest": {
      const [, negate, test = ""] = /^IS_(NOT_)?(\w+)$/.exec(own["booltesttype"] as string) ?? [];
      return {
        type: "test",
        test: test.toLowerCase() as "true",
        negate: negate !== undefined,
        operand: translate(own["arg"] as Node),
        ...place,
      };
    }
    case "SubLink":
      return translateSubLink(fields, place, translator);
    case "TypeCast":
      return {
        type: "cast",
        operand: translate(own["arg"] as Node),
        to: translateType(own["typeName"] as RawTypeName, source),
        ...place,
      };
    case "CaseExpr":
      return {
        type: "case",
        value: own["arg"] === undefined ? null : translate(own["arg"] as Node),
        whens: (own["args"] as Array<{ CaseWhen: { expr: Node; result: Node } }>).map(({ CaseWhen }) => ({
          when: translate(CaseWhen.expr),
          // eslint-disable-next-line unicorn/no-thenable -- the word of SQL
          then: translate(CaseWhen.result),
        })),
        otherwise: own["defresult"] === undefined ? null : translate(own["defresult"] as Node),
        ...place,
      };
    case "CoalesceExpr":
      return call("coalesce", all(own["args"] as Node[]));
    case "MinMaxExpr":
      return call(own["op"] === "IS_LEAST" ? "least" : "greatest", all(own["args"] as Node[]));
    case "SQLValueFunction": {
      const { op, typmod } = fields as SQLValueFunction;
      const precision =
        typmod === undefined || typmod < 0 || !String(op).endsWith("_N") ? {} : { precision: typmod };
      return { type: "keyword", keyword: keywords[String(op)] ?? String(op), ...precision, ...place };
    }
    case "FuncCall":
      return translateCall(fields, translator);
    case "NamedArgExpr":
      return translate(own["arg"] as Node);
    case "RowExpr":
      return { type: "row", items: all(own["args"] as Node[]), ...place };
    case "A_ArrayExpr":
      return { type: "array", items: all(own["elements"] as Node[]), ...place };
    case "A_Indirection":
      return (own["indirection"] as Node[]).reduce<Expr>(
        (operand, step) => translateStep(operand, step, place, translator),
        translate(own["arg"] as Node),
      );
    case "CollateClause":
      return {
        type: "collate",
        operand: translate(own["arg"] as Node),
        collation: nameOf(own["collname"] as Node[]).name,
        ...place,
      };
    case "GroupingFunc":
      return { type: "grouping", args: all(own["args"] as Node[]), ...place };
    case "SetToDefault":
      return { type: "default", ...place };
    case "JsonIsPredicate":
    case "JsonObjectConstructor":
    case "JsonArrayConstructor":
    case "JsonArrayQueryConstructor":
    case "JsonParseExpr":
    case "JsonScalarExpr":
    case "JsonSerializeExpr":
    case "JsonFuncExpr":
    case "JsonObjectAgg":
    case "JsonArrayAgg":
    case "MergeSupportFunc":
      throw newerSyntax(source, own["location"] as number);
    case "CurrentOfExpr":
      throw unsupported("WHERE CURRENT OF");
    case "XmlExpr":
    case "XmlSerialize":
      throw unsupported("XML");
    default:
      throw unsupported(`the expression ${kind}`);
  }
}

function translateReference(parts: readonly Node[], place: { readonly at?: number }): Expr {
  const isStar = (part: Node | undefined): boolean => part !== undefined && "A_Star" in part;
  const names = parts.map((part) => (isStar(part) ? "*" : textOf(part)));
  const name = names.at(-1) ?? "";
  if (names.length > 3)
    throw new DatabaseError("42601", `improper qualified name (too many dotted names): ${names.join(".")}`);
  const reference: Reference = { type: "ref", name, ...place };
  if (names.length === 1) return reference;
  const [first = "", second = ""] = names;
  return { ...reference, table: names.length === 2 ? { name: first } : { schema: first, name: second } };
}

function translateStep(
  operand: Expr,
  step: Node,
  place: { readonly at?: number },
  translator: Translator,
): Expr {
  const [kind, fields] = unwrap(step);
  if (kind === "String") return { type: "field", operand, name: textOf(step), ...place };
  if (kind === "A_Star") return { type: "field", operand, name: "*", ...place };
  const { is_slice: isSlice, lidx, uidx } = fields as { is_slice?: boolean; lidx?: Node; uidx?: Node };
  const bound = (node: Node | undefined): Expr | null =>
    node === undefined ? null : translateExpression(node, translator);
  if (isSlice === true)
    return { type: "subscript", operand, slice: { low: bound(lidx), high: bound(uidx) }, ...place };
  return { type: "subscript", operand, index: bound(uidx) as Expr, ...place };
}

function translateOperator(node: A_Expr, place: { readonly at?: number }, translator: Translator): Expr {
  const translate = (inner: Node | undefined): Expr => translateExpression(inner as Node, translator);
  const op = operatorOf(node.name);
  const { lexpr, rexpr } = node;
  switch (node.kind) {
    case "AEXPR_OP":
    case "AEXPR_LIKE":
    case "AEXPR_ILIKE":
    case "AEXPR_SIMILAR":
      if (lexpr === undefined) return prefix(op, translate(rexpr), place);
      return { type: "binary", op, left: translate(lexpr), right: translate(rexpr), ...place };
    case "AEXPR_OP_ANY":
    case "AEXPR_OP_ALL":
      return {
        type: "quantified",
        op,
        all: node.kind === "AEXPR_OP_ALL",
        operand: translate(lexpr),
        array: translate(rexpr),
        ...place,
      };
    case "AEXPR_DISTINCT":
    case "AEXPR_NOT_DISTINCT": {
      const word = node.kind === "AEXPR_DISTINCT" ? "IS DISTINCT FROM" : "IS NOT DISTINCT FROM";
      return { type: "binary", op: word, left: translate(lexpr), right: translate(rexpr), ...place };
    }
    case "AEXPR_NULLIF":
      return { type: "call", name: "nullif", args: [translate(lexpr), translate(rexpr)], ...place };
    case "AEXPR_IN": {
      const items = listOf(rexpr).map(translate);
      return { type: "in", negate: op === "<>", operand: translate(lexpr), items, ...place };
    }
    case "AEXPR_BETWEEN":
    case "AEXPR_NOT_BETWEEN":
    case "AEXPR_BETWEEN_SYM":
    case "AEXPR_NOT_BETWEEN_SYM": {
      const [low, high] = listOf(rexpr).map(translate);
      return {
        type: "between",
        negate: node.kind.includes("NOT"),
        symmetric: node.kind.endsWith("SYM"),
        operand: translate(lexpr),
        low: low as Expr,
        high: high as Expr,
        ...place,
      };
    }
    default:
      throw unsupported(`the expression ${String(node.kind)}`);
  }
}

/** A sign before a number belongs to the number: -32768 fits where 32768 does not. */
function prefix(op: string, operand: Expr, place: { readonly at?: number }): Expr {
  return { type: "unary", op, operand, ...place };
}

function translateSubLink(node: SubLink, place: { readonly at?: number }, translator: Translator): Expr {
  const query = translator.query(node.subselect as Node);
  switch (node.subLinkType) {
    case "EXISTS_SUBLINK":
      return { type: "exists", query, ...place };
    case "EXPR_SUBLINK":
      return { type: "subquery", array: false, query, ...place };
    case "ARRAY_SUBLINK":
      return { type: "subquery", array: true, query, ...place };
    case "ANY_SUBLINK":
    case "ALL_SUBLINK":
      return {
        type: "quantified",
        op: node.operName === undefined ? "=" : operatorOf(node.operName),
        all: node.subLinkType === "ALL_SUBLINK",
        operand: translateExpression(node.testexpr as Node, translator),
        query,
        ...place,
      };
    default:
      throw unsupported(`the subquery ${String(node.subLinkType)}`);
  }
}

function translateCall(node: FuncCall, translator: Translator): Call {
  const { schema, name } = nameOf(node.funcname);
  const args = node.args ?? [];
  const names = args.map(
    (argument) => (argument as { NamedArgExpr?: { name?: string } }).NamedArgExpr?.name ?? null,
  );
  const orderBy = (node.agg_order ?? []).map((item) => translateOrder(item, translator));
  return {
    type: "call",
    name,
    args: args.map((argument) => translateExpression(argument, translator)),
    ...(schema === undefined || schema === "pg_catalog" ? {} : { schema }),
    ...(names.some((one) => one !== null) ? { argumentNames: names } : {}),
    ...(node.agg_star === true ? { star: true } : {}),
    ...(node.agg_distinct === true ? { distinct: true } : {}),
    ...(node.func_variadic === true ? { variadic: true } : {}),
    ...(orderBy.length === 0 ? {} : { orderBy }),
    ...(node.agg_within_group === true ? { withinGroup: true } : {}),
    ...(node.agg_filter === undefined ? {} : { filter: translateExpression(node.agg_filter, translator) }),
    ...(node.over === undefined ? {} : { over: translateOver(node.over, translator) }),
    ...at(translator.source, node.location ?? 0),
  };
}

/** A name alone is `OVER w`; everything else a definition. */
function translateOver(window: WindowDef, translator: Translator): string | WindowDefinition {
  return window.name ?? translateWindow(window, translator);
}

export function translateOrder(node: Node, translator: Translator): OrderBy {
  const { SortBy: sort } = node as { SortBy: SortBy };
  const by = translateExpression(sort.node as Node, translator);
  const using = sort.useOp === undefined ? {} : { using: nameOf(sort.useOp).name };
  const nulls =
    sort.sortby_nulls === "SORTBY_NULLS_FIRST"
      ? "first"
      : sort.sortby_nulls === "SORTBY_NULLS_LAST"
        ? "last"
        : null;
  return {
    by,
    descending: sort.sortby_dir === "SORTBY_DESC" || using.using?.startsWith(">") === true,
    ...(nulls === null ? {} : { nulls }),
    ...using,
  };
}

// Bits of WindowDef.frameOptions.
const frame = {
  nonDefault: 0x1,
  rows: 0x4,
  groups: 0x8,
  startUnboundedPreceding: 0x20,
  endUnboundedFollowing: 0x1_00,
  startCurrentRow: 0x2_00,
  endCurrentRow: 0x4_00,
  startPreceding: 0x8_00,
  endPreceding: 0x10_00,
  startFollowing: 0x20_00,
  endFollowing: 0x40_00,
  excludeCurrentRow: 0x80_00,
  excludeGroup: 0x1_00_00,
  excludeTies: 0x2_00_00,
} as const;

export function translateWindow(window: WindowDef, translator: Translator): WindowDefinition {
  const options = window.frameOptions ?? 0;
  return {
    ...(window.name === undefined ? {} : { name: window.name }),
    ...(window.refname === undefined ? {} : { base: window.refname }),
    partitionBy: (window.partitionClause ?? []).map((item) => translateExpression(item, translator)),
    orderBy: (window.orderClause ?? []).map((item) => translateOrder(item, translator)),
    ...((options & frame.nonDefault) === 0 ? {} : { frame: translateFrame(window, options, translator) }),
  };
}

function translateFrame(window: WindowDef, options: number, translator: Translator): WindowFrame {
  const has = (bit: number): boolean => (options & bit) !== 0;
  const offset = (node: Node | undefined): Expr => translateExpression(node as Node, translator);
  const start: FrameBound = has(frame.startPreceding)
    ? { kind: "preceding", offset: offset(window.startOffset) }
    : has(frame.startFollowing)
      ? { kind: "following", offset: offset(window.startOffset) }
      : { kind: has(frame.startCurrentRow) ? "current row" : "unbounded preceding" };
  const end: FrameBound = has(frame.endPreceding)
    ? { kind: "preceding", offset: offset(window.endOffset) }
    : has(frame.endFollowing)
      ? { kind: "following", offset: offset(window.endOffset) }
      : { kind: has(frame.endUnboundedFollowing) ? "unbounded following" : "current row" };
  const exclude = has(frame.excludeCurrentRow)
    ? "current row"
    : has(frame.excludeGroup)
      ? "group"
      : has(frame.excludeTies)
        ? "ties"
        : null;
  return {
    unit: has(frame.rows) ? "rows" : has(frame.groups) ? "groups" : "range",
    start,
    end,
    ...(exclude === null ? {} : { exclude }),
  };
}
