/** Generated collector configurations, one row a version. Rows never change. */
import type { SqlClient, SqlStatement } from "../ports/index.js";
import { fromJson, fromMs, toMs, type TimeColumn } from "./transaction.js";

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

const insertConfigSql: SqlStatement = {
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
  await sql.query(insertConfigSql, [
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

// Configuration templates that people keep beside the built-in ones.

/** One template. Times are epoch milliseconds. */
export interface StoredTemplate {
  readonly tenant_id: string;
  readonly name: string;
  readonly description: string;
  readonly content: string;
  readonly default_parameters: Readonly<Record<string, unknown>>;
  /** From 1; grows with each change. */
  readonly version: number;
  readonly created_at: number;
  readonly updated_at: number;
}

const insertTemplateSql: SqlStatement = {
  name: "insert-template",
  text: `INSERT INTO config_templates (key, tenant_id, name, description, content, default_parameters, version,
    created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, 1, $7, $7) ON CONFLICT DO NOTHING`,
};

const updateTemplateSql: SqlStatement = {
  name: "update-template",
  text: `UPDATE config_templates SET description = $2, content = $3, default_parameters = $4, version = version + 1,
    updated_at = $5 WHERE key = $1 AND version = $6 RETURNING *`,
};

const deleteTemplateSql: SqlStatement = {
  name: "delete-template",
  text: "DELETE FROM config_templates WHERE key = $1",
};
const selectByKey: SqlStatement = {
  name: "select-template",
  text: "SELECT * FROM config_templates WHERE key = $1",
};

const selectOfTenant: SqlStatement = {
  name: "select-templates-of-tenant",
  text: "SELECT * FROM config_templates WHERE tenant_id = $1",
};

interface TemplateRow extends Omit<StoredTemplate, "created_at" | "updated_at"> {
  readonly key?: string;
  readonly created_at: TimeColumn;
  readonly updated_at: TimeColumn;
}

/** Stores a template. @returns False when the tenant has one of that name. */
export async function insertTemplate(sql: SqlClient, template: StoredTemplate): Promise<boolean> {
  const { rowCount } = await sql.query(insertTemplateSql, [
    keyOf(template.tenant_id, template.name),
    template.tenant_id,
    template.name,
    template.description,
    template.content,
    JSON.stringify(template.default_parameters),
    fromMs(template.created_at),
  ]);
  return rowCount === 1;
}

/** Changes a template, if its version still is as seen. @returns It afterwards; undefined when it is not. */
export async function updateTemplate(
  sql: SqlClient,
  template: StoredTemplate,
): Promise<StoredTemplate | undefined> {
  const row = (
    await sql.query<TemplateRow>(updateTemplateSql, [
      keyOf(template.tenant_id, template.name),
      template.description,
      template.content,
      JSON.stringify(template.default_parameters),
      fromMs(template.updated_at),
      template.version,
    ])
  ).rows[0];
  return row === undefined ? undefined : toTemplate(row);
}

/** @returns Whether there was one to delete. */
export async function deleteTemplate(sql: SqlClient, tenantId: string, name: string): Promise<boolean> {
  return (await sql.query(deleteTemplateSql, [keyOf(tenantId, name)])).rowCount === 1;
}

/** @returns A template; undefined when the tenant has none of that name. */
export async function findTemplate(
  sql: SqlClient,
  tenantId: string,
  name: string,
): Promise<StoredTemplate | undefined> {
  const row = (await sql.query<TemplateRow>(selectByKey, [keyOf(tenantId, name)])).rows[0];
  return row === undefined ? undefined : toTemplate(row);
}

/** @returns The templates of a tenant by name. */
export async function listTemplates(sql: SqlClient, tenantId: string): Promise<StoredTemplate[]> {
  const { rows } = await sql.query<TemplateRow>(selectOfTenant, [tenantId]);
  return rows.map(toTemplate).sort((a, b) => (a.name < b.name ? -1 : 1));
}

function keyOf(tenantId: string, name: string): string {
  return `${tenantId}/${name}`;
}

function toTemplate({ key: _key, ...row }: TemplateRow): StoredTemplate {
  return {
    ...row,
    default_parameters: fromJson(row.default_parameters) as StoredTemplate["default_parameters"],
    created_at: toMs(row.created_at),
    updated_at: toMs(row.updated_at),
  };
}
