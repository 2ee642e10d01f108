/** Every processor that a simulated collector knows, by kind. */
import { z } from "zod";

import { metricIndexes, metricTable, valueAt, type Attributes, type Sample } from "./metrics.js";
import type { Expression, OttlCompiler, OttlScope, RegexCompiler } from "./ottl.js";
import { createRotatingMemo, fractionOf, hashText, mix } from "./rotating-memo.js";

// What a processor is to a pipeline.

/** Judges each sample by itself: gives it back, changed or not, or drops it with undefined. */
export interface EachStage {
  readonly type: "each";
  /** The outcome depends on metric values; otherwise it may be remembered for the life of a sample. */
  readonly dynamic: boolean;
  readonly apply: (sample: Sample) => Sample | undefined;
}

/** Looks at all samples of a scrape together. */
interface AllStage {
  readonly type: "all";
  readonly run: (samples: readonly Sample[]) => readonly Sample[];
  /** Forgets what was counted so far. */
  readonly reset: () => void;
}

export type Stage = EachStage | AllStage;

/** What a processor may use while it is built. */
export interface ProcessorTools {
  readonly ottl: OttlCompiler;
  readonly hostName: string;
}

export interface ProcessorKind {
  /** The part of a component name before the slash. */
  readonly kind: string;
  /**
   * Builds one stage, with its own memory, for one pipeline.
   *
   * @throws ConfigProblem or OttlError when the configuration is not valid.
   */
  build(config: unknown, tools: ProcessorTools): Stage;
}

/** A configuration that a collector refuses. */
export class ConfigProblem extends Error {
  override readonly name = "ConfigProblem";
}

/** Reads a component's configuration; an empty one may be written as nothing. */
export function readConfig<Value>(schema: z.ZodType<Value>, config: unknown): Value {
  const result = schema.safeParse(config ?? {});
  if (result.success) return result.data;
  const problems = result.error.issues.map((issue) =>
    issue.path.length === 0 ? issue.message : `${issue.path.join(".")}: ${issue.message}`,
  );
  throw new ConfigProblem(problems.join("; "));
}

/** A stage that lets everything through. */
const passThrough: EachStage = { type: "each", dynamic: false, apply: (sample) => sample };

// `batch`: groups points for export. It changes no series.

const schemaBatch = z.strictObject({
  send_batch_size: z.int().min(0).optional(),
  send_batch_max_size: z.int().min(0).optional(),
  timeout: z.string().optional(),
});

const batch: ProcessorKind = {
  kind: "batch",
  build: (config) => {
    readConfig(schemaBatch, config);
    return passThrough;
  },
};

// `cumulativetodelta`: turns growing counters into differences. The Prometheus exporter adds differences up again, so
// that single processes look the same after it; groups add differences up themselves (see group-by-attributes.ts).

const schemaCumulativeToDelta = z.looseObject({});

const cumulativeToDelta: ProcessorKind = {
  kind: "cumulativetodelta",
  build: (config) => {
    readConfig(schemaCumulativeToDelta, config);
    return passThrough;
  },
};

// `filter`: drops processes or single metrics.
//
// Conditions say what to drop; `include` says what to keep and `exclude` what to drop, by name. All may stand together.

const matcherSchema = z
  .strictObject({
    match_type: z.enum(["strict", "regexp"]),
    metric_names: z.array(z.string()).min(1).optional(),
    resource_attributes: z
      .array(z.strictObject({ key: z.string(), value: z.string() }))
      .min(1)
      .optional(),
  })
  .refine((matcher) => (matcher.metric_names ?? matcher.resource_attributes) !== undefined, {
    message: "needs metric_names or resource_attributes",
  });

const schema = z.strictObject({
  error_mode: z.enum(["ignore", "silent", "propagate"]).optional(),
  metrics: z
    .strictObject({
      metric: z.array(z.string()).optional(),
      datapoint: z.array(z.string()).optional(),
      include: matcherSchema.optional(),
      exclude: matcherSchema.optional(),
    })
    .refine((metrics) => Object.keys(metrics).length > 0, {
      message: "needs a condition, include or exclude",
    }),
});

