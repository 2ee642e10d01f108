/** Statements that change the schema, as the catalog reads them. Made by `translate-schema.ts`. */
import type { Expr, QualifiedName, Query, TypeName } from "./ast.js";

export interface SequenceOptions {
  readonly type?: TypeName;
  readonly start?: bigint;
  readonly restart?: bigint | true;
  readonly increment?: bigint;
  /** Null for `NO MINVALUE`. */
  readonly min?: bigint | null;
  readonly max?: bigint | null;
  readonly cycle?: boolean;
  /** Null for `OWNED BY NONE`. */
  readonly ownedBy?: { readonly table: QualifiedName; readonly column: string } | null;
  /** `SEQUENCE NAME` of an identity column. */
  readonly name?: string;
}

export type ReferentialAction = "no action" | "restrict" | "cascade" | "set null" | "set default";

/** A constraint of a column names no columns of its own. */
export type ConstraintClause = { readonly name?: string } & (
  | { readonly kind: "not null" | "null" }
  | { readonly kind: "default"; readonly value: Expr }
  | { readonly kind: "identity"; readonly when: "always" | "by default"; readonly options: SequenceOptions }
  | { readonly kind: "generated"; readonly value: Expr }
  | { readonly kind: "check"; readonly value: Expr; readonly notValid: boolean }
  | {
      readonly kind: "primary key" | "unique";
      readonly columns: readonly string[];
      readonly include: readonly string[];
      /** `USING INDEX name`. */
      readonly usingIndex?: string;
    }
  | {
      readonly kind: "foreign key";
      readonly columns: readonly string[];
      readonly parent: QualifiedName;
      /** Empty for the primary key. */
      readonly parentColumns: readonly string[];
      readonly onDelete: ReferentialAction;
      readonly onUpdate: ReferentialAction;
      readonly deferrable: boolean;
      readonly initiallyDeferred: boolean;
      readonly notValid: boolean;
    }
);

export interface ColumnClause {
  readonly name: string;
  readonly type: TypeName;
  readonly collation?: string;
  readonly constraints: readonly ConstraintClause[];
}

export type AlterTableAction =
  | { readonly kind: "add column"; readonly column: ColumnClause; readonly ifNotExists: boolean }
  | {
      readonly kind: "drop column";
      readonly name: string;
      readonly ifExists: boolean;
      readonly cascade: boolean;
    }
  | { readonly kind: "set default"; readonly column: string; readonly value: Expr | null }
  | { readonly kind: "set not null" | "drop not null"; readonly column: string }
  | {
      readonly kind: "set type";
      readonly column: string;
      readonly type: TypeName;
      readonly using: Expr | null;
    }
  | {
      readonly kind: "add identity";
      readonly column: string;
      readonly when: "always" | "by default";
      readonly options: SequenceOptions;
    }
  | { readonly kind: "drop identity"; readonly column: string; readonly ifExists: boolean }
  | { readonly kind: "add constraint"; readonly constraint: ConstraintClause }
  | {
      readonly kind: "drop constraint";
      readonly name: string;
      readonly ifExists: boolean;
      readonly cascade: boolean;
    }
  | { readonly kind: "validate constraint"; readonly name: string }
  | { readonly kind: "triggers"; readonly name: string | null; readonly enabled: boolean }
  /** Owner, storage, statistics and the like: taken and forgotten. */
  | { readonly kind: "nothing" };

export interface CreateIndex {
  readonly type: "create index";
  readonly name: string | null;
  readonly table: QualifiedName;
  readonly method: string;
  readonly unique: boolean;
  readonly ifNotExists: boolean;
  readonly concurrently: boolean;
  readonly keys: ReadonlyArray<{
    readonly expr: Expr;
    readonly descending: boolean;
    readonly nulls: "first" | "last" | null;
  }>;
  readonly include: readonly string[];
  readonly where: Expr | null;
}

export interface CreateTable {
  readonly type: "create table";
  readonly name: QualifiedName;
  readonly temporary: boolean;
  readonly onCommit: "preserve rows" | "delete rows" | "drop";
  readonly ifNotExists: boolean;
  readonly elements: ReadonlyArray<
    | { readonly kind: "column"; readonly column: ColumnClause }
    | { readonly kind: "constraint"; readonly constraint: ConstraintClause }
    | { readonly kind: "like"; readonly table: QualifiedName; readonly including: readonly string[] }
  >;
}

interface CreateTableAs {
  readonly type: "create table as";
  readonly name: QualifiedName;
  readonly temporary: boolean;
  readonly ifNotExists: boolean;
  readonly columns: readonly string[] | null;
  readonly query: Query;
  readonly withData: boolean;
}

