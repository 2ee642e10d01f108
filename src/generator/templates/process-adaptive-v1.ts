/** Keeps databases, web servers and infrastructure; samples the rest by how busy it is and adds it up by type. */
import { attributeIs, classifyType, dropWhere } from "./classification.js";
import type { Template } from "./template.js";

const isImportant = attributeIs("process.priority", "critical", "high");
const isRuntime = attributeIs("process.type", "runtime");
const isIdle = 'attributes["process.cpu.utilization"] < 0.15';

export const processAdaptiveV1: Template = {
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
