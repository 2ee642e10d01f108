/** `topk`: keeps the k samples with the highest value of one metric. Ties go to the lower pid, so that they last. */
import { z } from "zod";
import { metricIndexes } from "../metric-table.js";
import { valueAt, type Sample } from "../sample.js";
import { ConfigProblem, readConfig, type ProcessorKind } from "./processor.js";

const schema = z.strictObject({
  k: z.int().min(1).max(1000),
  by: z.string().default("process.cpu.utilization"),
});

export const topK: ProcessorKind = {
  kind: "topk",
  build: (config) => {
    const { k, by } = readConfig(schema, config);
    const index = metricIndexes.get(by);
    if (index === undefined) throw new ConfigProblem(`by: "${by}" is not a process metric`);
    const pid = (sample: Sample): number => Number(sample.attributes["process.pid"] ?? 0);
    return {
      type: "all",
      reset: () => {},
      run: (samples) => {
        if (samples.length <= k) return samples;
        const ranked = [...samples].sort(
          (a, b) => valueAt(b.values, index) - valueAt(a.values, index) || pid(a) - pid(b),
        );
        const kept = new Set(ranked.slice(0, k));
        return samples.filter((sample) => kept.has(sample));
      },
    };
  },
};
