/** The pipeline templates, in the order in which they are listed. */
import { canonicalPipeline } from "../../model/index.js";
import { processAdaptiveV1 } from "./process-adaptive-v1.js";
import { processAggregatedV1 } from "./process-aggregated-v1.js";
import { processBaselineV1 } from "./process-baseline-v1.js";
import { processIntelligentV1 } from "./process-intelligent-v1.js";
import { processMinimalV1 } from "./process-minimal-v1.js";
import { processPriorityFilterV1 } from "./process-priority-filter-v1.js";
import { processTopkV1 } from "./process-topk-v1.js";
import type { Template } from "./template.js";

export { classifyPriority } from "./classification.js";
export {
  processMetrics,
  type ProcessMetric,
  type Template,
  type TemplateParameters,
  type TemplatePlan,
} from "./template.js";

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
