/** What a template of an alert can see. */
import type { Dialect } from "../../promql/index.js";
import { GoStruct, stringMap } from "./go-value.js";

/** Variables that are there before the text begins. */
export const ALERT_VARIABLES = ["$labels", "$externalLabels", "$externalURL", "$value"];

/** One sample of a query. */
export interface TemplateSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a template can see. */
export interface TemplateData {
  readonly labels: Readonly<Record<string, string>>;
  readonly externalLabels: Readonly<Record<string, string>>;
  /** @default "" */
  readonly externalUrl?: string;
  readonly value: number;
  /** Milliseconds since the epoch. @default 0 */
  readonly nowMs?: number;
  /** Runs a query at the time of the evaluation. */
  query(expr: string): readonly TemplateSample[];
}

/** The dot, and the variables, of a template. */
export function rootOf(
  { labels, externalLabels, externalUrl = "", value }: TemplateData,
  dialect: Dialect,
): {
  readonly root: GoStruct;
  readonly variables: Map<string, unknown>;
} {
  const fields = {
    Labels: stringMap(labels),
    ExternalLabels: stringMap(externalLabels),
    ExternalURL: externalUrl,
    Value: value,
  };
  const type = dialect === 2 ? "float64" : "interface {}";
  const root = new GoStruct(
    `struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value ${type} }`,
    fields,
  );
  const variables = new Map<string, unknown>([
    ["$", root],
    ["$labels", fields.Labels],
    ["$externalLabels", fields.ExternalLabels],
    ["$externalURL", externalUrl],
    ["$value", value],
  ]);
  return { root, variables };
}
