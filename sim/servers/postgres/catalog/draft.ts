/** A catalog under change: one statement's worth of edits, then a new catalog. */
import { DatabaseError } from "../database-error.js";
import type { PgType } from "../types/type.js";
import { type Catalog, createCatalog, type SequenceDef, type TableDef } from "./catalog.js";

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
