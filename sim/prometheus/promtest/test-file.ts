/** The test files of `promtool test rules`. */
import { parse } from "yaml";
import { z } from "zod";
import { SimError } from "../../errors.js";
import { durationSchema } from "../config/duration-schema.js";

const texts = z.record(z.string(), z.coerce.string());

const testSchema = z.strictObject({
  name: z.string().optional(),
  interval: durationSchema.optional(),
  input_series: z.array(z.strictObject({ series: z.string(), values: z.coerce.string() })).optional(),
  alert_rule_test: z
    .array(
      z.strictObject({
        eval_time: durationSchema,
        alertname: z.string(),
        exp_alerts: z
          .array(z.strictObject({ exp_labels: texts.nullish(), exp_annotations: texts.nullish() }))
          .nullish(),
      }),
    )
    .optional(),
  promql_expr_test: z
    .array(
      z.strictObject({
        expr: z.coerce.string(),
        eval_time: durationSchema,
        exp_samples: z
          .array(z.strictObject({ labels: z.string().optional(), value: z.number().optional() }))
          .nullish(),
      }),
    )
    .optional(),
  external_labels: texts.optional(),
  external_url: z.string().optional(),
});

const fileSchema = z.strictObject({
  rule_files: z.array(z.string()).optional(),
  evaluation_interval: durationSchema.optional(),
  group_eval_order: z.array(z.string()).optional(),
  fuzzy_compare: z.boolean().optional(),
  tests: z.array(testSchema),
});

/** A whole file. Durations are milliseconds. */
export type PromtestFile = z.output<typeof fileSchema>;
/** One test of a file. */
export type PromtestCase = PromtestFile["tests"][number];

/** @throws SimError `SIM_OPTION_INVALID` for a file that promtool would refuse. */
export function parsePromtestFile(text: string): PromtestFile {
  const result = fileSchema.safeParse(readYaml(text));
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new SimError(
    "SIM_OPTION_INVALID",
    `Cannot read the rule test: ${issue?.message ?? "not valid"} at ${issue?.path.join(".") ?? "the top"}.`,
    "The file has the form that `promtool test rules` takes.",
  );
}

function readYaml(text: string): unknown {
  try {
    return parse(text);
  } catch (error) {
    throw new SimError(
      "SIM_OPTION_INVALID",
      `Cannot read the rule test: it is not YAML: ${(error as Error).message}.`,
      "The file has the form that `promtool test rules` takes.",
      { cause: error },
    );
  }
}