export interface CreateView {
  readonly type: "create view";
  readonly name: QualifiedName;
  readonly replace: boolean;
  readonly temporary: boolean;
  readonly columns: readonly string[] | null;
  readonly query: Query;
  /** The query as written. */
  readonly text: string;
}

export interface CreateFunction {
  readonly type: "create function";
  readonly name: QualifiedName;
  readonly replace: boolean;
  readonly procedure: boolean;
  readonly parameters: ReadonlyArray<{
    readonly name: string | null;
    readonly type: TypeName;
    readonly mode: "in" | "out" | "inout" | "table" | "variadic";
    readonly default: Expr | null;
  }>;
  readonly returns: TypeName | null;
  readonly returnsSet: boolean;
  readonly language: string;
  readonly body: string;
  readonly volatility: "immutable" | "stable" | "volatile";
  readonly strict: boolean;
  /** The whole statement, for the parser of plpgsql. */
  readonly text: string;
}

export interface CreateTrigger {
  readonly type: "create trigger";
  readonly name: string;
  readonly table: QualifiedName;
  readonly replace: boolean;
  readonly timing: "before" | "after" | "instead of";
  readonly events: ReadonlyArray<"insert" | "update" | "delete" | "truncate">;
  /** Of `UPDATE OF`. */
  readonly columns: readonly string[];
  readonly forEach: "row" | "statement";
  readonly when: Expr | null;
  readonly function: QualifiedName;
  readonly args: readonly string[];
}

export type DropKind =
  | "table"
  | "view"
  | "materialized view"
  | "index"
  | "sequence"
  | "type"
  | "domain"
  | "schema"
  | "function"
  | "procedure"
  | "trigger"
  | "extension";

export interface Drop {
  readonly type: "drop";
  readonly kind: DropKind;
  readonly names: readonly QualifiedName[];
  /** Types of the arguments of functions, where written. */
  readonly argumentTypes: ReadonlyArray<readonly TypeName[] | null>;
  /** The table of a trigger. */
  readonly table?: QualifiedName;
  readonly ifExists: boolean;
  readonly cascade: boolean;
}

export type RenameKind =
  | "table"
  | "view"
  | "index"
  | "sequence"
  | "column"
  | "constraint"
  | "schema"
  | "type"
  | "function"
  | "trigger";

export type SchemaStatement =
  | CreateTable
  | CreateTableAs
  | CreateIndex
  | CreateView
  | CreateFunction
  | CreateTrigger
  | Drop
  | { readonly type: "create schema"; readonly name: string; readonly ifNotExists: boolean }
  | { readonly type: "create enum"; readonly name: QualifiedName; readonly labels: readonly string[] }
  | {
      readonly type: "alter enum";
      readonly name: QualifiedName;
      readonly label: string;
      readonly ifNotExists: boolean;
      readonly neighbour: { readonly label: string; readonly before: boolean } | null;
      /** Set for `RENAME VALUE`. */
      readonly from?: string;
    }
  | {
      readonly type: "create domain";
      readonly name: QualifiedName;
      readonly base: TypeName;
      readonly constraints: readonly ConstraintClause[];
    }
  | {
      readonly type: "create sequence";
      readonly name: QualifiedName;
      readonly temporary: boolean;
      readonly ifNotExists: boolean;
      readonly options: SequenceOptions;
    }
  | {
      readonly type: "alter sequence";
      readonly name: QualifiedName;
      readonly ifExists: boolean;
      readonly options: SequenceOptions;
    }
  | {
      readonly type: "alter table";
      readonly kind: "table" | "view" | "index" | "sequence";
      readonly name: QualifiedName;
      readonly ifExists: boolean;
      readonly actions: readonly AlterTableAction[];
    }
  | {
      readonly type: "rename";
      readonly kind: RenameKind;
      readonly name: QualifiedName;
      /** The column, constraint or trigger of it. */
      readonly part: string | null;
      readonly to: string;
      readonly ifExists: boolean;
    }
  | {
      readonly type: "set schema";
      readonly kind: string;
      readonly name: QualifiedName;
      readonly schema: string;
      readonly ifExists: boolean;
    }
  | { readonly type: "create extension"; readonly name: string; readonly ifNotExists: boolean }
  | {
      readonly type: "comment";
      readonly kind: string;
      readonly name: QualifiedName;
      readonly part: string | null;
      readonly text: string | null;
    }
  | {
      readonly type: "truncate";
      readonly tables: readonly QualifiedName[];
      readonly restart: boolean;
      readonly cascade: boolean;
    }
  | { readonly type: "do"; readonly body: string; readonly language: string }
  /** Taken and forgotten: owners, privileges, refreshed nothing. */
  | { readonly type: "nothing"; readonly tag: string };
