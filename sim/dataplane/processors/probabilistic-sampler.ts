/** `probabilistic_sampler`: keeps a share of the processes, the same ones for as long as they live. */
import { z } from "zod";
import { fractionOf, hashText, mix } from "../hash.js";
import { readConfig, type ProcessorKind } from "./processor.js";

const schema = z.strictObject({
  sampling_percentage: z.number().min(0).max(100),
  hash_seed: z.int().default(0),
});

export const probabilisticSampler: ProcessorKind = {
  kind: "probabilistic_sampler",
  build: (config) => {
    const { sampling_percentage, hash_seed } = readConfig(schema, config);
    return {
      type: "each",
      dynamic: false,
      apply: (sample) => {
        // Experiment and variant are left out: both collectors of an experiment sample the same processes.
        const { experiment_id: _, variant: __, ...identity } = sample.attributes;
        const text = Object.entries(identity)
          .sort(([a], [b]) => (a < b ? -1 : 1))
          .join("\n");
        return fractionOf(mix(hashText(text), hash_seed)) * 100 < sampling_percentage ? sample : undefined;
      },
    };
  },
};
