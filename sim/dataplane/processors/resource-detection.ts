/** `resourcedetection`: says on which host the data was read. */
import { z } from "zod";
import { readConfig, type ProcessorKind } from "./processor.js";

const schema = z.strictObject({
  detectors: z.array(z.enum(["env", "system"])).min(1),
  override: z.boolean().default(true),
  timeout: z.string().optional(),
});

export const resourceDetection: ProcessorKind = {
  kind: "resourcedetection",
  build: (config, { hostName }) => {
    const { override, detectors } = readConfig(schema, config);
    const detects = detectors.includes("system");
    return {
      type: "each",
      dynamic: false,
      apply: (sample) => {
        if (!detects || (!override && sample.attributes["host.name"] !== undefined)) return sample;
        return { ...sample, attributes: { ...sample.attributes, "host.name": hostName } };
      },
    };
  },
};
