/** What the schema holds. Values never change: a schema change makes a new catalog. */
import { DatabaseError } from "../database-error.js";
import type { Expr } from "../sql/ast.js";
import type { PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";

/** What an index is looked up by. */
export type IndexKey = string | number | bigint | boolean;

export interface ColumnDef {
  readonly name: string;
  readonly type: PgType;
  readonly notNull: boolean;
  readonly default: Expr | null;
  /** Set for identity columns. */
  readonly identity: "always" | "by default" | null;
  /** Dropped columns keep their place in the row images. */
  readonly dropped: boolean;
  /** What rows written before the column was added show. */
  readonly missing: Value;
}

export interface IndexDef {
  readonly id: number;
  readonly name: string;
  readonly tableId: number;
  readonly unique: boolean;
  /** Set when a constraint made it. */
  readonly constraint: "primary key" | "unique" | null;
  /** Column of each key part, null for an expression. */
  readonly columns: ReadonlyArray<number | null>;
  /** The key as SQL text, for error details: `id`, `lower(name)`. */
  readonly keyText: string;
  /** Types of the key parts. */
  readonly types: readonly PgType[];
  readonly expressions: readonly Expr[];
  readonly where: Expr | null;
  /** @returns null when the row is not indexed: a part is null, or the predicate is not true. */
  keyOf(row: Row): IndexKey | null;
  /** Key parts of a row, for lookups and error details. */
  partsOf(row: Row): readonly Value[];
}

interface CheckDef {
  readonly name: string;
  readonly expression: Expr;
}

type ReferentialAction = "no action" | "restrict" | "cascade" | "set null" | "set default";

export interface ForeignKeyDef {
  readonly name: string;
  readonly tableId: number;
  readonly columns: readonly number[];
  readonly parentId: number;
  readonly parentColumns: readonly number[];
  readonly onDelete: ReferentialAction;
  readonly onUpdate: ReferentialAction;
}

export interface TableDef {
  readonly id: number;
  readonly name: string;
  readonly columns: readonly ColumnDef[];
  readonly indexes: readonly IndexDef[];
  readonly checks: readonly CheckDef[];
  readonly foreignKeys: readonly ForeignKeyDef[];
}

export interface SequenceDef {
  readonly id: number;
  readonly name: string;
  readonly type: PgType;
  readonly start: bigint;
  readonly increment: bigint;
  readonly min: bigint;
  readonly max: bigint;
  readonly cycle: boolean;
  /** Table and column that take it along when dropped. */
  readonly owner: { readonly tableId: number; readonly column: number } | null;
}

export interface Catalog {
  readonly tables: ReadonlyMap<string, TableDef>;
  readonly tablesById: ReadonlyMap<number, TableDef>;
  readonly sequences: ReadonlyMap<string, SequenceDef>;
  readonly enums: ReadonlyMap<string, PgType>;
  readonly nextId: number;
  /** Statements already compiled for this schema. Shared by every server that has it. */
  readonly compiled: WeakMap<object, unknown>;
}

type Entries = Pick<Catalog, "tables" | "sequences" | "enums" | "nextId">;

/** @returns A catalog with no plans yet. */
export function createCatalog(entries?: Entries): Catalog {
  const { tables, sequences, enums, nextId } = entries ?? {
    tables: new Map<string, TableDef>(),
    sequences: new Map<string, SequenceDef>(),
    enums: new Map<string, PgType>(),
    nextId: 16_384,
  };
  const tablesById = new Map([...tables.values()].map((table) => [table.id, table]));
  return { tables, tablesById, sequences, enums, nextId, compiled: new WeakMap() };
}

/** Foreign keys that point to a table. */
export function referencesTo(catalog: Catalog, tableId: number): readonly ForeignKeyDef[] {
  return [...catalog.tables.values()].flatMap((table) =>
    table.foreignKeys.filter((key) => key.parentId === tableId),
  );
}

/** Turns key parts into one primitive; null when a part is null. */
export function encodeKey(types: readonly PgType[], parts: readonly Value[]): IndexKey | null {
  const [only] = types;
  if (types.length === 1 && only !== undefined) {
    const value = parts[0] ?? null;
    return value === null ? null : only.key(value);
  }
  let key = "";
  for (const [index, type] of types.entries()) {
    const value = parts[index] ?? null;
    if (value === null) return null;
    const text = String(type.key(value));
    key += `${text.length}:${text}`;
  }
  return key;
}

// A catalog under change: one statement's worth of edits, then a new catalog.

export interface Draft {
  readonly tables: Map<string, TableDef>;
  readonly sequences: Map<string, SequenceDef>;
  readonly enums: Map<string, PgType>;
  nextId(): number;
  /** The catalog as it stands now; later edits do not show in it. */
  current(): Catalog;
  /** @returns `base`, or `base1`, `base2` ... when something has that name already. */
  freeName(base: string): string;
  hasRelation(name: string): boolean;
}

export function createDraft(catalog: Catalog): Draft {
  const tables = new Map(catalog.tables);
  const sequences = new Map(catalog.sequences);
  const enums = new Map(catalog.enums);
  let { nextId } = catalog;
  const hasRelation = (name: string): boolean =>
    tables.has(name) ||
    sequences.has(name) ||
    [...tables.values()].some((table) => table.indexes.some((index) => index.name === name));
  const hasName = (name: string): boolean =>
    hasRelation(name) ||
    [...tables.values()].some((table) =>
      [...table.checks, ...table.foreignKeys].some((constraint) => constraint.name === name),
    );
  return {
    tables,
    sequences,
    enums,
    hasRelation,
    nextId() {
      nextId += 1;
      return nextId;
    },
    current: () =>
      createCatalog({
        tables: new Map(tables),
        sequences: new Map(sequences),
        enums: new Map(enums),
        nextId,
      }),
    freeName(base) {
      const clipped = base.slice(0, 63);
      for (let suffix = 0; ; suffix += 1) {
        const name = suffix === 0 ? clipped : `${clipped}${suffix}`;
        if (!hasName(name)) return name;
      }
    },
  };
}

/** @throws DatabaseError 42P07 when the name is taken. */
export function requireFree(draft: Draft, name: string): void {
  if (draft.hasRelation(name)) throw new DatabaseError("42P07", `relation "${name}" already exists`);
}
