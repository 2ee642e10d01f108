/** What the schema holds. Values never change: a schema change makes a new catalog. */
import { DatabaseError } from "../database-error.js";
import type { Expr, QualifiedName, Query } from "../sql/ast.js";
import type { PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";

/** What an index is looked up by. */
export type IndexKey = string | number | bigint | boolean;

export interface ColumnDef {
  readonly name: string;
  readonly type: PgType;
  readonly notNull: boolean;
  readonly default: Expr | null;
  /** Worked out from the other columns whenever a row is written. */
  readonly generated: Expr | null;
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
  /** False for `NOT VALID`, until it is validated. */
  readonly validated: boolean;
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
  /** False for `NOT VALID`, until it is validated. */
  readonly validated: boolean;
}

export interface TableDef {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: readonly ColumnDef[];
  readonly indexes: readonly IndexDef[];
  readonly checks: readonly CheckDef[];
  readonly foreignKeys: readonly ForeignKeyDef[];
}

interface ViewDef {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: PgType }>;
  readonly query: Query;
  /** The query as written. */
  readonly text: string;
  /** Tables and views that it reads. */
  readonly reads: ReadonlySet<number>;
}

export interface SequenceDef {
  readonly id: number;
  readonly schema: string;
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

export interface Catalog extends Entries {
  readonly tablesById: ReadonlyMap<number, TableDef>;
  /** Schemas in which names without one are looked for, first to last. */
  readonly searchPath: readonly string[];
  /** Statements already compiled for this schema. Shared by every server that has it. */
  readonly compiled: WeakMap<object, unknown>;
  /** The same with other search paths, by the path. */
  readonly byPath: Map<string, Catalog>;
}

/** Tables, views and sequences by {@link relationKey}, types by the same. */
interface Entries {
  readonly schemas: ReadonlySet<string>;
  readonly tables: ReadonlyMap<string, TableDef>;
  readonly views: ReadonlyMap<string, ViewDef>;
  readonly sequences: ReadonlyMap<string, SequenceDef>;
  readonly enums: ReadonlyMap<string, PgType>;
}

/** What a name is kept under: alone in `public`, behind its schema elsewhere. */
export function relationKey(schema: string, name: string): string {
  return schema === "public" ? name : `${schema}\u0000${name}`;
}

const publicPath = ["public"] as const;

const nothing: Entries = {
  schemas: new Set(["public"]),
  tables: new Map(),
  views: new Map(),
  sequences: new Map(),
  enums: new Map(),
};

/** @returns A catalog with no plans yet. */
export function createCatalog(
  entries: Entries = nothing,
  searchPath: readonly string[] = publicPath,
): Catalog {
  const { schemas, tables, views, sequences, enums } = entries;
  const tablesById = new Map([...tables.values()].map((table) => [table.id, table]));
  return {
    schemas,
    tables,
    views,
    sequences,
    enums,
    tablesById,
    searchPath,
    compiled: new WeakMap(),
    byPath: new Map(),
  };
}

/** The same catalog as seen with another search path. */
export function withSearchPath(catalog: Catalog, path: readonly string[]): Catalog {
  if (path.length === 1 && path[0] === "public") return catalog;
  const key = path.join("\u0000");
  const known = catalog.byPath.get(key);
  if (known !== undefined) return known;
  const made = { ...createCatalog(catalog, path), byPath: catalog.byPath };
  catalog.byPath.set(key, made);
  return made;
}

/** Looks a name up in its schema, or along the search path. */
export function lookUp<T>(
  entries: ReadonlyMap<string, T>,
  { schema, name }: QualifiedName,
  { searchPath }: Pick<Catalog, "searchPath">,
): T | undefined {
  if (schema !== undefined) {
    const own =
      schema === "pg_temp" ? (searchPath.find((one) => one.startsWith("pg_temp_")) ?? schema) : schema;
    return entries.get(relationKey(own, name));
  }
  for (const one of searchPath) {
    const found = entries.get(relationKey(one, name));
    if (found !== undefined) return found;
  }
  return undefined;
}

function mergeMaps<T>(
  base: ReadonlyMap<string, T>,
  mine: ReadonlyMap<string, T>,
  theirs: ReadonlyMap<string, T>,
): Map<string, T> {
  const merged = new Map(theirs);
  for (const [key, value] of mine) if (base.get(key) !== value) merged.set(key, value);
  for (const key of base.keys()) if (!mine.has(key)) merged.delete(key);
  return merged;
}

/** What one transaction changed since `base`, on top of what others have committed meanwhile. */
export function mergeCatalogs(base: Catalog, mine: Catalog, theirs: Catalog): Catalog {
  if (base === theirs) return mine;
  return createCatalog({
    schemas: new Set(
      [...theirs.schemas, ...mine.schemas].filter(
        (name) => mine.schemas.has(name) || !base.schemas.has(name),
      ),
    ),
    tables: mergeMaps(base.tables, mine.tables, theirs.tables),
    views: mergeMaps(base.views, mine.views, theirs.views),
    sequences: mergeMaps(base.sequences, mine.sequences, theirs.sequences),
    enums: mergeMaps(base.enums, mine.enums, theirs.enums),
  });
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
  readonly schemas: Set<string>;
  readonly tables: Map<string, TableDef>;
  readonly views: Map<string, ViewDef>;
  readonly sequences: Map<string, SequenceDef>;
  readonly enums: Map<string, PgType>;
  readonly searchPath: readonly string[];
  nextId(): number;
  /** The catalog as it stands now; later edits do not show in it. */
  current(): Catalog;
  /** Where something new without a schema goes. @throws DatabaseError 3F000 */
  schemaFor(name: QualifiedName): string;
  put(table: TableDef): void;
  table(name: QualifiedName): TableDef | undefined;
  /** @returns `base`, or `base1`, `base2` ... when something in the schema has that name already. */
  freeName(schema: string, base: string): string;
  hasRelation(schema: string, name: string): boolean;
}

export function createDraft(catalog: Catalog, nextId: () => number): Draft {
  const schemas = new Set(catalog.schemas);
  const tables = new Map(catalog.tables);
  const views = new Map(catalog.views);
  const sequences = new Map(catalog.sequences);
  const enums = new Map(catalog.enums);
  const { searchPath } = catalog;
  const inSchema = function* (schema: string): Iterable<TableDef> {
    for (const table of tables.values()) if (table.schema === schema) yield table;
  };
  const hasRelation = (schema: string, name: string): boolean => {
    const key = relationKey(schema, name);
    if (tables.has(key) || sequences.has(key) || views.has(key)) return true;
    for (const table of inSchema(schema)) if (table.indexes.some((index) => index.name === name)) return true;
    return false;
  };
  const hasConstraint = (schema: string, name: string): boolean => {
    for (const table of inSchema(schema)) {
      if ([...table.checks, ...table.foreignKeys].some((constraint) => constraint.name === name)) return true;
    }
    return false;
  };
  return {
    schemas,
    tables,
    views,
    sequences,
    enums,
    searchPath,
    hasRelation,
    nextId,
    current: () =>
      createCatalog(
        {
          schemas: new Set(schemas),
          tables: new Map(tables),
          views: new Map(views),
          sequences: new Map(sequences),
          enums: new Map(enums),
        },
        searchPath,
      ),
    schemaFor({ schema }) {
      const found = schema ?? searchPath.find((one) => !one.startsWith("pg_temp_") && schemas.has(one));
      if (found === undefined) throw new DatabaseError("3F000", "no schema has been selected to create in");
      if (!schemas.has(found)) throw new DatabaseError("3F000", `schema "${found}" does not exist`);
      return found;
    },
    put: (table) => void tables.set(relationKey(table.schema, table.name), table),
    table: (name) => lookUp(tables, name, { searchPath }),
    freeName(schema, base) {
      const clipped = base.slice(0, 63);
      for (let suffix = 0; ; suffix += 1) {
        const name = suffix === 0 ? clipped : `${clipped}${suffix}`;
        if (!hasRelation(schema, name) && !hasConstraint(schema, name)) return name;
      }
    },
  };
}

/** @throws DatabaseError 42P07 when the name is taken. */
export function requireFree(draft: Draft, schema: string, name: string): void {
  if (draft.hasRelation(schema, name)) throw new DatabaseError("42P07", `relation "${name}" already exists`);
}
