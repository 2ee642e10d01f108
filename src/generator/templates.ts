/** The pipeline templates, in the order in which they are listed. */
import { canonicalPipeline } from "../model/index.js";

// What a pipeline template is: the part of a collector configuration that differs between pipelines.

/** The seven process metrics that templates ask the `hostmetrics` receiver for. */
export const templateMetrics = [
  "process.cpu.time",
  "process.cpu.utilization",
  "process.memory.usage",
  "process.memory.virtual",
  "process.disk.io",
  "process.threads",
  "process.open_file_descriptors",
] as const;

export type TemplateMetric = (typeof templateMetrics)[number];

/** What a request may tune in a template. */
export interface TemplateParameters {
  /**
   * How many non-critical processes `process-topk-v1` keeps per node, 1 to 1000. No processor of the contrib
   * distribution ranks, so this switches the platform's own on, `phoenix_topk`, which a collector must be built with.
   * @default none: every heavy process is kept
   */
  readonly topK: number | undefined;
  /** Names or name globs that count as critical besides the built-in list. @default [] */
  readonly criticalProcesses: readonly string[];
}

/** The components of one rendered template, before the parts that all pipelines share are added. */
interface TemplatePlan {
  readonly collectionInterval: string;
  readonly metrics: readonly TemplateMetric[];
  /** Processors that only this template has, by component name. */
  readonly processors: Readonly<Record<string, unknown>>;
  /** Per pipeline: the processors that reduce, in order, between the shared beginning and `batch`. */
  readonly pipelines: Readonly<Record<string, readonly string[]>>;
}

export interface Template {
  readonly name: string;
  readonly description: string;
  /** Share of the process series that the template is meant to remove, in percent: lowest, highest. */
  readonly cutPercent: readonly [number, number];
  build(parameters: TemplateParameters): TemplatePlan;
}

// Name globs: `*` for any characters, `?` for one. Everything else stands for itself.

/** @returns The anchored RE2 expression that matches the same names as `glob`. */
export function globToRegex(glob: string): string {
  const body = glob
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return `^${body}$`;
}

// How a process is judged by its name: priority, kind and category, as OTTL statements.

const criticalNames =
  "nginx|apache|apache2|httpd|haproxy|envoy|postgres|postgresql|mysql|mysqld|mongodb|mongod|redis|" +
  "elasticsearch|kafka|rabbitmq|nats|kubelet|dockerd|containerd";
const highNames = "systemd|init|kernel|sshd|chronyd|networkd";
const runtimeNames = "python|python3|java|node|ruby|go";
const webNames = "nginx|apache|apache2|httpd|haproxy|envoy";
const databaseNames =
  "postgres|postgresql|mysql|mysqld|mongodb|mongod|redis|elasticsearch|kafka|rabbitmq|nats";

const attributeOf = (key: string): string => `resource.attributes["${key}"]`;
const executableName = attributeOf("process.executable.name");

/** Matches a name from `alternatives`, also with a suffix such as `-worker`, but not `google` for `go`. */
const named = (alternatives: string): string => `^(${alternatives})([^a-z].*)?$`;

/** OTTL string literals take backslash escapes, so a regular expression needs them doubled. */
const quote = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

const setWhere = (key: string, value: string, pattern: string): string =>
  `set(${attributeOf(key)}, "${value}") where IsMatch(${executableName}, ${quote(pattern)})`;

const statementsIn = (context: string, statements: readonly string[]): unknown => ({
  error_mode: "ignore",
  metric_statements: [{ context, statements }],
});
/** A `transform` processor with statements about whole processes. */
export const transform = (statements: readonly string[]): unknown => statementsIn("resource", statements);

/** A condition that holds for resources whose `key` is one of `values`. */
export const attributeIs = (key: string, ...values: string[]): string =>
  values.map((value) => `${attributeOf(key)} == "${value}"`).join(" or ");

/** A `filter` processor that drops each process for which one of `conditions` about its attributes holds. */
const dropWhere = (...conditions: string[]): unknown => ({
  error_mode: "ignore",
  metrics: { metric: conditions },
});

/**
 * A `transform` processor that marks a process by its present numbers: an attribute of the resource is set where a
 * condition holds for one of its data points, so that later processors can choose by it.
 */
const mark = (...marks: (readonly [key: string, value: string, condition: string])[]): unknown =>
  statementsIn(
    "datapoint",
    marks.map(([key, value, condition]) => `set(${attributeOf(key)}, "${value}") where ${condition}`),
  );
const cpuIs = (comparison: string): string =>
  `metric.name == "process.cpu.utilization" and datapoint.value_double ${comparison}`;
