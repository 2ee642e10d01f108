/**
 * `cumulativetodelta`: turns growing counters into differences. The Prometheus exporter adds differences up again, so
 * that single processes look the same after it; groups add differences up themselves (see group-by-attributes.ts).
 */
import { z } from "zod";
import { passThrough, readConfig, type ProcessorKind } from "./processor.js";

const schema = z.looseObject({});

export const cumulativeToDelta: ProcessorKind = {
  kind: "cumulativetodelta",
  build: (config) => {
    readConfig(schema, config);
    return passThrough;
  },
};
