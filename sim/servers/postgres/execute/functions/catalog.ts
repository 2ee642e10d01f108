/** Functions that read the catalog for clients: definitions, visibility, sizes, privileges, backends. */
import type { Catalog, TableDef } from "../../catalog/catalog.js";
import { indexDefinition } from "../../system-catalog/definitions.js";
import { classRows, constraintRows } from "../../system-catalog/relations.js";
import type { Registered } from "../../types/value.js";
import { define, withInfo, type FunctionDef } from "../resolution.js";

function indexOf(
  catalog: Catalog,
  oid: number,
): { readonly table: TableDef; readonly index: TableDef["indexes"][number] } | null {
  for (const table of catalog.tables.values()) {
    const index = table.indexes.find(({ id }) => id === oid);
    if (index !== undefined) return { table, index };
  }
  return null;
}

/** Whether a name alone leads to a relation. */
function isVisible(catalog: Catalog, oid: number): boolean | null {
  const rows = classRows(catalog);
  const found = rows.find((row) => row.oid === oid);
  if (found === undefined) return null;
  const path = ["pg_catalog", ...catalog.searchPath];
  const first = path.find((schema) => rows.some((row) => row.schema === schema && row.name === found.name));
  return first === found.schema;
}

/** The text of a default: `pg_attrdef.adbin` holds it already. */
const asIs = (text: string): string => text;

export const catalogFunctions: readonly FunctionDef[] = define({
  "pg_get_constraintdef(oid,bool?) text": withInfo(
    ({ env }, oid: number) =>
      constraintRows(env.runtime.catalog).find((row) => row.oid === oid)?.definition ?? null,
  ),
  "pg_get_indexdef(oid) text": withInfo(({ env }, oid: number) => {
    const found = indexOf(env.runtime.catalog, oid);
    return found === null ? null : indexDefinition(found.table, found.index);
  }),
  "pg_get_indexdef(oid,int4,bool) text": withInfo(({ env }, oid: number, key: number) => {
    const found = indexOf(env.runtime.catalog, oid);
    return found === null ? null : indexDefinition(found.table, found.index, key);
  }),
  "pg_get_expr(text,oid,bool?) text": asIs,
  "pg_get_viewdef(oid,bool?) text": withInfo(({ env }, oid: number) => {
    const view = [...env.runtime.catalog.views.values()].find(({ id }) => id === oid);
    return view === undefined ? null : ` ${view.text};`;
  }),
  "pg_get_userbyid(oid) name": withInfo(({ env }, oid: number) =>
    oid === 10 ? env.runtime.user : `unknown (OID=${oid})`,
  ),
  "pg_table_is_visible(oid) bool": withInfo(({ env }, oid: number) => isVisible(env.runtime.catalog, oid)),
  "pg_type_is_visible(oid) bool; pg_function_is_visible(oid) bool; pg_opclass_is_visible(oid) bool; pg_collation_is_visible(oid) bool":
    () => true,
  "obj_description(oid,name?) text; col_description(oid,int4) text; shobj_description(oid,name) text": () =>
    null,
  "pg_encoding_to_char(int4) name": (encoding: number) => (encoding === 6 ? "UTF8" : ""),
  "pg_char_to_encoding(name) int4": (name: string) => (/^utf-?8$/i.test(name) ? 6 : -1),
  "has_table_privilege(text,text) bool; has_table_privilege(oid,text) bool; has_schema_privilege(text,text) bool; has_schema_privilege(oid,text) bool; has_database_privilege(text,text) bool; has_sequence_privilege(text,text) bool; has_any_column_privilege(oid,text) bool; has_function_privilege(oid,text) bool":
    () => true,
  "has_table_privilege(name,text,text) bool; has_schema_privilege(name,text,text) bool; has_database_privilege(name,text,text) bool":
    () => true,
  "pg_relation_size(regclass,text?) int8; pg_total_relation_size(regclass) int8; pg_table_size(regclass) int8; pg_indexes_size(regclass) int8":
    withInfo(({ env }, relation: Registered) => {
      const count = env.runtime.catalog.tablesById.has(relation.oid)
        ? env.runtime.heap(relation.oid).tuples.size
        : 0;
      return count === 0 ? 0n : 8192n * BigInt(Math.ceil(count / 100));
    }),
  "pg_database_size(name) int8": () => 8_000_000n,
  "pg_relation_is_publishable(regclass) bool": () => true,
  "pg_get_partkeydef(oid) text; pg_get_statisticsobjdef_columns(oid) text; pg_get_function_result(oid) text; pg_get_function_arguments(oid) text; pg_get_function_identity_arguments(oid) text; pg_get_triggerdef(oid,bool?) text; pg_get_ruledef(oid,bool?) text":
    () => null,
  "pg_cancel_backend(int4) bool volatile": withInfo(({ env }, pid: number) =>
    env.runtime.signal(pid, "cancel"),
  ),
  "pg_terminate_backend(int4,int8?) bool volatile": withInfo(({ env }, pid: number) =>
    env.runtime.signal(pid, "terminate"),
  ),
  "pg_blocking_pids(int4) int4[]": withInfo(({ env }, pid: number) => env.runtime.system().blockers(pid)),
  "pg_stat_get_numscans(oid) int8": () => 0n,
});