const memoryIs = (comparison: string): string =>
  `metric.name == "process.memory.usage" and datapoint.value_int ${comparison}`;

// Sampling. The sampling processor is for traces and logs; a hash of the process chooses as well, and as steadily.

const sampledDigits = 4;

/** @returns The RE2 expression for hexadecimal digits below `share` of all, by their first four. */
function hexBelow(share: number): string {
  const limit = Math.round(share * 16 ** sampledDigits);
  if (limit >= 16 ** sampledDigits) return "^";
  const digits = limit.toString(16).padStart(sampledDigits, "0");
  const below = Array.from(digits).flatMap((digit, index) => {
    const value = Number.parseInt(digit, 16);
    const range = value === 1 ? "0" : value <= 10 ? `[0-${value - 1}]` : `[0-9a-${(value - 1).toString(16)}]`;
    return value === 0 ? [] : [digits.slice(0, index) + (value === 11 ? "[0-9a]" : range)];
  });
  return below.length === 0 ? "^$" : `^(?:${below.join("|")})`;
}

/** A `filter` processor that keeps about that share of the processes, the same ones in every collector. */
export function sample(percent: number): unknown {
  const process = `Concat([${executableName}, ${attributeOf("process.pid")}], "/")`;
  return dropWhere(`not IsMatch(SHA256(${process}), ${quote(hexBelow(percent / 100))})`);
}

// Adding processes up. `groupbyattrs` only puts resources together that are alike, so all else is taken away first;
// then `metricstransform` adds up what became several data points of one metric.

/** Says whose data it is: every process has these, so that grouping always keeps them. */
const commonKeys = ["experiment_id", "variant", "host.name", "node.name", "process.priority"];

/** Statement that leaves nothing of a process but `keys`, where a condition holds. */
export const keepKeys = (keys: readonly string[], where = ""): string =>
  `keep_keys(resource.attributes, [${[...new Set([...commonKeys, ...keys])].map((key) => `"${key}"`).join(", ")}])${where}`;

/** Statements for data points: what is read within a second counts as read at one moment, or it would not add up. */
const alignTime = ["time", "start_time"].map(
  (field) => `set(datapoint.${field}, TruncateTime(datapoint.${field}, Duration("1s")))`,
);

/** A `transform` processor that makes processes alike which are to be added up. */
export const prepareGroups = (...statements: string[]): unknown => ({
  error_mode: "ignore",
  metric_statements: [
    { context: "resource", statements },
    { context: "datapoint", statements: alignTime },
  ],
});

/** A `groupbyattrs` processor without keys: it puts resources together whose attributes are the same. */
export const putTogether: unknown = { keys: [] };

/** A `metricstransform` processor that adds up the data points of each metric. */
export const addUp = (...names: string[]): unknown => ({
  transforms: (names.length === 0 ? ["^process\\..*$"] : names).map((include) => ({
    include,
    match_type: names.length === 0 ? "regexp" : "strict",
    action: "update",
    operations: [{ action: "aggregate_labels", label_set: [], aggregation_type: "sum" }],
  })),
});

/**
 * Gives each process a `process.priority`: critical, high, medium or low.
 *
 * @param criticalProcesses - Further names or name globs that count as critical.
 */
export function classifyPriority(criticalProcesses: readonly string[]): unknown {
  return transform([
    `set(${attributeOf("process.priority")}, "low")`,
    setWhere("process.priority", "medium", named(runtimeNames)),
    setWhere("process.priority", "high", named(highNames)),
    setWhere("process.priority", "critical", named(criticalNames)),
    ...criticalProcesses.map((name) => setWhere("process.priority", "critical", globToRegex(name))),
  ]);
}

/** Gives each process a `process.category`, by which low-priority ones are put together. */
const classifyCategory = [
  `set(${attributeOf("process.category")}, "other")`,
  setWhere("process.category", "browsers", "^(chrome|chromium|firefox|safari|edge|brave)"),
  setWhere("process.category", "dev_tools", "^(code|vim|emacs|idea|git|make|gcc|npm)"),
  setWhere("process.category", "communication", "^(slack|zoom|teams|discord|thunderbird)"),
  setWhere("process.category", "monitoring", "^(prometheus|grafana|telegraf|collectd|node_exporter)"),
  setWhere("process.category", "utilities", "^(cron|bash|sh|sed|awk|grep|rsync|batch|job|temp)"),
];

/** Gives each process a `process.type`: database, web, runtime, or other. */
const classifyType: unknown = transform([
  `set(${attributeOf("process.type")}, "other")`,
  setWhere("process.type", "runtime", named(runtimeNames)),
  setWhere("process.type", "web", named(webNames)),
  setWhere("process.type", "database", named(databaseNames)),
]);

