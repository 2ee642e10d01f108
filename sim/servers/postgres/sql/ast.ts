/**
 * Queries and expressions as the executor reads them: what PostgreSQL's own parser says, without its wrappers.
 *
 * Made by `translate-query.ts` and `translate-expression.ts`, which refuse by name what is not simulated. Schema
 * changes have trees of their own in `schema-ast.ts`, utility statements in `utility.ts`.
 */

/** A name that may have a schema before it. */
export interface QualifiedName {
  readonly name: string;
  readonly schema?: string;
}

/** A type as written: `numeric(10,2)[]`. */
export interface TypeName extends QualifiedName {
  readonly modifiers?: readonly number[];
  /** Number of `[]`. */
  readonly arrayDepth?: number;
  /** `interval day to second`: the fields, as the parser's bit mask. */
  readonly intervalFields?: number;
}

/** Where in the text a node stands, in characters from 0: the `position` of an error is one more. */
interface Node {
  readonly at?: number;
}

export interface Reference extends Node {
  readonly type: "ref";
  readonly table?: QualifiedName;
  /** `*` for all columns. */
  readonly name: string;
}

export type Literal =
  | (Node & { readonly type: "null" })
  | (Node & { readonly type: "boolean"; readonly value: boolean })
  /** The digits as written, without a sign. */
  | (Node & { readonly type: "number"; readonly value: string })
  | (Node & { readonly type: "string"; readonly value: string })
  /** `B'101'` and `X'1f'`, by their first letter. */
  | (Node & { readonly type: "bits"; readonly value: string });

/** Words that are values: `CURRENT_TIMESTAMP` is `current_timestamp`. */
export interface KeywordValue extends Node {
  readonly type: "keyword";
  readonly keyword: string;
  readonly precision?: number;
}

/** An operator: arithmetic, comparison, JSON, pattern (`LIKE`, `ILIKE`, `~~` said in words), `AT TIME ZONE` is a call. */
interface Binary extends Node {
  readonly type: "binary";
  /** As written, but `<>` for `!=`; `LIKE`, `NOT LIKE`, `ILIKE`, `NOT ILIKE`, `IS DISTINCT FROM`, `IS NOT DISTINCT FROM`. */
  readonly op: string;
  readonly left: Expr;
  readonly right: Expr;
}

export interface Unary extends Node {
  readonly type: "unary";
  /** A prefix operator such as `-` or `~`, or a test. */
  readonly op: string;
  readonly operand: Expr;
}

/** `IS NULL`, `IS NOT TRUE`, ... */
export interface Test extends Node {
  readonly type: "test";
  readonly test: "null" | "true" | "false" | "unknown";
  readonly negate: boolean;
  readonly operand: Expr;
}

interface Logic extends Node {
  readonly type: "logic";
  readonly op: "and" | "or";
  readonly operands: readonly Expr[];
}

interface Not extends Node {
  readonly type: "not";
  readonly operand: Expr;
}

/** `x [NOT] IN (a, b)`; a list only, a subquery is a {@link Quantified}. */
export interface In extends Node {
  readonly type: "in";
  readonly negate: boolean;
  readonly operand: Expr;
  readonly items: readonly Expr[];
}

export interface Between extends Node {
  readonly type: "between";
  readonly negate: boolean;
  readonly symmetric: boolean;
  readonly operand: Expr;
  readonly low: Expr;
  readonly high: Expr;
}

/** `x = ANY (array)`, `x <> ALL (SELECT ...)`; `x IN (SELECT ...)` is `= any`, `NOT IN` is not of that. */
export interface Quantified extends Node {
  readonly type: "quantified";
  readonly op: string;
  readonly all: boolean;
  /** A {@link RowConstructor} compares several columns. */
  readonly operand: Expr;
  readonly array?: Expr;
  readonly query?: Query;
}

interface Exists extends Node {
  readonly type: "exists";
  readonly query: Query;
}

/** A subquery that gives one value, or `ARRAY(SELECT ...)`. */
interface Subquery extends Node {
  readonly type: "subquery";
  readonly array: boolean;
  readonly query: Query;
}

export interface RowConstructor extends Node {
  readonly type: "row";
  readonly items: readonly Expr[];
}

interface ArrayConstructor extends Node {
  readonly type: "array";
  readonly items: readonly Expr[];
}

