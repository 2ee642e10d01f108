/** Every function and operator by name. */
import type { FunctionDef } from "../resolution.js";
import { arrayFunctions } from "./array.js";
import { catalogFunctions } from "./catalog.js";
import { datetimeFunctions } from "./datetime.js";
import { formatFunctions } from "./format.js";
import { jsonFunctions } from "./json.js";
import { mathFunctions } from "./math.js";
import { patternFunctions } from "./pattern.js";
import { systemFunctions } from "./system.js";
import { textFunctions } from "./text.js";

const byName = new Map<string, FunctionDef[]>();
for (const def of [
  ...textFunctions,
  ...patternFunctions,
  ...mathFunctions,
  ...datetimeFunctions,
  ...formatFunctions,
  ...jsonFunctions,
  ...arrayFunctions,
  ...systemFunctions,
  ...catalogFunctions,
]) {
  const known = byName.get(def.name);
  if (known === undefined) byName.set(def.name, [def]);
  else known.push(def);
}

/** Operators are here by their signs. */
export const functionTable: ReadonlyMap<string, readonly FunctionDef[]> = byName;

/** Real functions that are refused by name, so that they are not mistaken for typing errors. */
export const knownUnsupported: ReadonlySet<string> = new Set(
  `jsonb_path_query jsonb_path_exists jsonb_path_match jsonb_path_query_array jsonb_path_query_first jsonb_path_exists_tz
  jsonb_populate_record jsonb_populate_recordset json_populate_record json_populate_recordset to_tsvector to_tsquery
  plainto_tsquery phraseto_tsquery websearch_to_tsquery ts_rank ts_rank_cd ts_headline setweight similarity word_similarity
  digest hmac crypt gen_salt uuid_generate_v1 setseed txid_current_snapshot pg_current_snapshot
  txid_current_if_assigned
  has_column_privilege inet_server_addr inet_client_addr xmlparse xpath lower_inc upper_inc isempty
  int4range int8range numrange tsrange tstzrange daterange host network family masklen
  pg_get_functiondef pg_export_snapshot pg_last_wal_replay_lsn pg_current_wal_lsn lo_create lo_get
  json_to_record jsonb_to_record json_to_recordset jsonb_to_recordset row_number rank dense_rank percent_rank cume_dist
  ntile lag lead first_value last_value nth_value timeofday hashtextextended cot crosstab`.split(/\s+/),
);