type Matcher = z.infer<typeof matcherSchema>;

/** Says whether one metric of a sample goes. */
type Drop = (sample: Sample, metricName: string) => boolean;

const filter: ProcessorKind = {
  kind: "filter",
  build: (config, { ottl }) => {
    const { metric = [], datapoint = [], include, exclude } = readConfig(schema, config).metrics;
    const conditions = [...metric, ...datapoint].map((text) => ottl.condition(text));
    const drops = conditions.map(dropWhere);
    if (include !== undefined) {
      const matches = buildMatcher(include, ottl.regex);
      drops.push((sample, name) => !matches(sample, name));
    }
    if (exclude !== undefined) drops.push(buildMatcher(exclude, ottl.regex));
    const perMetric =
      conditions.some((condition) => condition.perMetric) ||
      include?.metric_names !== undefined ||
      exclude?.metric_names !== undefined;
    return {
      type: "each",
      dynamic: conditions.some((condition) => condition.dynamic),
      apply: perMetric
        ? (sample) => dropMetrics(sample, drops)
        : (sample) => (drops.some((drop) => drop(sample, "")) ? undefined : sample),
    };
  },
};

const dropWhere =
  (condition: Expression): Drop =>
  ({ attributes, values }, metricName) =>
    condition.evaluate({ attributes, values, metricName }) === true;

function dropMetrics(sample: Sample, drops: readonly Drop[]): Sample | undefined {
  let metrics = sample.metrics;
  for (const [index, { name }] of metricTable.entries()) {
    if (drops.some((drop) => drop(sample, name))) metrics &= ~(1 << index);
  }
  if (metrics === 0) return undefined;
  return metrics === sample.metrics ? sample : { ...sample, metrics };
}

/** All listed attributes must match, and the metric's name one of the listed names. */
function buildMatcher(
  { match_type, metric_names, resource_attributes }: Matcher,
  regex: RegexCompiler,
): Drop {
  const textMatcher = (wanted: string): ((text: string) => boolean) =>
    match_type === "regexp" ? regex(wanted) : (text) => text === wanted;
  const names = metric_names?.map(textMatcher);
  const wanted = (resource_attributes ?? []).map(({ key, value }) => ({ key, matches: textMatcher(value) }));
  return (sample, metricName) =>
    wanted.every(({ key, matches }) => {
      const found = sample.attributes[key];
      return found !== undefined && matches(found);
    }) &&
    (names === undefined || names.some((matches) => matches(metricName)));
}

// `groupbyattrs`: adds up the processes that agree in the listed attributes; only those attributes remain.
//
// `keep_individual` is an addition of the platform: processes for which one of its conditions holds pass as they are.

const schemaGroupByAttributes = z.strictObject({
  keys: z.array(z.string().min(1)).min(1),
  keep_individual: z.array(z.string()).default([]),
});

// A group or member unseen for so many scrapes begins anew when it comes back.
const forgottenAfterScrapes = 16;

const counters = metricTable.flatMap(({ type }, index) => (type === "counter" ? [index] : []));
const gauges = metricTable.flatMap(({ type }, index) => (type === "gauge" ? [index] : []));

const groupByAttributes: ProcessorKind = {
  kind: "groupbyattrs",
  build: (config, { ottl }) => {
    const { keys, keep_individual } = readConfig(schemaGroupByAttributes, config);
    const individual = keep_individual.map((text) => ottl.condition(text));
    const groups = createRotatingMemo<string, Sample>(forgottenAfterScrapes);
    const seen = createRotatingMemo<Float64Array, Float64Array>(forgottenAfterScrapes);

    const staysAlone = ({ attributes, values }: Sample): boolean =>
      individual.some((condition) => condition.evaluate({ attributes, values, metricName: "" }) === true);

    function groupOf(member: Sample): Sample {
      let key = String(member.metrics);
      for (const name of keys) key += `\n${member.attributes[name] ?? ""}`;
      return groups.get(key, () => {
        const present = keys.filter((name) => member.attributes[name] !== undefined);
        const attributes = Object.fromEntries(present.map((name) => [name, member.attributes[name] ?? ""]));
        return { attributes, values: new Float64Array(metricTable.length), metrics: member.metrics };
      });
    }

    return {
      type: "all",
      reset: () => {
        groups.clear();
        seen.clear();
      },
      run: (samples) => {
        const result = new Set<Sample>();
        for (const sample of samples) {
          if (staysAlone(sample)) {
            result.add(sample);
            continue;
          }
          const group = groupOf(sample);
          if (!result.has(group)) {
            for (const index of gauges) group.values[index] = 0;
            result.add(group);
          }
          addTo(group.values, sample.values, seen.get(sample.values, newArray));
        }
        groups.endRound();
        seen.endRound();
        return [...result];
      },
    };
  },
};

