/** The ordinary functions, with their overloads. Those with free argument types are in functions.ts. */
import type { PgType } from "../types/type.js";
import type { Value } from "../types/value.js";
import type { Env, Wait } from "./env.js";
import { mathFunctions } from "./functions/math.js";
import { sessionFunctions } from "./functions/session.js";
import { textFunctions } from "./functions/text.js";
import { timeFunctions } from "./functions/time.js";

export interface FunctionDef {
  readonly name: string;
  readonly args: readonly PgType[];
  /** How many arguments must be given. @default all */
  readonly required?: number;
  readonly result: PgType;
  /** Whether it runs although an argument is null. @default false: null in, null out */
  readonly calledOnNull?: boolean;
  readonly volatile?: boolean;
  run(args: readonly Value[], env: Env): Value;
  /** Set when the call may have to wait; allowed only as a column of a plain `SELECT`. */
  readonly wait?: ((args: readonly Value[], env: Env) => Wait | null) | null;
}

const all = [...mathFunctions, ...textFunctions, ...timeFunctions, ...sessionFunctions];

export const functionTable: ReadonlyMap<string, readonly FunctionDef[]> = new Map(
  all.map(({ name }) => [name, all.filter((def) => def.name === name)]),
);

/** Real functions that are refused by name, so that they are not mistaken for typing errors. */
export const knownUnsupported: ReadonlySet<string> = new Set([
  "date_bin",
  "generate_series",
  "unnest",
  "regexp_matches",
  "regexp_match",
  "to_date",
  "to_number",
  "age",
  "make_interval",
  "make_date",
  "make_timestamp",
  "jsonb_array_elements",
  "jsonb_array_elements_text",
  "jsonb_each",
  "jsonb_each_text",
  "jsonb_object_keys",
  "jsonb_path_query",
  "jsonb_path_exists",
  "json_array_elements",
  "row_to_json",
  "to_tsvector",
  "to_tsquery",
  "similarity",
  "encode",
  "decode",
  "digest",
  "crypt",
  "sha256",
  "row_number",
  "rank",
  "dense_rank",
  "lag",
  "lead",
  "first_value",
  "last_value",
  "ntile",
  "array_to_string",
  "string_to_array",
  "string_to_table",
  "format",
  "setseed",
  "txid_current_snapshot",
  "pg_size_pretty",
  "pg_total_relation_size",
  "pg_relation_size",
  "pg_terminate_backend",
  "pg_cancel_backend",
  "pg_get_serial_sequence",
  "obj_description",
  "has_table_privilege",
  "inet_server_addr",
  "jsonb_pretty",
  "jsonb_strip_nulls",
  "jsonb_insert",
  "xmlparse",
  "num_nulls",
  "num_nonnulls",
  "quote_ident",
  "quote_literal",
  "translate",
  "regexp_replace",
  "regexp_split_to_array",
  "overlay",
  "timeofday",
  "isfinite",
  "justify_days",
  "array_cat",
  "array_prepend",
  "array_replace",
  "trim_array",
  "to_hex",
  "ascii",
  "chr",
  "initcap",
  "lastval_text",
  "width_bucket",
  "hashtext",
  "pg_typeof",
  "pg_blocking_pids",
]);
