/** `batch`: groups points for export. It changes no series. */
import { z } from "zod";
import { passThrough, readConfig, type ProcessorKind } from "./processor.js";

const schema = z.strictObject({
  send_batch_size: z.int().min(0).optional(),
  send_batch_max_size: z.int().min(0).optional(),
  timeout: z.string().optional(),
});

export const batch: ProcessorKind = {
  kind: "batch",
  build: (config) => {
    readConfig(schema, config);
    return passThrough;
  },
};
