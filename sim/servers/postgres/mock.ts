/** Between the tables of a server and those of a pg-mem: fixtures in, snapshots out. Both speak SQL, so SQL it is. */
import { SimError } from "../../errors.js";
import type { PostgresTemplate } from "./server.js";
import { quoteText } from "./sql/deparse.js";
import { quoteIdentifier } from "./types/catalog-names.js";
import type { PgType } from "./types/type.js";
import type { Value } from "./types/value.js";

interface MockColumn {
  readonly name: string;
  readonly notNull?: boolean;
  /** Set for identity columns. */
  readonly generated?: boolean;
  readonly expression: { readonly type: { readonly name: string } };
}

interface MockTable {
  readonly name: string;
  readonly hidden?: boolean;
  readonly columns: ReadonlyArray<{ readonly id: string }>;
  getColumnRef(name: string): MockColumn;
  listIndices(): ReadonlyArray<{
    readonly name: string;
    readonly expressions: readonly string[];
    readonly unique: boolean;
  }>;
  find(): Iterable<Readonly<Record<string, unknown>>>;
}

/** The part of a pg-mem database that is read and filled. */
export interface PostgresMock {
  readonly public: {
    listTables(): Iterable<{ readonly name: string }>;
    getTable(name: string): unknown;
    none(sql: string): void;
  };
}

/** @returns Whether something is a pg-mem database, as far as can be seen. */
export function isPostgresMock(value: unknown): value is PostgresMock {
  if (typeof value !== "object" || value === null) return false;
  const schema = (value as Partial<PostgresMock>).public;
  return typeof schema?.none === "function" && typeof schema.listTables === "function";
}

function refused(table: string, column: string, what: string): SimError {
  return new SimError(
    "SIM_MOCK_VALUE",
    `The column ${table}.${column} holds ${what}.`,
    "Leave the column out, or give it a type that both hold: numbers, texts, booleans, times, uuid, json, bytea, arrays.",
  );
}

// Fixtures.

/** Types as pg-mem calls them that have another name here, or need one. */
const typesOfMock: Readonly<Record<string, string>> = {
  float: "double precision",
  "character varying": "varchar",
  bool: "boolean",
  "timestamp with time zone": "timestamptz",
  "timestamp without time zone": "timestamp",
};
const sameTypes = new Set(
  "integer bigint text varchar boolean uuid json jsonb date time timestamp timestamptz interval bytea citext".split(
    " ",
  ),
);

function typeOfMock(table: string, { name, expression }: MockColumn, values: readonly unknown[]): string {
  const [, base = "", brackets = ""] = /^(.*?)((?:\[\])*)$/.exec(expression.type.name) ?? [];
  const known = typesOfMock[base] ?? base;
  if (!sameTypes.has(known) && known !== "double precision")
    throw refused(table, name, `the type ${expression.type.name}`);
  // The mock keeps bigint as an integer of any size.
  const isBig =
    known === "integer" && values.some((value) => typeof value === "number" && Math.abs(value) > 2 ** 31 - 1);
  return (isBig ? "bigint" : known === "citext" ? "text" : known) + brackets;
}

function literal(value: unknown, type: string): string {
  if (value === null || value === undefined) return "null";
  if (typeof value === "number" || typeof value === "bigint" || typeof value === "boolean")
    return String(value);
  if (value instanceof Date) return `${quoteText(value.toISOString())}::${type}`;
  if (value instanceof Uint8Array) return `'\\x${Buffer.from(value).toString("hex")}'::bytea`;
  if (type.startsWith("json")) return `${quoteText(JSON.stringify(value))}::${type}`;
  if (Array.isArray(value))
    return `array[${value.map((item) => literal(item, type.replace(/\[\]$/, ""))).join(", ")}]::${type}`;
  return `${quoteText(typeof value === "string" ? value : JSON.stringify(value))}::${type}`;
}

/**
 * What makes the tables of a mock, with their keys and rows. Foreign keys, defaults and checks are left out.
 *
 * @throws SimError `SIM_MOCK_VALUE` naming a column whose type is not simulated.
 */
