/** Samples by tier while things are calm, and keeps a process whole while it is under stress. */
import { attributeIs, dropWhere } from "./classification.js";
import { processMetrics, type Template } from "./template.js";

const isHighTier = attributeIs("process.priority", "critical", "high");
const isMediumTier = attributeIs("process.priority", "medium");
const isLowTier = attributeIs("process.priority", "low");
const isStressed = 'attributes["process.cpu.utilization"] > 0.85';

export const processIntelligentV1: Template = {
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
