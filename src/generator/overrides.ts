/** Processors that a request adds to a template, such as a filter during a hot reload. */
import { z } from "zod";

import { attributeIs, globToRegex } from "./templates.js";

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
    by: z.enum(["process.cpu.utilization", "process.memory.physical"]).default("process.cpu.utilization"),
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
    const [kind, definition] = component(override);
    const name = `${kind}/override_${index + 1}`;
    definitions[name] = definition;
    (kind === "groupbyattrs" ? grouping : selecting).push(name);
  }
  return { definitions, selecting, grouping };
}

function component(override: ProcessorOverride): [kind: string, definition: unknown] {
  if (override.type === "filter") {
    const { include_patterns: include = [], exclude_patterns: exclude = [] } = override.config;
    const metrics = {
      ...(include.length > 0 && { include: nameMatcher(include) }),
      ...(exclude.length > 0 && { exclude: nameMatcher(exclude) }),
    };
    return ["filter", { metrics }];
  }
  if (override.type === "topk") return ["topk", { ...override.config }];
  if (override.type === "probabilistic_sampler") {
    return ["probabilistic_sampler", { hash_seed: 22, ...override.config }];
  }
  // Host and priority stay labels whatever is grouped by, and critical processes stay whole: the platform
  // promises to show each of them.
  const keys = [...new Set(["host.name", "node.name", "process.priority", ...override.config.by])];
  return ["groupbyattrs", { keys, keep_individual: [attributeIs("process.priority", "critical")] }];
}

function nameMatcher(globs: readonly string[]): unknown {
  const value = globs.map((glob) => `(${globToRegex(glob)})`).join("|");
  return {
    match_type: "regexp",
    resource_attributes: [{ key: "process.executable.name", value }],
  };
}
