/** Drops processes of low priority. */
import { attributeIs, dropWhere } from "./classification.js";
import { processMetrics, type Template } from "./template.js";

export const processPriorityFilterV1: Template = {
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