/** `a[1]`, `a[1:2]`, `j['key']`. */
export interface Subscript extends Node {
  readonly type: "subscript";
  readonly operand: Expr;
  readonly index?: Expr;
  readonly slice?: { readonly low: Expr | null; readonly high: Expr | null };
}

/** `(row).field`; `*` for all. */
export interface FieldAccess extends Node {
  readonly type: "field";
  readonly operand: Expr;
  readonly name: string;
}

interface Cast extends Node {
  readonly type: "cast";
  readonly operand: Expr;
  readonly to: TypeName;
}

export interface Case extends Node {
  readonly type: "case";
  readonly value: Expr | null;
  readonly whens: ReadonlyArray<{ readonly when: Expr; readonly then: Expr }>;
  readonly otherwise: Expr | null;
}

interface Parameter extends Node {
  readonly type: "parameter";
  /** From 1. */
  readonly number: number;
}

export interface OrderBy extends Node {
  readonly by: Expr;
  readonly descending: boolean;
  /** Left out when the direction decides. */
  readonly nulls?: "first" | "last";
  /** `USING >`. */
  readonly using?: string;
}

export interface WindowFrame {
  readonly unit: "rows" | "range" | "groups";
  readonly start: FrameBound;
  readonly end: FrameBound;
  readonly exclude?: "current row" | "group" | "ties";
}

export type FrameBound =
  | { readonly kind: "unbounded preceding" | "current row" | "unbounded following" }
  | { readonly kind: "preceding" | "following"; readonly offset: Expr };

export interface WindowDefinition {
  /** Of a `WINDOW` clause. */
  readonly name?: string;
  /** A window that this one copies. */
  readonly base?: string;
  readonly partitionBy: readonly Expr[];
  readonly orderBy: readonly OrderBy[];
  /** Left out for the default. */
  readonly frame?: WindowFrame;
}

/**
 * A function, aggregate or window function. What SQL writes with words is a call as PostgreSQL calls it: `extract`,
 * `position`, `substring`, `overlay`, `btrim`, `timezone`, `like_escape`, `similar_to_escape`, `coalesce`, `nullif`,
 * `greatest`, `least`.
 */
export interface Call extends Node {
  readonly type: "call";
  readonly name: string;
  readonly schema?: string;
  readonly args: readonly Expr[];
  /** Names of arguments given as `name => value`, by place. */
  readonly argumentNames?: ReadonlyArray<string | null>;
  /** `count(*)`. */
  readonly star?: boolean;
  readonly distinct?: boolean;
  readonly variadic?: boolean;
  readonly orderBy?: readonly OrderBy[];
  /** Whether `orderBy` was written as `WITHIN GROUP`. */
  readonly withinGroup?: boolean;
  readonly filter?: Expr;
  /** A name of the `WINDOW` clause, or a definition. */
  readonly over?: string | WindowDefinition;
}

interface Collate extends Node {
  readonly type: "collate";
  readonly operand: Expr;
  readonly collation: string;
}

/** `GROUPING(a, b)`. */
interface Grouping extends Node {
  readonly type: "grouping";
  readonly args: readonly Expr[];
}

/** `DEFAULT` in VALUES and SET. */
interface Default extends Node {
  readonly type: "default";
}

export type Expr =
  | Reference
  | Literal
  | KeywordValue
  | Binary
  | Unary
  | Test
  | Logic
  | Not
  | In
  | Between
  | Quantified
  | Exists
  | Subquery
  | RowConstructor
  | ArrayConstructor
  | Subscript
  | FieldAccess
  | Cast
  | Case
  | Parameter
  | Call
  | Collate
  | Grouping
  | Default;

/** One column of a SELECT list or of RETURNING. */
export interface Target extends Node {
  readonly expr: Expr;
  readonly alias?: string;
}

export interface Alias {
  readonly name: string;
  readonly columns?: readonly string[];
}

interface FromTable extends Node {
  readonly type: "table";
  readonly table: QualifiedName;
  readonly alias?: Alias;
}

interface FromQuery extends Node {
  readonly type: "query";
  readonly query: Query;
  readonly lateral: boolean;
  readonly alias?: Alias;
}

export interface FromFunction extends Node {
  readonly type: "function";
  /** Several for `ROWS FROM`. */
  readonly calls: readonly Call[];
  readonly lateral: boolean;
  readonly ordinality: boolean;
  readonly alias?: Alias;
  /** `AS t(a int, b text)`. */
  readonly columns?: ReadonlyArray<{ readonly name: string; readonly type: TypeName }>;
}

