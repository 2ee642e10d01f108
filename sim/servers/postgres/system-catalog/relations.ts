/** `pg_catalog` and `information_schema` as virtual tables: rows worked out from the catalog when they are read. */
import type { Catalog, ForeignKeyDef, IndexDef, TableDef } from "../catalog/catalog.js";
import * as builtin from "../types/builtin.js";
import { resolveType } from "../types/type-names.js";
import { arrayOf, type PgType } from "../types/type.js";
import type { Row, Value } from "../types/value.js";
import {
  checkDefinition,
  defaultText,
  foreignKeyDefinition,
  indexDefinition,
  uniqueDefinition,
} from "./definitions.js";
import { systemColumns, systemTypes } from "./facts.js";
import type { SystemSource } from "./source.js";

export interface SystemRelation {
  readonly name: string;
  readonly schema: string;
  readonly oid: number;
  readonly columns: ReadonlyArray<{ readonly name: string; readonly type: PgType }>;
  rows(source: SystemSource): Row[];
}

type Fields = Readonly<Record<string, Value>>;

const owner = 10;
const schemaOids: Readonly<Record<string, number>> = {
  pg_catalog: 11,
  public: 2200,
  information_schema: 13_000,
};

/** OIDs of schemas that the user made: from their names, because the catalog keeps none. */
function schemaOid(catalog: Pick<Catalog, "schemas">, name: string): number {
  return schemaOids[name] ?? 15_000 + [...catalog.schemas].indexOf(name);
}

// Vectors print as their items with blanks between.
const int2Vector: PgType = {
  ...arrayOf(builtin.int2Type),
  name: "int2vector",
  oid: 22,
  print: (value) => (value as readonly number[]).join(" "),
};
const oidVector: PgType = {
  ...arrayOf(builtin.oidType),
  name: "oidvector",
  oid: 30,
  print: (value) => (value as readonly number[]).join(" "),
};

function typeNamed(name: string): PgType {
  if (name === "int2vector") return int2Vector;
  if (name === "oidvector") return oidVector;
  if (name === "char") return builtin.charType;
  return name.startsWith("_") ? arrayOf(typeNamed(name.slice(1))) : resolveType({ name }, () => undefined);
}

/** A row of pg_type. */
interface TypeRow {
  readonly oid: number;
  readonly name: string;
  readonly length: number;
  readonly category: string;
  readonly array: number;
  readonly element: number;
  readonly kind: string;
  readonly schema: string;
}

const builtinTypes: readonly TypeRow[] = systemTypes.split(" ").flatMap((text): TypeRow[] => {
  const [oid = "", name = "", length = "", category = "", array = ""] = text.split(":");
  const own: TypeRow = {
    oid: Number(oid),
    name,
    length: Number(length),
    category,
    array: Number(array),
    element: name === "int2vector" ? 21 : name === "oidvector" ? 26 : 0,
    kind: category === "P" ? "p" : category === "R" ? "r" : "b",
    schema: "pg_catalog",
  };
  if (own.array === 0) return [own];
  return [
    own,
    {
      ...own,
      oid: own.array,
      name: `_${name}`,
      length: -1,
      category: "A",
      array: 0,
      element: own.oid,
      kind: "b",
    },
  ];
});

const builtinNames = new Map(builtinTypes.map(({ oid, name }) => [oid, name]));

/** The name of a type inside the server: `int4`, `_text`. */
function internalName(type: PgType): string {
  return builtinNames.get(type.oid) ?? (type.element === undefined ? type.name : `_${type.element.name}`);
}

function typeRows(catalog: Catalog): TypeRow[] {
  const enums = Array.from(catalog.enums, ([key, type]) => ({
    schema: key.includes("\u0000") ? (key.split("\u0000")[0] ?? "public") : "public",
    type,
  }));
  return [
    ...builtinTypes,
    ...enums.flatMap(({ schema, type }): TypeRow[] => [
      {
        oid: type.oid,
        name: type.name,
        length: 4,
        category: "E",
        array: type.arrayOid,
        element: 0,
        kind: "e",
        schema,
      },
      {
        oid: type.arrayOid,
        name: `_${type.name}`,
        length: -1,
        category: "A",
        array: 0,
        element: type.oid,
        kind: "b",
        schema,
      },
    ]),
  ];
}

