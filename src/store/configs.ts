/** Generated collector configurations, one row a version. Rows never change. */
import type { SqlClient, SqlStatement } from "../ports/index.js";
import { fromJson, fromMs, toMs, type TimeColumn } from "./columns.js";

/** Processors that replace those of a template, for each variant that has some. */
export type ConfigOverrides = Readonly<Record<string, { readonly processors: readonly unknown[] }>>;

/** One version of both configurations of an experiment. */
export interface GeneratedConfig {
  readonly experiment_id: string;
  /** From 1, without gaps. */
  readonly version: number;
  /** Collector YAML. */
  readonly baseline_config: string;
  /** Collector YAML. */
  readonly candidate_config: string;
  readonly overrides: ConfigOverrides;
  readonly created_at: number;
}

const insert: SqlStatement = {
  name: "insert-generated-config",
  text: `INSERT INTO generated_configs (experiment_id, version, baseline_config, candidate_config, overrides, created_at)
    VALUES ($1, $2, $3, $4, $5, $6)`,
};

const selectVersion: SqlStatement = {
  name: "select-generated-config",
  text: "SELECT * FROM generated_configs WHERE experiment_id = $1 AND version = $2",
};

interface ConfigRow extends Omit<GeneratedConfig, "created_at"> {
  readonly created_at: TimeColumn;
}

/** Stores a version. @throws An error with code 23505 when the version exists. */
export async function insertConfig(sql: SqlClient, config: GeneratedConfig): Promise<void> {
  await sql.query(insert, [
    config.experiment_id,
    config.version,
    config.baseline_config,
    config.candidate_config,
    JSON.stringify(config.overrides),
    fromMs(config.created_at),
  ]);
}

/** @returns One version; undefined when there is none. */
export async function findConfig(
  sql: SqlClient,
  experimentId: string,
  version: number,
): Promise<GeneratedConfig | undefined> {
  const { rows } = await sql.query<ConfigRow>(selectVersion, [experimentId, version]);
  const row = rows[0];
  return row === undefined
    ? undefined
    : { ...row, overrides: fromJson(row.overrides) as ConfigOverrides, created_at: toMs(row.created_at) };
}
