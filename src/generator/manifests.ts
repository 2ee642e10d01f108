/** Kubernetes manifests of an experiment, as YAML texts by file name. They are shown and stored, never applied here. */
import { stringify } from "yaml";
import type { Variant } from "./render.js";

export interface ManifestRequest {
  readonly experimentId: string;
  readonly version: number;
  readonly targetHosts: readonly string[];
  /** Collector configurations as YAML texts. */
  readonly configs: Readonly<Record<Variant, string>>;
}

const namespace = "phoenix-system";
const collectorImage = "otel/opentelemetry-collector-contrib:0.104.0";

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