function modifierOf({ modifiers, category, oid }: PgType): number {
  const [first, second = 0] = modifiers ?? [];
  if (first === undefined) return -1;
  if (oid === builtin.numericType.oid) return ((first << 16) | second) + 4;
  return category === "text" ? first + 4 : first;
}

const isKept = ({ dropped }: { readonly dropped: boolean }): boolean => !dropped;

function* allTables(catalog: Catalog): Iterable<TableDef> {
  yield* catalog.tables.values();
}

/** What `pg_class` knows: tables, their indexes, sequences and views. */
export interface ClassRow {
  readonly oid: number;
  readonly schema: string;
  readonly name: string;
  readonly kind: "r" | "i" | "S" | "v";
  readonly table?: TableDef;
  readonly index?: IndexDef;
}

export function classRows(catalog: Catalog): ClassRow[] {
  const system = relations.map(({ oid, schema, name }): ClassRow => ({
    oid,
    schema,
    name,
    kind:
      schema === "pg_catalog" &&
      !/^pg_(tables|views|indexes|settings|roles|stat_|locks|user|sequences|matviews)/.test(name)
        ? "r"
        : "v",
  }));
  const tables = Array.from(allTables(catalog)).flatMap((table): ClassRow[] => [
    { oid: table.id, schema: table.schema, name: table.name, kind: "r", table },
    ...table.indexes.map((index): ClassRow => ({
      oid: index.id,
      schema: table.schema,
      name: index.name,
      kind: "i",
      table,
      index,
    })),
  ]);
  const sequences = Array.from(catalog.sequences.values(), ({ id, schema, name }): ClassRow => ({
    oid: id,
    schema,
    name,
    kind: "S",
  }));
  const views = Array.from(catalog.views.values(), ({ id, schema, name }): ClassRow => ({
    oid: id,
    schema,
    name,
    kind: "v",
  }));
  return [...system, ...tables, ...sequences, ...views];
}

/** A constraint of a table, with an OID made from that of the table. */
export interface ConstraintRow {
  readonly oid: number;
  readonly table: TableDef;
  readonly name: string;
  readonly type: "p" | "u" | "c" | "f";
  readonly key?: ForeignKeyDef;
  readonly index?: IndexDef;
  readonly definition: string;
  readonly columns: readonly number[];
}

export function constraintRows(catalog: Catalog): ConstraintRow[] {
  return Array.from(allTables(catalog)).flatMap((table) => {
    let next = table.id * 100;
    const oid = (): number => (next += 1);
    const fromIndexes = table.indexes.flatMap((index): ConstraintRow[] => {
      if (index.constraint === null) return [];
      const type = index.constraint === "primary key" ? "p" : "u";
      const columns = index.columns.map((column) => column ?? 0);
      return [
        {
          oid: oid(),
          table,
          name: index.name,
          type,
          index,
          definition: uniqueDefinition(table, index),
          columns,
        },
      ];
    });
    const checks = table.checks.map((check): ConstraintRow => {
      const text = JSON.stringify(check.expression);
      const columns = table.columns.flatMap(({ name, dropped }, at) =>
        !dropped && text.includes(`"name":${JSON.stringify(name)}`) ? [at] : [],
      );
      return {
        oid: oid(),
        table,
        name: check.name,
        type: "c",
        definition: checkDefinition(table, check),
        columns,
      };
    });
    const keys = table.foreignKeys.map((key): ConstraintRow => ({
      oid: oid(),
      table,
      name: key.name,
      type: "f",
      key,
      definition: foreignKeyDefinition(catalog, table, key),
      columns: key.columns,
    }));
    return [...fromIndexes, ...checks, ...keys];
  });
}

const actionLetters = {
  "no action": "a",
  restrict: "r",
  cascade: "c",
  "set null": "n",
  "set default": "d",
} as const;
const actionWords = {
  "no action": "NO ACTION",
  restrict: "RESTRICT",
  cascade: "CASCADE",
  "set null": "SET NULL",
  "set default": "SET DEFAULT",
} as const;