export function statementsOfMock(mock: PostgresMock): string[] {
  const tables = Array.from(
    mock.public.listTables(),
    ({ name }) => mock.public.getTable(name) as MockTable,
  ).filter(({ hidden }) => hidden !== true);
  return tables.flatMap((table) => {
    const rows = [...table.find()];
    const columns = table.columns.map(({ id }) => {
      const column = table.getColumnRef(id);
      return {
        column,
        type: typeOfMock(
          table.name,
          column,
          rows.map((row) => row[id]),
        ),
      };
    });
    const primary = table.listIndices().find(({ name }) => name.endsWith("_pkey"))?.expressions ?? [];
    // The mock does not say which columns are serial: a default more does no harm to other keys.
    const isSerial = ({ column, type }: (typeof columns)[number]): boolean =>
      column.generated === true || (primary.length === 1 && primary[0] === column.name && type === "integer");
    const lines = columns.map((one) => {
      const { column, type } = one;
      const generated = isSerial(one) ? " generated by default as identity" : "";
      return `${quoteIdentifier(column.name)} ${type}${column.notNull === true ? " not null" : ""}${generated}`;
    });
    const keys = table.listIndices().flatMap(({ name, expressions, unique }) => {
      const isPlain = unique && expressions.every((one) => columns.some(({ column }) => column.name === one));
      if (!isPlain) return [];
      const kind = name.endsWith("_pkey") ? "primary key" : "unique";
      return [`${kind} (${expressions.map(quoteIdentifier).join(", ")})`];
    });
    const name = quoteIdentifier(table.name);
    const inserts = rows.map(
      (row) =>
        `insert into ${name} values (${columns.map(({ column, type }) => literal(row[column.name], type)).join(", ")})`,
    );
    const counters = columns.flatMap((one) => {
      const { column } = one;
      const numbers = rows.map((row) => row[column.name]).filter((value) => typeof value === "number");
      if (!isSerial(one) || numbers.length === 0) return [];
      return [
        `select setval(pg_get_serial_sequence(${quoteText(name)}, ${quoteText(column.name)}), ${Math.max(...numbers)})`,
      ];
    });
    return [`create table ${name} (${[...lines, ...keys].join(", ")})`, ...inserts, ...counters];
  });
}

// Snapshots.

/** Types of ours that a mock has, by OID. */
const typesForMock = new Map([
  [16, "boolean"],
  [17, "bytea"],
  [20, "bigint"],
  [21, "integer"],
  [23, "integer"],
  [25, "text"],
  [114, "json"],
  [700, "float"],
  [701, "float"],
  [1042, "text"],
  [1043, "text"],
  [1082, "date"],
  [1083, "time"],
  [1114, "timestamp"],
  [1184, "timestamptz"],
  [1186, "interval"],
  [1700, "numeric"],
  [2950, "uuid"],
  [3802, "jsonb"],
]);

function typeForMock(table: string, column: string, type: PgType): string {
  if (type.category === "enum") return "text";
  if (type.element !== undefined) return `${typeForMock(table, column, type.element)}[]`;
  const found = typesForMock.get(type.oid);
  if (found === undefined) throw refused(table, column, `the type ${type.name}`);
  return found;
}

function literalForMock(table: string, column: string, value: Value, type: PgType, shown: string): string {
  if (value === null) return "null";
  if (type.element !== undefined) {
    const { element } = type;
    const items = (value as readonly Value[]).map((item) =>
      literalForMock(table, column, item, element, shown.slice(0, -2)),
    );
    return items.length === 0 ? `'{}'::${shown}` : `array[${items.join(", ")}]`;
  }
  const text = type.print(value);
  if (type.category === "number") {
    if (!/^-?[\d.]+(?:e[+-]?\d+)?$/.test(text)) throw refused(table, column, text);
    if (!/[.e]/.test(text) && !Number.isSafeInteger(Number(text)))
      throw refused(table, column, `${text}, which no number holds exactly`);
    return text;
  }
  return `${quoteText(text)}::${shown}`;
}

/**
 * Makes the tables of the schema `public` in an empty mock, with their keys and committed rows.
 *
 * @throws SimError `SIM_MOCK_VALUE` naming a column that the mock cannot hold.
 */
export function fillPostgresMock(mock: PostgresMock, { catalog, rows }: PostgresTemplate): void {
  for (const table of catalog.tables.values()) {
    if (table.schema !== "public") continue;
    const columns = table.columns.flatMap((column, index) =>
      column.dropped ? [] : [{ ...column, index, shown: typeForMock(table.name, column.name, column.type) }],
    );
    const lines = columns.map(
      ({ name, shown, notNull }) => `"${name}" ${shown}${notNull ? " not null" : ""}`,
    );
    const keys = table.indexes.flatMap((index) => {
      if (index.constraint === null) return [];
      const names = index.columns.map((column) => `"${table.columns[column ?? 0]?.name ?? ""}"`);
      return [`${index.constraint} (${names.join(", ")})`];
    });
    mock.public.none(`create table "${table.name}" (${[...lines, ...keys].join(", ")})`);
    const values = (rows.get(table.id) ?? []).map(
      (row) =>
        `(${columns.map(({ name, type, index, missing, shown }) => literalForMock(table.name, name, index < row.length ? (row[index] ?? null) : missing, type, shown)).join(", ")})`,
    );
    if (values.length > 0) mock.public.none(`insert into "${table.name}" values ${values.join(", ")}`);
  }
}
