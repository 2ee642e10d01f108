/** Keeps critical processes and, of the others, the few that use most. */
import { attributeIs, dropWhere } from "./classification.js";
import { processMetrics, type Template } from "./template.js";

const isCritical = attributeIs("process.priority", "critical");
// Conditions on a metric read the process's current value, as the platform's templates mean it.
const isBusy =
  'attributes["process.cpu.utilization"] > 0.05 and attributes["process.memory.physical"] > 104857600';

export const processTopkV1: Template = {
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