function yesNo(value: boolean): string {
  return value ? "YES" : "NO";
}

const oneBased = (columns: readonly (number | null)[]): number[] =>
  columns.map((column) => (column === null ? 0 : column + 1));

// Rows of each relation. Fields left out are null.

const makers: Readonly<Record<string, (source: SystemSource) => Fields[]>> = {
  pg_namespace: ({ catalog }) =>
    [...new Set(["pg_catalog", "information_schema", ...catalog.schemas])].map((nspname) => ({
      oid: schemaOid(catalog, nspname),
      nspname,
      nspowner: owner,
    })),
  pg_class: ({ catalog }) => {
    const referenced = new Set(
      Array.from(allTables(catalog)).flatMap(({ foreignKeys }) =>
        foreignKeys.map(({ parentId }) => parentId),
      ),
    );
    return classRows(catalog).map(({ oid, schema, name, kind, table, index }) => ({
      oid,
      relname: name,
      relnamespace: schemaOid(catalog, schema),
      reltype: kind === "r" ? oid + 2 : 0,
      reloftype: 0,
      relowner: owner,
      relam: kind === "i" ? 403 : kind === "r" ? 2 : 0,
      relfilenode: oid,
      reltablespace: 0,
      relpages: 0,
      reltuples: -1,
      relallvisible: 0,
      reltoastrelid: 0,
      relhasindex: kind === "r" && (table?.indexes.length ?? 0) > 0,
      relisshared: false,
      relpersistence: schema.startsWith("pg_temp") ? "t" : "p",
      relkind: kind,
      relnatts: index === undefined ? (table?.columns.length ?? 0) : index.columns.length,
      relchecks: kind === "r" ? (table?.checks.length ?? 0) : 0,
      relhasrules: kind === "v",
      relhastriggers: kind === "r" && (referenced.has(oid) || (table?.foreignKeys.length ?? 0) > 0),
      relhassubclass: false,
      relrowsecurity: false,
      relforcerowsecurity: false,
      relispopulated: true,
      relreplident: kind === "r" ? "d" : "n",
      relispartition: false,
      relrewrite: 0,
      relfrozenxid: 0,
      relminmxid: 0,
    }));
  },
  pg_attribute: ({ catalog }) => {
    const attribute = (relation: number, at: number, name: string, type: PgType, more: Fields): Fields => ({
      attrelid: relation,
      attname: name,
      atttypid: type.oid,
      attstattarget: -1,
      attlen: type.size,
      attnum: at + 1,
      attndims: type.element === undefined ? 0 : 1,
      attcacheoff: -1,
      atttypmod: modifierOf(type),
      attbyval: type.size > 0 && type.size <= 8,
      attalign: "i",
      attstorage: type.size < 0 ? "x" : "p",
      attcompression: "",
      attnotnull: false,
      atthasdef: false,
      atthasmissing: false,
      attidentity: "",
      attgenerated: "",
      attisdropped: false,
      attislocal: true,
      attinhcount: 0,
      attcollation: type.category === "text" ? 100 : 0,
      ...more,
    });
    const tables = Array.from(allTables(catalog)).flatMap((table) => [
      ...table.columns.map((column, at) =>
        attribute(table.id, at, column.name, column.type, {
          attnotnull: column.notNull,
          atthasdef: column.identity === null && (column.default !== null || column.generated !== null),
          attidentity: column.identity === null ? "" : column.identity === "always" ? "a" : "d",
          attgenerated: column.generated === null ? "" : "s",
          attisdropped: column.dropped,
        }),
      ),
      ...table.indexes.flatMap((index) =>
        index.columns.map((column, at) =>
          attribute(
            index.id,
            at,
            column === null ? "expr" : (table.columns[column]?.name ?? ""),
            index.types[at] ?? builtin.textType,
            {},
          ),
        ),
      ),
    ]);
    const views = Array.from(catalog.views.values()).flatMap((view) =>
      view.columns.map(({ name, type }, at) => attribute(view.id, at, name, type, {})),
    );
    const system = relations.flatMap((relation) =>
      relation.columns.map(({ name, type }, at) =>
        attribute(relation.oid, at, name, type, { attnotnull: name === "oid" }),
      ),
    );
    return [...system, ...tables, ...views];
  },
  pg_attrdef: ({ catalog }) =>
    Array.from(allTables(catalog)).flatMap((table) =>
      table.columns.flatMap((_, at) => {
        const text = defaultText(table, at);
        return text === null
          ? []
          : [{ oid: table.id * 100 + 50 + at, adrelid: table.id, adnum: at + 1, adbin: text }];
      }),
    ),
  pg_type: ({ catalog }) =>
    typeRows(catalog).map(({ oid, name, length, category, array, element, kind, schema }) => ({
      oid,
      typname: name,
      typnamespace: schemaOid(catalog, schema),
      typowner: owner,
      typlen: length,
      typbyval: length > 0 && length <= 8,
      typtype: kind,
      typcategory: category,
      typispreferred: ["bool", "text", "float8", "oid", "timestamptz", "interval", "inet", "varbit"].includes(
        name,
      ),
      typisdefined: true,
      typdelim: ",",
      typrelid: 0,
      typsubscript: { oid: 0, text: category === "A" ? "array_subscript_handler" : "-" },
      typelem: element,
      typarray: array,
      typinput: { oid: 0, text: category === "A" ? "array_in" : kind === "e" ? "enum_in" : `${name}in` },
      typoutput: { oid: 0, text: category === "A" ? "array_out" : kind === "e" ? "enum_out" : `${name}out` },
      typreceive: {
        oid: 0,
        text: category === "A" ? "array_recv" : kind === "e" ? "enum_recv" : `${name}recv`,
      },
      typsend: { oid: 0, text: category === "A" ? "array_send" : kind === "e" ? "enum_send" : `${name}send` },
      typmodin: { oid: 0, text: "-" },
      typmodout: { oid: 0, text: "-" },
      typanalyze: { oid: 0, text: "-" },
      typalign: "i",
      typstorage: length < 0 ? "x" : "p",
      typnotnull: false,
      typbasetype: 0,
      typtypmod: -1,
      typndims: 0,
      typcollation: category === "S" ? 100 : 0,
    })),
  pg_enum: ({ catalog }) =>
    Array.from(catalog.enums.values()).flatMap((type) =>
      (type.labels ?? []).map((enumlabel, at) => ({
        oid: type.oid * 100 + at,
        enumtypid: type.oid,
        enumsortorder: at + 1,
        enumlabel,
      })),
    ),
  pg_index: ({ catalog }) =>
    Array.from(allTables(catalog)).flatMap((table) =>
      table.indexes.map((index) => {
        const zeros = index.columns.map(() => 0);
        return {
          indexrelid: index.id,
          indrelid: table.id,
          indnatts: index.columns.length,
          indnkeyatts: index.columns.length,
          indisunique: index.unique,
          indnullsnotdistinct: false,
          indisprimary: index.constraint === "primary key",
          indisexclusion: false,
          indimmediate: true,
          indisclustered: false,
          indisvalid: true,
          indcheckxmin: false,
          indisready: true,
          indislive: true,
          indisreplident: false,
          indkey: oneBased(index.columns),
          indcollation: zeros,
          indclass: zeros,
          indoption: zeros,
          indexprs: index.columns.includes(null) ? "expression" : null,
          indpred: index.where === null ? null : "predicate",
        };
      }),
    ),
  pg_constraint: ({ catalog }) =>
    constraintRows(catalog).map(({ oid, table, name, type, key, index, columns }) => {
      const parent = key === undefined ? undefined : catalog.tablesById.get(key.parentId);
      const parentIndex = parent?.indexes.find(
        (one) =>
          one.unique &&
          one.columns.length === key?.parentColumns.length &&
          one.columns.every((column) => key.parentColumns.includes(column ?? -1)),
      );
      return {
        oid,
        conname: name,
        connamespace: schemaOid(catalog, table.schema),
        contype: type,
        condeferrable: false,
        condeferred: false,
        convalidated: key?.validated ?? true,
        conrelid: table.id,
        contypid: 0,
        conindid: index?.id ?? parentIndex?.id ?? 0,
        conparentid: 0,
        confrelid: key?.parentId ?? 0,
        confupdtype: key === undefined ? " " : actionLetters[key.onUpdate],
        confdeltype: key === undefined ? " " : actionLetters[key.onDelete],
        confmatchtype: key === undefined ? " " : "s",
        conislocal: true,
        coninhcount: 0,
        connoinherit: type !== "c",
        conkey: oneBased(columns),
        confkey: key === undefined ? null : oneBased(key.parentColumns),
      };
    }),
  pg_sequence: ({ catalog }) =>
    Array.from(catalog.sequences.values(), ({ id, type, start, increment, min, max, cycle }) => ({
      seqrelid: id,
      seqtypid: type.oid,
      seqstart: start,
      seqincrement: increment,
      seqmax: max,
      seqmin: min,
      seqcache: 1n,
      seqcycle: cycle,
    })),
  pg_sequences: ({ catalog, user }) =>
    Array.from(catalog.sequences.values(), ({ schema, name, type, start, increment, min, max, cycle }) => ({
      schemaname: schema,
      sequencename: name,
      sequenceowner: user,
      data_type: { oid: type.oid, text: type.name },
      start_value: start,
      min_value: min,
      max_value: max,
      increment_by: increment,
      cycle,
      cache_size: 1n,
    })),
  pg_depend: ({ catalog }) =>
    Array.from(catalog.sequences.values()).flatMap(({ id, owner: column }) => {
      if (column === null) return [];
      const identity = catalog.tablesById.get(column.tableId)?.columns[column.column]?.identity ?? null;
      return [
        {
          classid: 1259,
          objid: id,
          objsubid: 0,
          refclassid: 1259,
          refobjid: column.tableId,
          refobjsubid: column.column + 1,
          deptype: identity === null ? "a" : "i",
        },
      ];
    }),
  pg_database: ({ database }) =>
    [database, "template1", "template0"].map((datname, at) => ({
      oid: at === 0 ? 16_384 : at === 1 ? 1 : 4,
      datname,
      datdba: owner,
      encoding: 6,
      datlocprovider: "c",
      datistemplate: at > 0,
      datallowconn: at < 2,
      datconnlimit: -1,
      datfrozenxid: 0,
      datminmxid: 0,
      dattablespace: 1663,
      datcollate: "C",
      datctype: "C",
    })),
  pg_roles: ({ user }) => [
    {
      rolname: user,
      rolsuper: true,
      rolinherit: true,
      rolcreaterole: true,
      rolcreatedb: true,
      rolcanlogin: true,
      rolreplication: true,
      rolconnlimit: -1,
      rolpassword: "********",
      rolbypassrls: true,
      oid: owner,
    },
  ],
  pg_user: ({ user }) => [
    {
      usename: user,
      usesysid: owner,
      usecreatedb: true,
      usesuper: true,
      userepl: true,
      usebypassrls: true,
      passwd: "********",
    },
  ],
  pg_am: () => [
    { oid: 2, amname: "heap", amhandler: { oid: 3, text: "heap_tableam_handler" }, amtype: "t" },
    { oid: 403, amname: "btree", amhandler: { oid: 330, text: "bthandler" }, amtype: "i" },
    { oid: 405, amname: "hash", amhandler: { oid: 331, text: "hashhandler" }, amtype: "i" },
    { oid: 2742, amname: "gin", amhandler: { oid: 333, text: "ginhandler" }, amtype: "i" },
  ],
  pg_collation: () =>
    ["default", "C", "POSIX"].map((collname, at) => ({
      oid: at === 0 ? 100 : 949 + at,
      collname,
      collnamespace: 11,
      collowner: owner,
      collprovider: at === 0 ? "d" : "c",
      collisdeterministic: true,
      collencoding: -1,
      collcollate: at === 0 ? null : collname,
      collctype: at === 0 ? null : collname,
    })),
  pg_extension: () => [
    {
      oid: 13_500,
      extname: "plpgsql",
      extowner: owner,
      extnamespace: 11,
      extrelocatable: false,
      extversion: "1.0",
    },
  ],
  pg_language: () => [
    { oid: 12, lanname: "internal", lanowner: owner, lanispl: false, lanpltrusted: false },
    { oid: 14, lanname: "sql", lanowner: owner, lanispl: false, lanpltrusted: true },
  ],
  pg_tablespace: () => [
    { oid: 1663, spcname: "pg_default", spcowner: owner },
    { oid: 1664, spcname: "pg_global", spcowner: owner },
  ],
  pg_tables: ({ catalog, user }) =>
    Array.from(allTables(catalog), (table) => ({
      schemaname: table.schema,
      tablename: table.name,
      tableowner: user,
      hasindexes: table.indexes.length > 0,
      hasrules: false,
      hastriggers: table.foreignKeys.length > 0,
      rowsecurity: false,
    })),
  pg_views: ({ catalog, user }) =>
    Array.from(catalog.views.values(), ({ schema, name, text }) => ({
      schemaname: schema,
      viewname: name,
      viewowner: user,
      definition: ` ${text};`,
    })),
  pg_indexes: ({ catalog }) =>
    Array.from(allTables(catalog)).flatMap((table) =>
      table.indexes.map((index) => ({
        schemaname: table.schema,
        tablename: table.name,
        indexname: index.name,
        indexdef: indexDefinition(table, index),
      })),
    ),
  pg_settings: ({ settings }) =>
    Array.from(settings, ([name, setting]) => ({
      name,
      setting,
      category: "Client Connection Defaults",
      short_desc: "",
      context: "user",
      vartype: "string",
      source: "default",
      boot_val: setting,
      reset_val: setting,
      pending_restart: false,
    })),
  pg_stat_activity: ({ sessions }) =>
    sessions.map((session) => ({
      datid: 16_384,
      datname: session.database,
      pid: session.pid,
      usesysid: owner,
      usename: session.user,
      application_name: session.application,
      client_port: -1,
      xact_start: session.xactStart,
      wait_event_type: session.isWaiting ? "Lock" : session.state === "active" ? null : "Client",
      wait_event: session.isWaiting ? "transactionid" : session.state === "active" ? null : "ClientRead",
      state: session.state,
      query: session.query,
      backend_type: "client backend",
    })),
  pg_locks: ({ locks }) =>
    locks.map(({ pid, type, relation, mode, granted }) => ({
      locktype: type,
      database: 16_384,
      relation,
      pid,
      mode,
      granted,
      fastpath: false,
    })),
  schemata: ({ catalog, database, user }) =>
    [...new Set(["pg_catalog", "information_schema", ...catalog.schemas])].map((schema_name) => ({
      catalog_name: database,
      schema_name,
      schema_owner: user,
    })),
  tables: ({ catalog, database }) => [
    ...Array.from(allTables(catalog), ({ schema, name }) => ({
      table_catalog: database,
      table_schema: schema,
      table_name: name,
      table_type: schema.startsWith("pg_temp") ? "LOCAL TEMPORARY" : "BASE TABLE",
      is_insertable_into: "YES",
      is_typed: "NO",
    })),
    ...Array.from(catalog.views.values(), ({ schema, name }) => ({
      table_catalog: database,
      table_schema: schema,
      table_name: name,
      table_type: "VIEW",
      is_insertable_into: "NO",
      is_typed: "NO",
    })),
  ],
  views: ({ catalog, database }) =>
    Array.from(catalog.views.values(), ({ schema, name, text }) => ({
      table_catalog: database,
      table_schema: schema,
      table_name: name,
      view_definition: ` ${text};`,
      check_option: "NONE",
      is_updatable: "NO",
      is_insertable_into: "NO",
      is_trigger_updatable: "NO",
      is_trigger_deletable: "NO",
      is_trigger_insertable_into: "NO",
    })),
  columns: (source) => informationColumns(source),
  sequences: ({ catalog, database }) =>
    Array.from(catalog.sequences.values())
      .filter(
        ({ owner: column }) =>
          column === null ||
          catalog.tablesById.get(column.tableId)?.columns[column.column]?.identity === null,
      )
      .map(({ schema, name, type, start, min, max, increment, cycle }) => ({
        sequence_catalog: database,
        sequence_schema: schema,
        sequence_name: name,
        data_type: type.name,
        numeric_precision: type.size * 8,
        numeric_precision_radix: 2,
        numeric_scale: 0,
        start_value: String(start),
        minimum_value: String(min),
        maximum_value: String(max),
        increment: String(increment),
        cycle_option: yesNo(cycle),
      })),
  table_constraints: ({ catalog, database }) => {
    const kinds = { p: "PRIMARY KEY", u: "UNIQUE", c: "CHECK", f: "FOREIGN KEY" } as const;
    const one = (table: TableDef, name: string, kind: string): Fields => ({
      constraint_catalog: database,
      constraint_schema: table.schema,
      constraint_name: name,
      table_catalog: database,
      table_schema: table.schema,
      table_name: table.name,
      constraint_type: kind,
      is_deferrable: "NO",
      initially_deferred: "NO",
      enforced: "YES",
      nulls_distinct: kind === "UNIQUE" ? "YES" : null,
    });
    return [
      ...constraintRows(catalog).map(({ table, name, type }) => one(table, name, kinds[type])),
      ...Array.from(allTables(catalog)).flatMap((table) =>
        table.columns.flatMap((column, at) =>
          column.notNull && !column.dropped
            ? [one(table, `${schemaOid(catalog, table.schema)}_${table.id}_${at + 1}_not_null`, "CHECK")]
            : [],
        ),
      ),
    ];
  },
  key_column_usage: ({ catalog, database }) =>
    constraintRows(catalog).flatMap(({ table, name, type, columns, key }) =>
      type === "c"
        ? []
        : columns.map((column, at) => ({
            constraint_catalog: database,
            constraint_schema: table.schema,
            constraint_name: name,
            table_catalog: database,
            table_schema: table.schema,
            table_name: table.name,
            column_name: table.columns[column]?.name ?? null,
            ordinal_position: at + 1,
            position_in_unique_constraint: key === undefined ? null : at + 1,
          })),
    ),
  constraint_column_usage: ({ catalog, database }) =>
    constraintRows(catalog).flatMap(({ table, name, columns, key }) => {
      const target = key === undefined ? table : (catalog.tablesById.get(key.parentId) ?? table);
      return (key?.parentColumns ?? columns).map((column) => ({
        table_catalog: database,
        table_schema: target.schema,
        table_name: target.name,
        column_name: target.columns[column]?.name ?? null,
        constraint_catalog: database,
        constraint_schema: table.schema,
        constraint_name: name,
      }));
    }),
  referential_constraints: ({ catalog, database }) =>
    constraintRows(catalog).flatMap(({ table, name, key }) => {
      if (key === undefined) return [];
      const parent = catalog.tablesById.get(key.parentId);
      const unique = parent?.indexes.find(
        (index) =>
          index.constraint !== null &&
          index.columns.every((column) => key.parentColumns.includes(column ?? -1)),
      );
      return [
        {
          constraint_catalog: database,
          constraint_schema: table.schema,
          constraint_name: name,
          unique_constraint_catalog: database,
          unique_constraint_schema: parent?.schema ?? null,
          unique_constraint_name: unique?.name ?? null,
          match_option: "NONE",
          update_rule: actionWords[key.onUpdate],
          delete_rule: actionWords[key.onDelete],
        },
      ];
    }),
  check_constraints: ({ catalog, database }) =>
    constraintRows(catalog).flatMap(({ table, name, type, definition }) =>
      type === "c"
        ? [
            {
              constraint_catalog: database,
              constraint_schema: table.schema,
              constraint_name: name,
              check_clause: definition.replace(/^CHECK \((.*)\)(?: NOT VALID)?$/s, "$1"),
            },
          ]
        : [],
    ),
};

