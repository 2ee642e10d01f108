/** Looking up what `regclass` and its kin name. */
import { DatabaseError } from "../database-error.js";
import { lookUp, relationKey, type Catalog } from "../catalog/catalog.js";
import type { Runtime } from "../execute/execution-context.js";
import type { QualifiedName } from "../sql/ast.js";
import { systemColumns } from "../system-catalog/facts.js";
import * as builtin from "./builtin.js";
import { types } from "./type-names.js";
import type { PgType } from "./type.js";
import type { Registered } from "./value.js";

/** As the server writes identifiers: in quotes when they need them. */
export function quoteIdentifier(name: string): string {
  return /^[a-z_][a-z0-9_$]*$/.test(name) && !reserved.has(name) ? name : `"${name.replaceAll('"', '""')}"`;
}

/** Every word but the unreserved ones. */
const reserved = new Set(
  `all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast
  char character check coalesce collate collation column concurrently constraint create cross current_catalog current_date
  current_role current_schema current_time current_timestamp current_user dec decimal default deferrable desc distinct do
  else end except exists extract false fetch float for foreign freeze from full grant greatest group grouping having ilike
  in initially inner inout int integer intersect interval into is isnull join lateral leading least left like limit
  localtime localtimestamp national natural nchar none normalize not notnull null nullif numeric offset on only or order
  out outer overlaps overlay placing position precision primary real references returning right row select session_user
  setof similar smallint some substring symmetric table tablesample then time timestamp to trailing treat trim true union
  unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists
  xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable`.split(/\s+/),
);

/** `public."My table"` as its parts. */
export function splitName(text: string): string[] {
  const parts = text.trim().match(/"(?:[^"]|"")*"|[^."]+/g) ?? [];
  return parts.map((part) =>
    part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part.trim().toLowerCase(),
  );
}

interface Relation {
  readonly id: number;
  readonly schema: string;
  readonly name: string;
}

const systemRelations = new Map(
  systemColumns
    .trim()
    .split("\n")
    .map((line): [string, Relation] => {
      const [full = "", id = ""] = line.split(" ");
      const [schema = "", name = ""] = full.split(".");
      return [relationKey(schema, name), { id: Number(id), schema, name }];
    }),
);

/** Every relation by its key: tables and their indexes, views, sequences, those of the system. */
function relations({ tables, views, sequences }: Catalog): Map<string, Relation> {
  const found = new Map(systemRelations);
  for (const own of [...tables.values(), ...views.values(), ...sequences.values()])
    found.set(relationKey(own.schema, own.name), own);
  for (const { schema, indexes } of tables.values())
    for (const { id, name } of indexes) found.set(relationKey(schema, name), { id, schema, name });
  return found;
}

/** With its schema where the search path does not lead to it. */
function shownRelation(
  { id, schema, name }: Relation,
  all: ReadonlyMap<string, Relation>,
  catalog: Catalog,
): Registered {
  const searchPath = ["pg_catalog", ...catalog.searchPath];
  const isVisible = lookUp(all, { name }, { searchPath })?.id === id;
  return { oid: id, text: `${isVisible ? "" : `${quoteIdentifier(schema)}.`}${quoteIdentifier(name)}` };
}

/** A text such as `public."My table"` as a name. */
export function qualifiedName(text: string): QualifiedName {
  const parts = splitName(text);
  const name = parts.at(-1) ?? "";
  const schema = parts.at(-2);
  return schema === undefined ? { name } : { schema, name };
}

const shortSpellings = new Map([
  ["int", "int4"],
  ["decimal", "numeric"],
]);

function typeCalled(text: string, catalog: Catalog | undefined): PgType | undefined {
  const [, base = text, brackets = ""] = /^(.*?)\s*((?:\[\])*)$/.exec(text.trim()) ?? [];
  const name = base
    .replace(/^pg_catalog\./, "")
    .replace(/^public\./, "")
    .replace(/\(.*\)/, "")
    .trim();
  const bare = /^".*"$/.test(name) ? name.slice(1, -1) : name.toLowerCase();
  const found =
    types[shortSpellings.get(bare) ?? bare] ??
    (catalog === undefined ? undefined : lookUp(catalog.enums, { name: bare }, catalog));
  if (found === undefined || brackets === "") return found;
  return (
    Object.values(types).find(({ oid }) => oid === found.arrayOid) ?? {
      ...found,
      name: `${found.name}[]`,
      oid: found.arrayOid,
    }
  );
}

/** @returns Null when nothing has that name. */
export function lookupRegistered(
  type: PgType,
  text: string,
  runtime: Runtime | undefined,
): Registered | null {
  const parts = splitName(text);
  const name = parts.at(-1) ?? "";
  if (type === builtin.regtypeType) {
    const found = typeCalled(text, runtime?.catalog);
    return found === undefined ? null : { oid: found.oid, text: found.name };
  }
  if (type === builtin.regclassType) {
    if (runtime === undefined) return null;
    const { catalog } = runtime;
    const all = relations(catalog);
    const found = lookUp(all, qualifiedName(text), { searchPath: ["pg_catalog", ...catalog.searchPath] });
    return found === undefined ? null : shownRelation(found, all, catalog);
  }
  if (type === builtin.regnamespaceType) {
    const oid = { pg_catalog: 11, public: 2200 }[name];
    return oid === undefined ? null : { oid, text: name };
  }
  if (type === builtin.regroleType)
    return name === runtime?.user ? { oid: 10, text: quoteIdentifier(name) } : null;
  return { oid: 0, text: name };
}

/** @throws DatabaseError 42P01, 42704, 3F000 when nothing has that name. */
export function findRegistered(type: PgType, named: string | number, runtime?: Runtime): Registered {
  if (typeof named === "string" && !/^\d+$/.test(named)) {
    const found = lookupRegistered(type, named, runtime);
    if (found !== null) return found;
    if (type === builtin.regclassType)
      throw new DatabaseError("42P01", `relation "${splitName(named).join(".")}" does not exist`);
    if (type === builtin.regnamespaceType)
      throw new DatabaseError("3F000", `schema "${named}" does not exist`);
    throw new DatabaseError(
      "42704",
      `${type === builtin.regroleType ? "role" : "type"} "${named}" does not exist`,
    );
  }
  const oid = Number(named);
  if (oid === 0) return { oid, text: "-" };
  if (type === builtin.regclassType && runtime !== undefined) {
    const all = relations(runtime.catalog);
    for (const relation of all.values())
      if (relation.id === oid) return shownRelation(relation, all, runtime.catalog);
  }
  if (type === builtin.regtypeType) {
    const all = [...Object.values(types), ...(runtime?.catalog.enums.values() ?? [])];
    const found = all.find((one) => one.oid === oid);
    if (found !== undefined) return { oid, text: found.name };
    const element = all.find((one) => one.arrayOid === oid && oid !== 0);
    if (element !== undefined) return { oid, text: `${element.name}[]` };
  }
  return { oid, text: String(oid) };
}