// Keeps databases, web servers and infrastructure; samples the rest by how busy it is and adds it up by type.

const isImportant = attributeIs("process.priority", "critical", "high");
const isRuntime = attributeIs("process.type", "runtime");
const isBusy = attributeIs("process.load", "busy");

const processAdaptiveV1: Template = {
  name: "process-adaptive-v1",
  description: "Keeps databases and web servers, samples idle runtimes and all others",
  cutPercent: [70, 90],
  build: () => ({
    collectionInterval: "30s",
    metrics: ["process.cpu.time", "process.cpu.utilization", "process.memory.usage", "process.threads"],
    processors: {
      "transform/classify_types": classifyType,
      "transform/judge_load": mark(
        ["process.load", "idle", cpuIs("< 0.15")],
        ["process.load", "busy", cpuIs(">= 0.15")],
      ),
      "filter/only_important": dropWhere(`not (${isImportant})`),
      "filter/only_busy_runtimes": dropWhere(isImportant, `not (${isRuntime})`, `not (${isBusy})`),
      "filter/only_idle_runtimes": dropWhere(isImportant, `not (${isRuntime})`, isBusy),
      "filter/only_others": dropWhere(isImportant, isRuntime),
      "filter/sample_idle_runtimes": sample(10),
      "filter/sample_others": sample(5),
      "transform/prepare_runtimes": prepareGroups(
        keepKeys(["process.type", "process.executable.name", "process.load"]),
      ),
      "transform/prepare_others": prepareGroups(keepKeys(["process.type", "process.executable.name"])),
      "groupbyattrs/by_type": putTogether,
      "metricstransform/add_up": addUp(),
    },
    pipelines: {
      "metrics/important": ["filter/only_important"],
      "metrics/busy_runtimes": [
        "transform/classify_types",
        "transform/judge_load",
        "filter/only_busy_runtimes",
        "transform/prepare_runtimes",
        "groupbyattrs/by_type",
        "metricstransform/add_up",
      ],
      "metrics/idle_runtimes": [
        "transform/classify_types",
        "transform/judge_load",
        "filter/only_idle_runtimes",
        "filter/sample_idle_runtimes",
        "transform/prepare_runtimes",
        "groupbyattrs/by_type",
        "metricstransform/add_up",
      ],
      "metrics/others": [
        "transform/classify_types",
        "filter/only_others",
        "filter/sample_others",
        "transform/prepare_others",
        "groupbyattrs/by_type",
        "metricstransform/add_up",
      ],
    },
  }),
};

// Keeps important processes one by one and adds up the others by host, category and owner.

const isLow = attributeIs("process.priority", "low");

const processAggregatedV1: Template = {
  name: "process-aggregated-v1",
  description: "Adds up low-priority processes by category and owner, keeps all others",
  cutPercent: [30, 50],
  build: () => ({
    collectionInterval: "10s",
    metrics: templateMetrics,
    processors: {
      "filter/drop_low_priority": dropWhere(isLow),
      "filter/only_low_priority": dropWhere(`not (${isLow})`),
      "transform/prepare_aggregation": prepareGroups(
        ...classifyCategory,
        `set(${executableName}, Concat(["aggregated", ${attributeOf("process.category")}], "_"))`,
        keepKeys(["process.category", "process.owner", "process.executable.name"]),
      ),
      "groupbyattrs/aggregate_low_priority": putTogether,
      "metricstransform/add_up": addUp(),
    },
    pipelines: {
      "metrics/individual": ["filter/drop_low_priority"],
      "metrics/aggregated": [
        "filter/only_low_priority",
        "transform/prepare_aggregation",
        "groupbyattrs/aggregate_low_priority",
        "metricstransform/add_up",
      ],
    },
  }),
};

// Everything, unreduced: what the candidate is measured against.

const processBaselineV1: Template = {
  name: "process-baseline-v1",
  description: "All processes with all metrics, without any reduction",
  cutPercent: [0, 0],
  build: () => ({
    collectionInterval: "10s",
    metrics: templateMetrics,
    processors: {},
    pipelines: { metrics: [] },
  }),
};

// Samples by tier while things are calm, and keeps a process whole while it is under stress.

const isHighTier = attributeIs("process.priority", "critical", "high");
const isMediumTier = attributeIs("process.priority", "medium");
const isLowTier = attributeIs("process.priority", "low");
const isStressed = attributeIs("process.stress", "high");

