/** `memory_limiter`: refuses data when memory runs out, which simulated collectors never let happen. */
import { z } from "zod";
import { passThrough, readConfig, type ProcessorKind } from "./processor.js";

const percentage = z.number().positive().max(100);
const schema = z
  .strictObject({
    check_interval: z.string().optional(),
    limit_percentage: percentage.optional(),
    spike_limit_percentage: percentage.optional(),
    limit_mib: z.int().positive().optional(),
    spike_limit_mib: z.int().positive().optional(),
    limit: z
      .string()
      .regex(/^[1-9]\d*(KiB|MiB|GiB)$/, "must look like 512MiB")
      .optional(),
  })
  .refine((config) => (config.limit_percentage ?? config.limit_mib ?? config.limit) !== undefined, {
    message: "needs limit_percentage, limit_mib or limit",
  });

export const memoryLimiter: ProcessorKind = {
  kind: "memory_limiter",
  build: (config) => {
    readConfig(schema, config);
    return passThrough;
  },
};
