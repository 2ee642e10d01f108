/** Everything, unreduced: what the candidate is measured against. */
import { processMetrics, type Template } from "./template.js";

export const processBaselineV1: Template = {
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