const processIntelligentV1: Template = {
  name: "process-intelligent-v1",
  description: "Samples by tier and load: 100 % high, 30 % medium, 5 % low, everything under stress",
  cutPercent: [50, 75],
  build: () => ({
    collectionInterval: "15s",
    metrics: templateMetrics,
    processors: {
      "transform/judge_stress": mark(["process.stress", "high", cpuIs("> 0.85")]),
      "filter/only_high_or_stressed": dropWhere(`not (${isHighTier} or ${isStressed})`),
      "filter/only_calm_medium": dropWhere(`not (${isMediumTier})`, isStressed),
      "filter/only_calm_low": dropWhere(`not (${isLowTier})`, isStressed),
      "filter/sample_medium": sample(30),
      "filter/sample_low": sample(5),
    },
    pipelines: {
      "metrics/high": ["transform/judge_stress", "filter/only_high_or_stressed"],
      "metrics/medium": ["transform/judge_stress", "filter/only_calm_medium", "filter/sample_medium"],
      "metrics/low": ["transform/judge_stress", "filter/only_calm_low", "filter/sample_low"],
    },
  }),
};

// The least that still shows whether critical services live: two metrics per critical executable.

const processMinimalV1: Template = {
  name: "process-minimal-v1",
  description: "Two metrics per critical executable, nothing else",
  cutPercent: [95, 100],
  build: () => ({
    collectionInterval: "60s",
    metrics: ["process.cpu.utilization", "process.memory.usage"],
    processors: {
      "transform/judge_size": mark(
        ["process.size", "small", cpuIs("< 0.02")],
        ["process.size", "small", memoryIs("< 20971520")],
      ),
      "filter/only_critical": dropWhere(
        `not (${attributeIs("process.priority", "critical")})`,
        attributeIs("process.size", "small"),
      ),
      "transform/prepare_executables": prepareGroups(keepKeys(["process.executable.name"])),
      "groupbyattrs/by_executable": putTogether,
      "metricstransform/add_up": addUp(),
    },
    pipelines: {
      metrics: [
        "transform/judge_size",
        "filter/only_critical",
        "transform/prepare_executables",
        "groupbyattrs/by_executable",
        "metricstransform/add_up",
      ],
    },
  }),
};

// Drops processes of low priority.

const processPriorityFilterV1: Template = {
  name: "process-priority-filter-v1",
  description: "Keeps processes of critical, high and medium priority",
  cutPercent: [40, 60],
  build: () => ({
    collectionInterval: "10s",
    metrics: templateMetrics,
    processors: { "filter/keep_important": dropWhere(attributeIs("process.priority", "low")) },
    pipelines: { metrics: ["filter/keep_important"] },
  }),
};

// Keeps critical processes and, of the others, those that use much; of these the few that use most, if a number is
// given.

const isCritical = attributeIs("process.priority", "critical");
const isHeavy = `${attributeIs("process.cpu", "heavy")} and ${attributeIs("process.memory", "heavy")}`;
const score = mark(
  ["process.cpu", "heavy", cpuIs("> 0.3")],
  ["process.memory", "heavy", memoryIs("> 157286400")],
);

const processTopkV1: Template = {
  name: "process-topk-v1",
  description: "Keeps critical processes and the heaviest of the others",
  cutPercent: [60, 80],
  build: ({ topK }) => {
    const common = { collectionInterval: "10s", metrics: templateMetrics };
    if (topK === undefined) {
      return {
        ...common,
        processors: {
          "transform/score": score,
          "filter/keep_heaviest": dropWhere(`not (${isCritical} or (${isHeavy}))`),
        },
        pipelines: { metrics: ["transform/score", "filter/keep_heaviest"] },
      };
    }
    return {
      ...common,
      processors: {
        "transform/score": score,
        "filter/only_critical": dropWhere(`not (${isCritical})`),
        "filter/only_heavy_others": dropWhere(isCritical, `not (${isHeavy})`),
        "phoenix_topk/by_cpu": { k: topK, by: "process.cpu.utilization" },
      },
      pipelines: {
        "metrics/critical": ["filter/only_critical"],
        "metrics/top": ["transform/score", "filter/only_heavy_others", "phoenix_topk/by_cpu"],
      },
    };
  },
};

/** Set on the way to decide by, and not exported. */
export const workingAttributes = [
  "process.type",
  "process.stress",
  "process.size",
  "process.cpu",
  "process.memory",
];

/** All seven, in the order in which `GET /api/v1/templates` lists them. */
export const templates: readonly Template[] = [
  processBaselineV1,
  processPriorityFilterV1,
  processAggregatedV1,
  processTopkV1,
  processAdaptiveV1,
  processIntelligentV1,
  processMinimalV1,
];

/** @returns The template of that name or alias, or undefined when there is none. */
export function findTemplate(name: string): Template | undefined {
  const canonical = canonicalPipeline(name);
  return templates.find((template) => template.name === canonical);
}
