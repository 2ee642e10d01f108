/**
 * pg-mem as a place to run general queries: it is given exactly the rows that a snapshot shows, then asked.
 *
 * Rows go in and out through a few functions of pg-mem that are not public (`getTable().insert`, `delete`); the
 * version is pinned and a test holds the contract.
 */
import type * as PgMem from "pg-mem";

import { loadPackage } from "../../../shared/load-package.js";
import type { TableDef } from "../catalog/catalog.js";
import { unsupported, type Mirror, type Runtime } from "./execution-context.js";
import { withMissing } from "./scan.js";
import { isVisible, type Tuple } from "../storage/heap.js";
import type { PgType } from "../types/type.js";
import type { Value } from "../types/value.js";

/** What pg-mem's tables can do besides their public face. */
interface MirrorTable {
  insert(row: Record<string, unknown>): object | null;
  delete(transaction: unknown, row: object): void;
}

interface Loaded {
  readonly def: TableDef;
  readonly table: MirrorTable;
  readonly rows: Map<Tuple, object>;
}

const mirrorTypes: Readonly<Record<number, string>> = {
  16: "bool",
  21: "int",
  23: "int",
  20: "bigint",
  701: "float",
  25: "text",
  1043: "text",
  2950: "uuid",
  1184: "timestamptz",
  1114: "timestamp",
  3802: "jsonb",
};

/** Whether pg-mem can hold values of a type without changing them. */
function isMirrored(type: PgType): boolean {
  return mirrorTypes[type.oid] !== undefined;
}

function toMirror(value: Value, type: PgType): unknown {
  if (value === null) return null;
  if (type.oid === 20) {
    const number = Number(value);
    if (!Number.isSafeInteger(number))
      throw unsupported(`the bigint ${type.print(value)} in a query of several tables`);
    return number;
  }
  if (type.category === "datetime") {
    const micros = value as number;
    if (!Number.isFinite(micros) || micros % 1000 !== 0)
      throw unsupported(`the time ${type.print(value)} in a query of several tables`);
    return new Date(micros / 1000);
  }
  return type.category === "json" ? (JSON.parse(value as string) as unknown) : value;
}

export function fromMirror(value: unknown, type: PgType): Value {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return value.getTime() * 1000;
  if (type.oid === 20) return BigInt(value as number);
  if (type.category === "json") return type.parse(JSON.stringify(value));
  if (typeof value === "number" && type.category === "number") return type.parse(String(value));
  return value as Value;
}

function mirrorName(table: TableDef): string {
  return `t${table.id}`;
}

function declare(db: PgMem.IMemoryDb, def: TableDef): MirrorTable {
  const columns = def.columns.flatMap(({ name, type, dropped }) =>
    dropped || !isMirrored(type) ? [] : [`"${name.replaceAll('"', '""')}" ${mirrorTypes[type.oid]}`],
  );
  db.public.none(`create table ${mirrorName(def)} (${[...columns, '"_none" int'].join(", ")})`);
  for (const { columns: keys } of def.indexes) {
    const [only] = keys;
    const column = keys.length === 1 && only !== null && only !== undefined ? def.columns[only] : undefined;
    if (column !== undefined && isMirrored(column.type))
      db.public.none(`create index on ${mirrorName(def)} ("${column.name}")`);
  }
  return db.public.getTable(mirrorName(def)) as unknown as MirrorTable;
}

export function createMirror(): Mirror {
  const { newDb } = loadPackage("pg-mem") as typeof PgMem;
  const db = newDb({ noErrorDiagnostic: true });
  const loaded = new Map<number, Loaded>();
  /** Statements whose whole tree pg-mem has been seen to read. */
  const covered = new WeakSet<object>();

  const load = (def: TableDef): Loaded => {
    const known = loaded.get(def.id);
    if (known?.def === def) return known;
    if (known !== undefined) db.public.none(`drop table ${mirrorName(def)}`);
    const made: Loaded = { def, table: declare(db, def), rows: new Map() };
    loaded.set(def.id, made);
    return made;
  };

  const insert = ({ def, table, rows }: Loaded, tuple: Tuple): void => {
    const row: Record<string, unknown> = {};
    for (const [index, value] of withMissing(def, tuple).entries()) {
      const column = def.columns[index];
      if (column !== undefined && !column.dropped && isMirrored(column.type))
        row[column.name] = toMirror(value, column.type);
    }
    const stored = table.insert(row);
    if (stored !== null) rows.set(tuple, stored);
  };

  /** Brings a table to what the snapshot shows; only the difference is written. */
  const synchronize = (def: TableDef, runtime: Runtime): void => {
    const target = load(def);
    const visible = new Set<Tuple>();
    runtime.noteScan(def, null, null);
    for (const tuple of runtime.heap(def.id).tuples) {
      const shown = isVisible(tuple, runtime.snapshot);
      runtime.noteVersion?.(tuple, shown);
      if (shown) visible.add(tuple);
    }
    for (const [tuple, row] of target.rows) {
      if (visible.has(tuple)) continue;
      target.table.delete((db as unknown as { data: unknown }).data, row);
      target.rows.delete(tuple);
    }
    for (const tuple of visible) if (!target.rows.has(tuple)) insert(target, tuple);
  };

  return {
    run(ast, tables, runtime) {
      for (const table of tables) synchronize(table, runtime);
      const options = (db as unknown as { options: { noAstCoverageCheck?: boolean } }).options;
      options.noAstCoverageCheck = covered.has(ast);
      try {
        const { rows } = db.public.query(ast) as { rows: Array<Record<string, unknown>> };
        covered.add(ast);
        return rows.map((row) => Object.values(row));
      } catch (error) {
        const [reason = ""] = (error instanceof Error ? error.message : String(error)).split("\n");
        throw unsupported(`this query of several tables (pg-mem: ${reason.slice(0, 200)})`);
      }
    },
  };
}
