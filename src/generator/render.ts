/** Renders a template, with overrides, to the YAML text of one collector. */
import { stringify } from "yaml";
import {
  closingDefinitions,
  closingProcessors,
  exporters,
  extensions,
  hostmetricsReceiver,
  openingProcessors,
  sharedProcessors,
} from "./common-components.js";
import { renderOverrides, type ProcessorOverride } from "./overrides.js";
import type { Template, TemplateParameters } from "./templates/index.js";

export type Variant = "baseline" | "candidate";

export interface CollectorRequest {
  readonly template: Template;
  /** Experiment id, or a text that stands for it. */
  readonly experimentId: string;
  readonly variant: Variant;
  readonly parameters: TemplateParameters;
  readonly overrides: readonly ProcessorOverride[];
  /** Values for `${NAME}` references; other references are left to the collector's own environment. */
  readonly variables: Readonly<Record<string, string>>;
}

/** @returns The YAML text; the same request gives the same text. */
export function renderCollector({
  template,
  experimentId,
  variant,
  parameters,
  overrides,
  variables,
}: CollectorRequest): string {
  const plan = template.build(parameters);
  const added = renderOverrides(overrides);
  const config = {
    extensions,
    receivers: { hostmetrics: hostmetricsReceiver(plan.collectionInterval, plan.metrics) },
    processors: {
      ...sharedProcessors(experimentId, variant, parameters.criticalProcesses),
      ...added.definitions,
      ...plan.processors,
      ...closingDefinitions,
    },
    exporters: exporters(experimentId, variant),
    service: {
      extensions: Object.keys(extensions),
      pipelines: Object.fromEntries(
        Object.entries(plan.pipelines).map(([name, reduce]) => [
          name,
          {
            receivers: ["hostmetrics"],
            processors: [
              ...openingProcessors,
              ...added.selecting,
              ...reduce,
              ...added.grouping,
              ...closingProcessors,
            ],
            exporters: ["otlphttp/newrelic", "prometheus"],
          },
        ]),
      ),
    },
  };
  const header = `# ${template.name} (${variant}): ${template.description}.\n`;
  return header + stringify(substitute(config, variables), { lineWidth: 0, aliasDuplicateObjects: false });
}

/**
 * Replaces `${NAME}`, `${NAME:-default}` and the `env:` forms in every text of a configuration, for the names that
 * `variables` has. Works on values, not on YAML text, so that no value can change the structure.
 */
function substitute(value: unknown, variables: Readonly<Record<string, string>>): unknown {
  if (typeof value === "string") {
    return value.replace(/\$\{(?:env:)?([A-Za-z_][A-Za-z0-9_]*)(?::-[^}]*)?\}/g, (whole, name: string) =>
      Object.hasOwn(variables, name) ? (variables[name] ?? whole) : whole,
    );
  }
  if (Array.isArray(value)) return value.map((item) => substitute(item, variables));
  if (typeof value === "object" && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, substitute(item, variables)]));
  }
  return value;
}