const newArray = (): Float64Array => new Float64Array(metricTable.length);

/**
 * Gauges are added up afresh. Counters add what each member gained since it was last seen, so that a member that ends
 * does not take its past away and let the sum fall.
 */
function addTo(sum: Float64Array, member: Float64Array, last: Float64Array): void {
  for (const index of gauges) sum[index] = valueAt(sum, index) + valueAt(member, index);
  for (const index of counters) {
    const value = valueAt(member, index);
    const gained = value - valueAt(last, index);
    // A counter that fell began again at zero.
    sum[index] = Math.round((valueAt(sum, index) + (gained < 0 ? value : gained)) * 100) / 100;
    last[index] = value;
  }
}

// `memory_limiter`: refuses data when memory runs out, which simulated collectors never let happen.

const percentage = z.number().positive().max(100);
const schemaMemoryLimiter = z
  .strictObject({
    check_interval: z.string().optional(),
    limit_percentage: percentage.optional(),
    spike_limit_percentage: percentage.optional(),
    limit_mib: z.int().positive().optional(),
    spike_limit_mib: z.int().positive().optional(),
    limit: z
      .string()
      .regex(/^[1-9]\d*(KiB|MiB|GiB)$/, "must look like 512MiB")
      .optional(),
  })
  .refine((config) => (config.limit_percentage ?? config.limit_mib ?? config.limit) !== undefined, {
    message: "needs limit_percentage, limit_mib or limit",
  });

const memoryLimiter: ProcessorKind = {
  kind: "memory_limiter",
  build: (config) => {
    readConfig(schemaMemoryLimiter, config);
    return passThrough;
  },
};

// `probabilistic_sampler`: keeps a share of the processes, the same ones for as long as they live.

const schemaProbabilisticSampler = z.strictObject({
  sampling_percentage: z.number().min(0).max(100),
  hash_seed: z.int().default(0),
});

const probabilisticSampler: ProcessorKind = {
  kind: "probabilistic_sampler",
  build: (config) => {
    const { sampling_percentage, hash_seed } = readConfig(schemaProbabilisticSampler, config);
    return {
      type: "each",
      dynamic: false,
      apply: (sample) => {
        // Experiment and variant are left out: both collectors of an experiment sample the same processes.
        const { experiment_id: _, variant: __, ...identity } = sample.attributes;
        const text = Object.entries(identity)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .join("\n");
        return fractionOf(mix(hashText(text), hash_seed)) * 100 < sampling_percentage ? sample : undefined;
      },
    };
  },
};

// `resourcedetection`: says on which host the data was read.

const schemaResourceDetection = z.strictObject({
  detectors: z.array(z.enum(["env", "system"])).min(1),
  override: z.boolean().default(true),
  timeout: z.string().optional(),
});

const resourceDetection: ProcessorKind = {
  kind: "resourcedetection",
  build: (config, { hostName }) => {
    const { override, detectors } = readConfig(schemaResourceDetection, config);
    const detects = detectors.includes("system");
    return {
      type: "each",
      dynamic: false,
      apply: (sample) => {
        if (!detects || (!override && sample.attributes["host.name"] !== undefined)) return sample;
        return { ...sample, attributes: { ...sample.attributes, "host.name": hostName } };
      },
    };
  },
};

// `resource` and `attributes`: put attributes in, change them, or take them away.

