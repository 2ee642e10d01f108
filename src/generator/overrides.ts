/** Processors that a request adds to a template, such as a filter during a hot reload. */
import { z } from "zod";

import {
  addUp,
  attributeIs,
  globToRegex,
  keepKeys,
  prepareGroups,
  putTogether,
  sample,
} from "./templates.js";

const patterns = z.array(z.string().min(1).max(255)).max(1000);

const filter = z.strictObject({
  type: z.literal("filter"),
  config: z
    .strictObject({ include_patterns: patterns.optional(), exclude_patterns: patterns.optional() })
    .refine((config) => (config.include_patterns?.length ?? 0) + (config.exclude_patterns?.length ?? 0) > 0, {
      message: "needs at least one of include_patterns and exclude_patterns",
    }),
});

const topk = z.strictObject({
  type: z.literal("topk"),
  config: z.strictObject({
    k: z.int().min(1).max(1000),
    by: z
      .enum(["process.cpu.utilization", "process.memory.usage", "process.memory.physical"])
      .default("process.cpu.utilization")
      // An older name of the same metric.
      .transform((by) => (by === "process.memory.physical" ? "process.memory.usage" : by)),
  }),
});

const groupBy = z.strictObject({
  type: z.enum(["groupby", "aggregation"]),
  config: z.strictObject({ by: z.array(z.string().min(1).max(100)).min(1).max(20) }),
});

const sampler = z.strictObject({
  type: z.literal("probabilistic_sampler"),
  config: z.strictObject({ sampling_percentage: z.number().min(0).max(100) }),
});

/** One processor to add. */
export const processorOverride = z.discriminatedUnion("type", [filter, topk, groupBy, sampler]);

export type ProcessorOverride = z.infer<typeof processorOverride>;

/** Added processors as collector components, in two places of a pipeline. */
export interface RenderedOverrides {
  readonly definitions: Readonly<Record<string, unknown>>;
  /** They choose processes: they run before the template's own reduction, on real process names. */
  readonly selecting: readonly string[];
  /** They add processes up: they run after it. */
  readonly grouping: readonly string[];
}

/** Renders the processors of a request; the order within each place is the order of the request. */
export function renderOverrides(overrides: readonly ProcessorOverride[]): RenderedOverrides {
  const definitions: Record<string, unknown> = {};
  const selecting: string[] = [];
  const grouping: string[] = [];
  for (const [index, override] of overrides.entries()) {
    for (const [kind, definition] of components(override)) {
      const name = `${kind}/override_${index + 1}`;
      definitions[name] = definition;
      (override.type === "groupby" || override.type === "aggregation" ? grouping : selecting).push(name);
    }
  }
  return { definitions, selecting, grouping };
}

type Component = readonly [kind: string, definition: unknown];

function components(override: ProcessorOverride): readonly Component[] {
  switch (override.type) {
    case "filter": {
      const { include_patterns: include = [], exclude_patterns: exclude = [] } = override.config;
      const metrics = {
        ...(include.length > 0 && { include: nameMatcher(include) }),
        ...(exclude.length > 0 && { exclude: nameMatcher(exclude) }),
      };
      return [["filter", { metrics }]];
    }
    // The platform's own: no processor of the contrib distribution ranks.
    case "topk":
      return [["phoenix_topk", { ...override.config }]];
    case "probabilistic_sampler":
      return [["filter", sample(override.config.sampling_percentage)]];
    case "groupby":
    case "aggregation": {
      // Critical processes stay whole: the platform promises to show each of them.
      const others = ` where not (${attributeIs("process.priority", "critical")})`;
      return [
        ["transform", prepareGroups(keepKeys(override.config.by, others))],
        ["groupbyattrs", putTogether],
        ["metricstransform", addUp()],
      ];
    }
    default:
      return unknownOverride(override);
  }
}

function unknownOverride(override: never): never {
  throw new TypeError(`Unknown override: ${JSON.stringify(override)}.`);
}

function nameMatcher(globs: readonly string[]): unknown {
  const value = globs.map((glob) => `(${globToRegex(glob)})`).join("|");
  return {
    match_type: "regexp",
    resource_attributes: [{ key: "process.executable.name", value }],
  };
}
