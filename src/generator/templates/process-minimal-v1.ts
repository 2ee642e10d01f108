/** The least that still shows whether critical services live: two metrics per critical executable. */
import { attributeIs, dropWhere } from "./classification.js";
import type { Template } from "./template.js";

export const processMinimalV1: Template = {
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
