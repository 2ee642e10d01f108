/** The test files of `promtool test rules`. */
import type { Dialect } from "../promql/index.js";
import { parseTime } from "../time/parse-time.js";
import {
  decodeYaml,
  YamlError,
  yamlBoolean,
  yamlDuration,
  yamlList,
  yamlNumber,
  yamlString,
  yamlStringMap,
  yamlStruct,
  type Decoded,
  type Decoder,
} from "../yaml/index.js";

const alert = yamlStruct("main.alert", { exp_labels: yamlStringMap, exp_annotations: yamlStringMap });
const alertTest = yamlStruct("main.alertTestCase", {
  eval_time: yamlDuration,
  alertname: yamlString,
  exp_alerts: yamlList("[]main.alert", alert),
});
const sampleFields = { labels: yamlString, value: yamlNumber };
const series = yamlStruct("main.series", { series: yamlString, values: yamlString });

/** Milliseconds since the epoch of seconds or of a date. */
const startTimestamp: Decoder<number | undefined> = (node, context) => {
  const text = yamlString(node, context);
  if (node === undefined || text === "") return undefined;
  const timeMs = parseTime(text);
  if (timeMs !== undefined) return timeMs;
  const message = `cannot parse ${JSON.stringify(text)} to a valid timestamp`;
  throw new YamlError(message, [{ message, place: node.place }]);
};

function testFields<Sample>(sample: Decoder<Sample>) {
  return {
    interval: yamlDuration,
    input_series: yamlList("[]main.series", series),
    alert_rule_test: yamlList("[]main.alertTestCase", alertTest),
    promql_expr_test: yamlList(
      "[]main.promqlTestCase",
      yamlStruct("main.promqlTestCase", {
        expr: yamlString,
        eval_time: yamlDuration,
        exp_samples: yamlList("[]main.sample", sample),
      }),
    ),
    external_labels: yamlStringMap,
    external_url: yamlString,
    name: yamlString,
  };
}

const commonFields = {
  rule_files: yamlList("[]string", yamlString),
  evaluation_interval: yamlDuration,
  group_eval_order: yamlList("[]string", yamlString),
};

const version2 = yamlStruct("main.unitTestFile", {
  ...commonFields,
  tests: yamlList(
    "[]main.testGroup",
    yamlStruct("main.testGroup", testFields(yamlStruct("main.sample", sampleFields))),
  ),
});

const version3 = yamlStruct("main.unitTestFile", {
  ...commonFields,
  tests: yamlList(
    "[]main.testGroup",
    yamlStruct("main.testGroup", {
      ...testFields(yamlStruct("main.sample", { ...sampleFields, histogram: yamlString })),
      start_timestamp: startTimestamp,
    }),
  ),
  fuzzy_compare: yamlBoolean,
});

/** A whole file. Times are milliseconds; what is missing is empty or zero. */
export type PromtestFile = Omit<Decoded<typeof version2>, "tests"> & {
  readonly tests: readonly PromtestCase[];
  readonly fuzzy_compare?: boolean;
};

/** One test of a file. */
export type PromtestCase = Omit<Decoded<typeof version2>["tests"][number], "promql_expr_test"> & {
  readonly promql_expr_test: readonly ExprTest[];
  readonly start_timestamp?: number | undefined;
};

/** Alerts that must fire at one moment. */
export type AlertTest = PromtestCase["alert_rule_test"][number];

/** What an expression must give at one moment. */
export type ExprTest = Omit<
  Decoded<typeof version2>["tests"][number]["promql_expr_test"][number],
  "exp_samples"
> & {
  readonly exp_samples: readonly {
    readonly labels: string;
    readonly value: number;
    readonly histogram?: string;
  }[];
};

/** @throws YamlError for a file that promtool would refuse. */
export function parsePromtestFile(text: string, dialect: Dialect): PromtestFile {
  const options = { version: 2, ignoreUnknownFields: false } as const;
  return dialect === 3 ? decodeYaml(text, version3, options) : decodeYaml(text, version2, options);
}
