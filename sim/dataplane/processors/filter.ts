/**
 * `filter`: drops processes or single metrics.
 *
 * Conditions say what to drop; `include` says what to keep and `exclude` what to drop, by name. All may stand together.
 */
import { z } from "zod";
import { metricTable } from "../metric-table.js";
import type { Expression, RegexCompiler } from "../ottl/index.js";
import type { Sample } from "../sample.js";
import { readConfig, type ProcessorKind } from "./processor.js";

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

export const filter: ProcessorKind = {
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