const value = z.union([z.string(), z.number(), z.boolean()]).transform(String);
const key = z.string().min(1);
const actionSchema = z.discriminatedUnion("action", [
  z.strictObject({ action: z.enum(["insert", "update", "upsert"]), key, value }),
  z.strictObject({ action: z.literal("delete"), key }),
]);

type Action = z.infer<typeof actionSchema>;

const actions = z.array(actionSchema).min(1);
const resourceSchema = z.strictObject({ attributes: actions });
const attributesSchema = z.strictObject({ actions });

const applyAll = (actions: readonly Action[]): EachStage => ({
  type: "each",
  dynamic: false,
  apply: (sample) => ({ ...sample, attributes: actions.reduce(applyAction, sample.attributes) }),
});

const resource: ProcessorKind = {
  kind: "resource",
  build: (config) => applyAll(readConfig(resourceSchema, config).attributes),
};

const attributes: ProcessorKind = {
  kind: "attributes",
  build: (config) => applyAll(readConfig(attributesSchema, config).actions),
};

function applyAction(attributes: Attributes, action: Action): Attributes {
  const present = attributes[action.key] !== undefined;
  if (action.action === "delete") {
    if (!present) return attributes;
    const { [action.key]: _, ...rest } = attributes;
    return rest;
  }
  if (action.action === "insert" && present) return attributes;
  if (action.action === "update" && !present) return attributes;
  return { ...attributes, [action.key]: action.value };
}

// `topk`: keeps the k samples with the highest value of one metric. Ties go to the lower pid, so that they last.

const schemaTopK = z.strictObject({
  k: z.int().min(1).max(1000),
  by: z.string().default("process.cpu.utilization"),
});

const topK: ProcessorKind = {
  kind: "topk",
  build: (config) => {
    const { k, by } = readConfig(schemaTopK, config);
    const index = metricIndexes.get(by);
    if (index === undefined) throw new ConfigProblem(`by: "${by}" is not a process metric`);
    const pid = (sample: Sample): number => Number(sample.attributes["process.pid"] ?? 0);
    return {
      type: "all",
      reset: () => {},
      run: (samples) => {
        if (samples.length <= k) return samples;
        const ranked = [...samples].sort(
          (a, b) => valueAt(b.values, index) - valueAt(a.values, index) || pid(a) - pid(b),
        );
        const kept = new Set(ranked.slice(0, k));
        return samples.filter((sample) => kept.has(sample));
      },
    };
  },
};

// `transform`: runs OTTL statements on the attributes of each process.

const schemaTransform = z.strictObject({
  error_mode: z.enum(["ignore", "silent", "propagate"]).optional(),
  metric_statements: z.array(
    z.strictObject({ context: z.literal("resource"), statements: z.array(z.string()).min(1) }),
  ),
});

const transform: ProcessorKind = {
  kind: "transform",
  build: (config, { ottl }) => {
    const statements = readConfig(schemaTransform, config).metric_statements.flatMap((group) =>
      group.statements.map((text) => ottl.statement(text)),
    );
    const target = statements.find(({ key }) => metricIndexes.has(key));
    if (target !== undefined) {
      throw new ConfigProblem(`metric_statements: "${target.key}" is a metric and cannot be set`);
    }
    return {
      type: "each",
      dynamic: statements.some(({ value, where }) => value.dynamic || where.dynamic),
      apply: (sample) => {
        const attributes = { ...sample.attributes };
        const scope: OttlScope = { attributes, values: sample.values, metricName: "" };
        for (const { editor, key, value, where } of statements) {
          if (where.evaluate(scope) !== true) continue;
          const result = value.evaluate(scope);
          if (result !== null) attributes[key] = String(result);
          else if (editor === "delete_key") delete attributes[key];
        }
        return { ...sample, attributes };
      },
    };
  },
};

export const processorKinds: ReadonlyMap<string, ProcessorKind> = new Map(
  [
    memoryLimiter,
    cumulativeToDelta,
    resourceDetection,
    resource,
    attributes,
    transform,
    filter,
    topK,
    probabilisticSampler,
    groupByAttributes,
    batch,
  ].map((kind) => [kind.kind, kind]),
);
