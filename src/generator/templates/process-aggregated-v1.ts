/** Keeps important processes one by one and adds up the others by host, category and owner. */
import { attributeIs, classifyCategory, dropWhere, nameAfterCategory } from "./classification.js";
import { processMetrics, type Template } from "./template.js";

const isLow = attributeIs("process.priority", "low");

export const processAggregatedV1: Template = {
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
