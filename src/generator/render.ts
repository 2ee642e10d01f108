/** Renders a template, with overrides, to the YAML text of one collector. */
import { stringify } from "yaml";

import { renderOverrides, type ProcessorOverride } from "./overrides.js";
import { collectorVersion } from "./components.js";
import {
  addUp,
  classifyPriority,
  templateMetrics,
  transform,
  workingAttributes,
  type Template,
  type TemplateMetric,
  type TemplateParameters,
} from "./templates.js";

// The components that every generated collector configuration shares.

/** Reads process metrics of the host; metrics not listed are switched off. */
function hostmetricsReceiver(collectionInterval: string, metrics: readonly TemplateMetric[]): unknown {
  return {
    collection_interval: collectionInterval,
    root_path: "/hostfs",
    scrapers: {
      process: {
        mute_process_name_error: true,
        mute_process_exe_error: true,
        mute_process_io_error: true,
        metrics: Object.fromEntries(
          templateMetrics.map((metric) => [metric, { enabled: metrics.includes(metric) }]),
        ),
        // A process is told apart by its name and pid; each of these would be one more label.
        resource_attributes: Object.fromEntries(
          ["command", "command_line", "executable.path", "parent_pid"].map((name) => [
            `process.${name}`,
            { enabled: false },
          ]),
        ),
      },
    },
  };
}

/** Processors that open every pipeline, in order: guard memory first, then say whose data it is. */
const openingProcessors = [
  "memory_limiter",
  "metricstransform/add_up_states",
  "cumulativetodelta",
  "resourcedetection/system",
  "resource/add_experiment_info",
  "transform/classify_processes",
] as const;

/** Processors that close every pipeline: drop what only the reduction needed, then batch. */
const closingProcessors = ["transform/drop_working_attributes", "batch"] as const;

/** Definitions of {@link openingProcessors} and {@link closingProcessors}. */
function sharedProcessors(
  experimentId: string,
  variant: string,
  criticalProcesses: readonly string[],
): Record<string, unknown> {
  return {
    memory_limiter: { check_interval: "1s", limit_percentage: 80, spike_limit_percentage: 20 },
    // One series per process and metric: not one for each state of a CPU or direction of a disk.
    "metricstransform/add_up_states": addUp("process.cpu.time", "process.cpu.utilization", "process.disk.io"),
    cumulativetodelta: {},
    "resourcedetection/system": { detectors: ["env", "system"], override: false },
    "resource/add_experiment_info": {
      attributes: [
        { key: "experiment_id", value: experimentId, action: "upsert" },
        { key: "variant", value: variant, action: "upsert" },
        { key: "node.name", value: "${env:NODE_NAME}", action: "upsert" },
      ],
    },
    // The baseline is classified too: without it nobody could say which critical processes it had.
    "transform/classify_processes": classifyPriority(criticalProcesses),
  };
}

/** Closing definitions, kept apart so that they stand last in the text. */
const closingDefinitions: Readonly<Record<string, unknown>> = {
  // A single process is told apart by its pid; only groups need their owner as a label.
  "transform/drop_working_attributes": transform([
    'delete_key(resource.attributes, "process.owner") where resource.attributes["process.pid"] != nil',
    ...workingAttributes.map((key) => `delete_key(resource.attributes, "${key}")`),
  ]),
  batch: { send_batch_size: 1000, timeout: "10s" },
};

/** New Relic for the customer, Prometheus for the comparison. */
function exporters(experimentId: string, variant: string): Record<string, unknown> {
  return {
    "otlphttp/newrelic": {
      endpoint: "${env:NEW_RELIC_OTLP_ENDPOINT:-https://otlp.nr-data.net:4318}",
      headers: { "api-key": "${env:NEW_RELIC_API_KEY}" },
    },
    prometheus: {
      endpoint: "0.0.0.0:8888",
      namespace: "phoenix",
      const_labels: { experiment_id: experimentId, variant },
      resource_to_telemetry_conversion: { enabled: true },
    },
  };
}

/** Brings what all pipelines keep to the one that ends in Prometheus. */
const connector = "forward/comparison";

// The exporter puts experiment and variant on every series; on the resource, too, they would be there twice, and the
// exporter would refuse the series.
const dropExperimentInfo = {
  attributes: ["experiment_id", "variant"].map((key) => ({ key, action: "delete" })),
};