const precisions = new Map([
  [21, [16, 2, 0]],
  [23, [32, 2, 0]],
  [20, [64, 2, 0]],
  [700, [24, 2, null]],
  [701, [53, 2, null]],
] as const) as ReadonlyMap<number, readonly (number | null)[]>;

function informationColumns({ catalog, database }: SystemSource): Fields[] {
  const describe = (type: PgType): Fields => {
    const [first, second] = type.modifiers ?? [];
    const isNumeric = type.oid === builtin.numericType.oid;
    const [precision = null, radix = null, scale = null] = isNumeric
      ? [first ?? null, 10, first === undefined ? null : (second ?? 0)]
      : (precisions.get(type.oid) ?? []);
    const isText = type.oid === builtin.varcharType.oid || type.oid === builtin.bpcharType.oid;
    const isTime = type.category === "datetime" || type.category === "interval";
    return {
      data_type:
        type.element === undefined ? (type.category === "enum" ? "USER-DEFINED" : type.name) : "ARRAY",
      character_maximum_length: isText ? (first ?? null) : null,
      character_octet_length:
        type.category === "text" ? (isText && first !== undefined ? first * 4 : 1_073_741_824) : null,
      numeric_precision: precision,
      numeric_precision_radix: radix,
      numeric_scale: scale,
      datetime_precision: isTime ? (type.oid === builtin.dateType.oid ? 0 : (first ?? 6)) : null,
      udt_catalog: database,
      udt_schema: type.category === "enum" ? "public" : "pg_catalog",
      udt_name: internalName(type),
    };
  };
  const shared = (schema: string, table: string, name: string, at: number): Fields => ({
    table_catalog: database,
    table_schema: schema,
    table_name: table,
    column_name: name,
    ordinal_position: at + 1,
    dtd_identifier: String(at + 1),
    is_self_referencing: "NO",
    is_identity: "NO",
    identity_cycle: "NO",
    is_generated: "NEVER",
  });
  const tables = Array.from(allTables(catalog)).flatMap((table) =>
    table.columns.map((column, at) => {
      const sequence = Array.from(catalog.sequences.values()).find(
        (one) => one.owner?.tableId === table.id && one.owner.column === at,
      );
      return {
        dropped: column.dropped,
        ...shared(table.schema, table.name, column.name, at),
        ...describe(column.type),
        column_default: column.generated === null ? defaultText(table, at) : null,
        is_nullable: yesNo(!column.notNull),
        is_updatable: "YES",
        ...(column.identity === null
          ? {}
          : {
              is_identity: "YES",
              identity_generation: column.identity.toUpperCase(),
              identity_start: String(sequence?.start ?? 1n),
              identity_increment: String(sequence?.increment ?? 1n),
              identity_maximum: String(sequence?.max ?? 0n),
              identity_minimum: String(sequence?.min ?? 1n),
            }),
        ...(column.generated === null
          ? {}
          : { is_generated: "ALWAYS", generation_expression: defaultText(table, at) }),
      };
    }),
  );
  const views = Array.from(catalog.views.values()).flatMap((view) =>
    view.columns.map(({ name, type }, at) => ({
      dropped: false,
      ...shared(view.schema, view.name, name, at),
      ...describe(type),
      is_nullable: "YES",
      is_updatable: "NO",
    })),
  );
  return [...tables.filter(isKept), ...views];
}

function relationOf(line: string): SystemRelation {
  const [full = "", oid = "", ...rest] = line.split(" ");
  const [schema = "", name = ""] = full.split(".");
  let type = builtin.textType;
  const columns = rest.map((text) => {
    const [column = "", typeName] = text.split(":");
    if (typeName !== undefined) type = typeNamed(typeName);
    return { name: column, type };
  });
  return {
    name,
    schema,
    oid: Number(oid),
    columns,
    rows: (source) =>
      (makers[name]?.(source) ?? []).map((fields) => columns.map((column) => fields[column.name] ?? null)),
  };
}

const relations: readonly SystemRelation[] = systemColumns.trim().split("\n").map(relationOf);
const byName = new Map(relations.map((relation) => [`${relation.schema}.${relation.name}`, relation]));

/** Names without a schema are those of `pg_catalog`. */
export function systemRelation(schema: string | undefined, name: string): SystemRelation | undefined {
  return byName.get(`${schema ?? "pg_catalog"}.${name}`);
}
