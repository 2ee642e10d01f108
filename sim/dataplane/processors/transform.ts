/** `transform`: runs OTTL statements on the attributes of each process. */
import { z } from "zod";
import { metricIndexes } from "../metric-table.js";
import type { OttlScope } from "../ottl/index.js";
import { ConfigProblem, readConfig, type ProcessorKind } from "./processor.js";

const schema = z.strictObject({
  error_mode: z.enum(["ignore", "silent", "propagate"]).optional(),
  metric_statements: z.array(
    z.strictObject({ context: z.literal("resource"), statements: z.array(z.string()).min(1) }),
  ),
});

export const transform: ProcessorKind = {
  kind: "transform",
  build: (config, { ottl }) => {
    const statements = readConfig(schema, config).metric_statements.flatMap((group) =>
      group.statements.map((text) => ottl.statement(text)),
    );
    const target = statements.find(({ key }) => metricIndexes.has(key));
    if (target !== undefined) {
      throw new ConfigProblem(`metric_statements: "${target.key}" is a metric and cannot be set`);
    }
    return {
      type: "each",
      dynamic: statements.some(({ value, where }) => value.dynamic || where.dynamic),
      apply: (sample) => {
        const attributes = { ...sample.attributes };
        const scope: OttlScope = { attributes, values: sample.values, metricName: "" };
        for (const { editor, key, value, where } of statements) {
          if (where.evaluate(scope) !== true) continue;
          const result = value.evaluate(scope);
          if (result !== null) attributes[key] = String(result);
          else if (editor === "delete_key") delete attributes[key];
        }
        return { ...sample, attributes };
      },
    };
  },
};