const extensions: Readonly<Record<string, unknown>> = {
  health_check: { endpoint: "0.0.0.0:13133" },
  pprof: { endpoint: "0.0.0.0:1777" },
  zpages: { endpoint: "0.0.0.0:55679" },
};

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
      "resource/drop_experiment_info": dropExperimentInfo,
    },
    connectors: { [connector]: {} },
    exporters: exporters(experimentId, variant),
    service: {
      extensions: Object.keys(extensions),
      pipelines: {
        ...Object.fromEntries(
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
              exporters: ["otlphttp/newrelic", connector],
            },
          ]),
        ),
        "metrics/comparison": {
          receivers: [connector],
          processors: ["memory_limiter", "resource/drop_experiment_info", "batch"],
          exporters: ["prometheus"],
        },
      },
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

// Kubernetes manifests of an experiment, as YAML texts by file name. They are shown and stored, never applied here.

export interface ManifestRequest {
  readonly experimentId: string;
  readonly version: number;
  readonly targetHosts: readonly string[];
  /** Collector configurations as YAML texts. */
  readonly configs: Readonly<Record<Variant, string>>;
}

const namespace = "phoenix-system";
const collectorImage = `otel/opentelemetry-collector-contrib:${collectorVersion}`;

/** Manifest texts by file name, such as `baseline-deployment.yaml`. */
export function renderManifests(request: ManifestRequest): Record<string, string> {
  const text = (manifest: unknown): string =>
    stringify(manifest, { lineWidth: 0, aliasDuplicateObjects: false });
  return {
    "namespace.yaml": text({ apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }),
    "baseline-deployment.yaml": text(pipeline(request, "baseline")),
    "candidate-deployment.yaml": text(pipeline(request, "candidate")),
    "baseline-configmap.yaml": text(configMap(request, "baseline")),
    "candidate-configmap.yaml": text(configMap(request, "candidate")),
    "services.yaml": text(service(request, "baseline")) + "---\n" + text(service(request, "candidate")),
    "network-policy.yaml": text(networkPolicy(request)),
  };
}

function metadata({ experimentId, version }: ManifestRequest, name: string, variant?: Variant): unknown {
  return {
    name,
    namespace,
    labels: {
      "app.kubernetes.io/part-of": "phoenix",
      "phoenix.io/experiment-id": experimentId,
      ...(variant && { "phoenix.io/variant": variant }),
    },
    annotations: { "phoenix.io/config-version": String(version) },
  };
}

function pipeline(request: ManifestRequest, variant: Variant): unknown {
  const name = `${request.experimentId}-${variant}`;
  return {
    apiVersion: "phoenix.io/v1alpha1",
    kind: "PhoenixProcessPipeline",
    metadata: metadata(request, name, variant),
    spec: {
      experimentID: request.experimentId,
      variant,
      configMap: `${name}-config`,
      collectorImage,
      targetHosts: [...request.targetHosts],
      resources: {
        requests: { cpu: "100m", memory: "256Mi" },
        limits: { cpu: "500m", memory: "512Mi" },
      },
    },
  };
}

function configMap(request: ManifestRequest, variant: Variant): unknown {
  return {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: metadata(request, `${request.experimentId}-${variant}-config`, variant),
    data: { "collector.yaml": request.configs[variant] },
  };
}

function service(request: ManifestRequest, variant: Variant): unknown {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: metadata(request, `${request.experimentId}-${variant}`, variant),
    spec: {
      clusterIP: "None",
      selector: { "phoenix.io/experiment-id": request.experimentId, "phoenix.io/variant": variant },
      ports: [{ name: "metrics", port: 8888 }],
    },
  };
}

function networkPolicy(request: ManifestRequest): unknown {
  return {
    apiVersion: "networking.k8s.io/v1",
    kind: "NetworkPolicy",
    metadata: metadata(request, request.experimentId),
    spec: {
      podSelector: { matchLabels: { "phoenix.io/experiment-id": request.experimentId } },
      policyTypes: ["Ingress"],
      ingress: [{ ports: [{ port: 8888 }, { port: 13133 }] }],
    },
  };
}