export interface Join extends Node {
  readonly type: "join";
  /** `CROSS JOIN` is `inner` without a condition. */
  readonly kind: "inner" | "left" | "right" | "full";
  readonly left: From;
  readonly right: From;
  readonly natural: boolean;
  readonly using?: readonly string[];
  readonly usingAlias?: string;
  readonly on?: Expr;
  readonly alias?: Alias;
}

export type From = FromTable | FromQuery | FromFunction | Join;

export interface LockingClause {
  readonly strength: "update" | "no key update" | "share" | "key share";
  /** Names after `OF`; empty for all. */
  readonly of: readonly string[];
  readonly wait: "wait" | "nowait" | "skip locked";
}

export interface CommonTable extends Node {
  readonly name: string;
  readonly columns?: readonly string[];
  /** Null when not said. */
  readonly materialized: boolean | null;
  readonly statement: Query | Insert | Update | Delete;
}

export interface With {
  readonly recursive: boolean;
  readonly tables: readonly CommonTable[];
}

export type GroupItem =
  | { readonly kind: "expression"; readonly expr: Expr }
  /** Each set is a list of expressions; `ROLLUP` and `CUBE` are written out as sets. */
  | { readonly kind: "sets"; readonly sets: ReadonlyArray<readonly Expr[]> };

/** What any query may end with. */
interface QueryTail {
  readonly with?: With;
  readonly orderBy: readonly OrderBy[];
  readonly limit?: Expr;
  readonly offset?: Expr;
  /** `FETCH FIRST n ROWS WITH TIES`. */
  readonly withTies?: boolean;
  readonly locking: readonly LockingClause[];
}

export interface Select extends Node, QueryTail {
  readonly type: "select";
  /** `all` when every row is wanted, a list for `DISTINCT ON`. */
  readonly distinct: "all" | "distinct" | readonly Expr[];
  readonly targets: readonly Target[];
  /** Separated by commas. */
  readonly from: readonly From[];
  readonly where?: Expr;
  readonly groupBy: readonly GroupItem[];
  readonly having?: Expr;
  readonly windows: readonly WindowDefinition[];
}

export interface Values extends Node, QueryTail {
  readonly type: "values";
  readonly rows: ReadonlyArray<readonly Expr[]>;
}

export interface SetOperation extends Node, QueryTail {
  readonly type: "set operation";
  readonly op: "union" | "intersect" | "except";
  readonly all: boolean;
  readonly left: Query;
  readonly right: Query;
}

export type Query = Select | Values | SetOperation;

/** `a = 1`, or `(a, b) = (1, 2)` and `(a, b) = (SELECT ...)` with several columns. */
export interface Assignment extends Node {
  readonly columns: readonly string[];
  /** One value for each column, or a query for all of them. */
  readonly values: readonly Expr[] | Query;
  /** Subscripts of the only column: `a[1] = 2`. */
  readonly subscripts?: readonly Expr[];
}

export interface ConflictTarget {
  /** Column names or expressions; empty with a constraint. */
  readonly keys: readonly Expr[];
  readonly where?: Expr;
  readonly constraint?: string;
}

export interface Insert extends Node {
  readonly type: "insert";
  readonly with?: With;
  readonly table: QualifiedName;
  readonly alias?: string;
  readonly columns: readonly string[] | null;
  /** Null for `DEFAULT VALUES`. */
  readonly source: Query | null;
  readonly overriding?: "system" | "user";
  readonly conflict?: {
    readonly target: ConflictTarget | null;
    /** Null for `DO NOTHING`. */
    readonly update: { readonly set: readonly Assignment[]; readonly where?: Expr } | null;
  };
  readonly returning?: readonly Target[];
}

export interface Update extends Node {
  readonly type: "update";
  readonly with?: With;
  readonly table: QualifiedName;
  readonly alias?: string;
  readonly set: readonly Assignment[];
  readonly from: readonly From[];
  readonly where?: Expr;
  readonly returning?: readonly Target[];
}

export interface Delete extends Node {
  readonly type: "delete";
  readonly with?: With;
  readonly table: QualifiedName;
  readonly alias?: string;
  readonly using: readonly From[];
  readonly where?: Expr;
  readonly returning?: readonly Target[];
}

/** What is planned and executed: all that reads or writes rows. */
export type QueryStatement = Query | Insert | Update | Delete;
