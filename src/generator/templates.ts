/** The pipeline templates, in the order in which they are listed. */
import { canonicalPipeline } from "../model/index.js";

// What a pipeline template is: the part of a collector configuration that differs between pipelines.

/** The seven process metrics that the `hostmetrics` receiver can report. */
export const processMetrics = [
  "process.cpu.time",
  "process.cpu.utilization",
  "process.memory.physical",
  "process.memory.virtual",
  "process.disk.io",
  "process.threads",
  "process.open_file_descriptors",
] as const;

export type ProcessMetric = (typeof processMetrics)[number];

/** What a request may tune in a template. */
export interface TemplateParameters {
  /** How many non-critical processes `process-topk-v1` keeps per node, 1 to 1000. @default 20 */
  readonly topK: number;
  /** Names or name globs that count as critical besides the built-in list. @default [] */
  readonly criticalProcesses: readonly string[];
}

/** The components of one rendered template, before the parts that all pipelines share are added. */
interface TemplatePlan {
  readonly collectionInterval: string;
  readonly metrics: readonly ProcessMetric[];
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

const executableName = 'attributes["process.executable.name"]';

/** Matches a name from `alternatives`, also with a suffix such as `-worker`, but not `google` for `go`. */
const named = (alternatives: string): string => `^(${alternatives})([^a-z].*)?$`;

/** OTTL string literals take backslash escapes, so a regular expression needs them doubled. */
const quote = (text: string): string => `"${text.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

const setWhere = (key: string, value: string, pattern: string): string =>
  `set(attributes["${key}"], "${value}") where IsMatch(${executableName}, ${quote(pattern)})`;

const transform = (statements: readonly string[]): unknown => ({
  error_mode: "ignore",
  metric_statements: [{ context: "resource", statements }],
});

/** A condition that holds for resources whose `key` is one of `values`. */
export const attributeIs = (key: string, ...values: string[]): string =>
  values.map((value) => `resource.attributes["${key}"] == "${value}"`).join(" or ");

/** A `filter` processor that drops each data point for which one of `conditions` holds. */
const dropWhere = (...conditions: string[]): unknown => ({
  error_mode: "ignore",
  metrics: { datapoint: conditions },
});

/**
 * Gives each process a `process.priority`: critical, high, medium or low.
 *
 * @param criticalProcesses - Further names or name globs that count as critical.
 */
export function classifyPriority(criticalProcesses: readonly string[]): unknown {
  return transform([
    'set(attributes["process.priority"], "low")',
    setWhere("process.priority", "medium", named(runtimeNames)),
    setWhere("process.priority", "high", named(highNames)),
    setWhere("process.priority", "critical", named(criticalNames)),
    ...criticalProcesses.map((name) => setWhere("process.priority", "critical", globToRegex(name))),
  ]);
}

/** Gives each process a `process.category`, by which low-priority ones are put together. */
const classifyCategory: unknown = transform([
  'set(attributes["process.category"], "other")',
  setWhere("process.category", "browsers", "^(chrome|chromium|firefox|safari|edge|brave)"),
  setWhere("process.category", "dev_tools", "^(code|vim|emacs|idea|git|make|gcc|npm)"),
  setWhere("process.category", "communication", "^(slack|zoom|teams|discord|thunderbird)"),
  setWhere("process.category", "monitoring", "^(prometheus|grafana|telegraf|collectd|node_exporter)"),
  setWhere("process.category", "utilities", "^(cron|bash|sh|sed|awk|grep|rsync|batch|job|temp)"),
]);

/** Gives each process a `process.type`: database, web, runtime, or other. */
const classifyType: unknown = transform([
  'set(attributes["process.type"], "other")',
  setWhere("process.type", "runtime", named(runtimeNames)),
  setWhere("process.type", "web", named(webNames)),
  setWhere("process.type", "database", named(databaseNames)),
]);

/** Names a group of processes after its category. */
const nameAfterCategory: unknown = transform([
  'set(attributes["process.executable.name"], Concat(["aggregated", attributes["process.category"]], "_"))',
]);

// Keeps databases, web servers and infrastructure; samples the rest by how busy it is and adds it up by type.

const isImportant = attributeIs("process.priority", "critical", "high");
const isRuntime = attributeIs("process.type", "runtime");
const isIdle = 'attributes["process.cpu.utilization"] < 0.15';

const processAdaptiveV1: Template = {
  name: "process-adaptive-v1",
  description: "Keeps databases and web servers, samples idle runtimes and all others",
  cutPercent: [70, 90],
  build: () => ({
    collectionInterval: "30s",
    metrics: ["process.cpu.time", "process.cpu.utilization", "process.memory.physical", "process.threads"],
    processors: {
      "transform/classify_types": classifyType,
      "filter/only_important": dropWhere(`not (${isImportant})`),
      "filter/only_busy_runtimes": dropWhere(isImportant, `not (${isRuntime})`, isIdle),
      "filter/only_idle_runtimes": dropWhere(isImportant, `not (${isRuntime})`, `not (${isIdle})`),
      "filter/only_others": dropWhere(isImportant, isRuntime),
      "probabilistic_sampler/idle_runtimes": { sampling_percentage: 10, hash_seed: 22 },
      "probabilistic_sampler/others": { sampling_percentage: 5, hash_seed: 22 },
      "groupbyattrs/by_type": {
        keys: ["host.name", "node.name", "process.priority", "process.type", "process.executable.name"],
      },
      "transform/name_load": {
        error_mode: "ignore",
        metric_statements: [{ context: "resource", statements: ['set(attributes["process.load"], "idle")'] }],
      },
    },
    pipelines: {
      "metrics/important": ["filter/only_important"],
      "metrics/busy_runtimes": [
        "transform/classify_types",
        "filter/only_busy_runtimes",
        "groupbyattrs/by_type",
      ],
      "metrics/idle_runtimes": [
        "transform/classify_types",
        "filter/only_idle_runtimes",
        "probabilistic_sampler/idle_runtimes",
        "groupbyattrs/by_type",
        "transform/name_load",
      ],
      "metrics/others": [
        "transform/classify_types",
        "filter/only_others",
        "probabilistic_sampler/others",
        "groupbyattrs/by_type",
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
    metrics: processMetrics,
    processors: {
      "filter/drop_low_priority": dropWhere(isLow),
      "filter/only_low_priority": dropWhere(`not (${isLow})`),
      "transform/prepare_aggregation": classifyCategory,
      "groupbyattrs/aggregate_low_priority": {
        keys: ["host.name", "node.name", "process.priority", "process.category", "process.owner"],
      },
      "transform/rename_aggregated": nameAfterCategory,
    },
    pipelines: {
      "metrics/individual": ["filter/drop_low_priority"],
      "metrics/aggregated": [
        "filter/only_low_priority",
        "transform/prepare_aggregation",
        "groupbyattrs/aggregate_low_priority",
        "transform/rename_aggregated",
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
    metrics: processMetrics,
    processors: {},
    pipelines: { metrics: [] },
  }),
};

// Samples by tier while things are calm, and keeps a process whole while it is under stress.

const isHighTier = attributeIs("process.priority", "critical", "high");
const isMediumTier = attributeIs("process.priority", "medium");
const isLowTier = attributeIs("process.priority", "low");
const isStressed = 'attributes["process.cpu.utilization"] > 0.85';

const processIntelligentV1: Template = {
  name: "process-intelligent-v1",
  description: "Samples by tier and load: 100 % high, 30 % medium, 5 % low, everything under stress",
  cutPercent: [50, 75],
  build: () => ({
    collectionInterval: "15s",
    metrics: processMetrics,
    processors: {
      "filter/only_high_or_stressed": dropWhere(`not (${isHighTier} or ${isStressed})`),
      "filter/only_calm_medium": dropWhere(`not (${isMediumTier})`, isStressed),
      "filter/only_calm_low": dropWhere(`not (${isLowTier})`, isStressed),
      "probabilistic_sampler/medium": { sampling_percentage: 30, hash_seed: 22 },
      "probabilistic_sampler/low": { sampling_percentage: 5, hash_seed: 22 },
    },
    pipelines: {
      "metrics/high": ["filter/only_high_or_stressed"],
      "metrics/medium": ["filter/only_calm_medium", "probabilistic_sampler/medium"],
      "metrics/low": ["filter/only_calm_low", "probabilistic_sampler/low"],
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
    metrics: ["process.cpu.utilization", "process.memory.physical"],
    processors: {
      "filter/only_critical": dropWhere(
        `not (${attributeIs("process.priority", "critical")})`,
        'attributes["process.cpu.utilization"] < 0.02',
        'attributes["process.memory.physical"] < 20971520',
      ),
      "groupbyattrs/by_executable": {
        keys: ["host.name", "node.name", "process.priority", "process.executable.name"],
      },
    },
    pipelines: { metrics: ["filter/only_critical", "groupbyattrs/by_executable"] },
  }),
};

// Drops processes of low priority.

const processPriorityFilterV1: Template = {
  name: "process-priority-filter-v1",
  description: "Keeps processes of critical, high and medium priority",
  cutPercent: [40, 60],
  build: () => ({
    collectionInterval: "10s",
    metrics: processMetrics,
    processors: { "filter/keep_important": dropWhere(attributeIs("process.priority", "low")) },
    pipelines: { metrics: ["filter/keep_important"] },
  }),
};

// Keeps critical processes and, of the others, the few that use most.

const isCritical = attributeIs("process.priority", "critical");
// Conditions on a metric read the process's current value, as the platform's templates mean it.
const isBusy =
  'attributes["process.cpu.utilization"] > 0.05 and attributes["process.memory.physical"] > 104857600';

const processTopkV1: Template = {
  name: "process-topk-v1",
  description: "Keeps critical processes and the heaviest of the others",
  cutPercent: [60, 80],
  build: ({ topK }) => ({
    collectionInterval: "10s",
    metrics: processMetrics,
    processors: {
      "filter/only_critical": dropWhere(`not (${isCritical})`),
      "filter/only_busy_others": dropWhere(isCritical, `not (${isBusy})`),
      "topk/by_cpu": { k: topK, by: "process.cpu.utilization" },
    },
    pipelines: {
      "metrics/critical": ["filter/only_critical"],
      "metrics/top": ["filter/only_busy_others", "topk/by_cpu"],
    },
  }),
};

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
