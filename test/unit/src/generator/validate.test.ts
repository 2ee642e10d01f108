import { expect, test } from "vitest";
import { stringify } from "yaml";
import { validateConfiguration } from "../../../../src/generator/index.js";

const limiter = { check_interval: "1s", limit_mib: 512 };
const valid = {
  receivers: { hostmetrics: { scrapers: { process: {} } } },
  processors: { memory_limiter: limiter, batch: {} },
  exporters: { prometheus: { endpoint: "0.0.0.0:8888" } },
  service: {
    pipelines: {
      metrics: {
        receivers: ["hostmetrics"],
        processors: ["memory_limiter", "batch"],
        exporters: ["prometheus"],
      },
    },
  },
};

/** The valid configuration with other processors in its pipeline. */
const withProcessors = (
  processors: Record<string, unknown>,
  order: readonly string[] = ["memory_limiter", ...Object.keys(processors), "batch"],
) => ({
  ...valid,
  processors: { ...valid.processors, ...processors },
  service: { pipelines: { metrics: { ...valid.service.pipelines.metrics, processors: order } } },
});
const withReceiver = (name: string, config: unknown) => ({
  ...valid,
  receivers: { ...valid.receivers, [name]: config },
});
const withExporter = (name: string, config: unknown) => ({
  ...valid,
  exporters: { ...valid.exporters, [name]: config },
});
const errorsOf = (config: unknown): readonly string[] => validateConfiguration(stringify(config)).errors;

test("a complete configuration is valid", () => {
  expect(validateConfiguration(stringify(valid))).toEqual({ valid: true, errors: [], warnings: [] });
});

test("processors and extensions may be left out; that there are none is advice", () => {
  const { processors: _, ...plain } = valid;
  const pipelines = { metrics: { receivers: ["hostmetrics"], exporters: ["prometheus"] } };
  const { valid: isValid, warnings } = validateConfiguration(stringify({ ...plain, service: { pipelines } }));
  expect(isValid).toBe(true);
  expect(warnings.join("\n")).toContain("memory_limiter is missing");
});

test.each([
  ["a: [", "configuration is not YAML"],
  ["just text", "configuration must be a mapping"],
  ["receivers: &a {b: *a}", "exporters: section is missing"],
  [stringify({ ...valid, exporters: undefined }), "exporters: section is missing"],
  [stringify({ ...valid, recievers: {} }), 'recievers: unknown section; did you mean "receivers"?'],
  [stringify({ ...valid, service: { pipelines: {} } }), "needs at least one pipeline"],
  [stringify({ ...valid, service: { ...valid.service, extensions: ["zpages"] } }), '"zpages" is not defined'],
  [
    stringify({ ...valid, service: { pipelines: { metrics: { exporters: ["prometheus"] } } } }),
    "needs at least one receiver",
  ],
  [
    stringify({ ...valid, service: { ...valid.service, pipes: {} } }),
    'service.pipes: unknown key; did you mean "pipelines"?',
  ],
  [
    stringify({ ...valid, service: { pipelines: { metric: valid.service.pipelines.metrics } } }),
    'service.pipelines.metric: a pipeline is named metrics, traces, logs, profiles, or one of them with /name; did you mean "metrics"?',
  ],
  [stringify(withProcessors({}, ["memory_limiter", "nothing", "batch"])), '"nothing" is not defined'],
  [stringify(withProcessors({}, ["batch", "memory_limiter", "batch"])), '"batch" is listed twice'],
])("what is wrong is named, case %#", (text, problem) => {
  const { valid, errors } = validateConfiguration(text);
  expect(valid).toBe(problem === "");
  expect(errors.join("\n")).toContain(problem);
});

test.each([
  [{ grupbyattrs: {} }, 'processors.grupbyattrs: unknown type "grupbyattrs"; did you mean "groupbyattrs"?'],
  [{ topk: { k: 3 } }, 'did you mean "phoenix_topk"?'],
  [
    { "batch/a": { send_size: 5 } },
    'processors.batch/a.send_size: unknown key; did you mean "send_batch_size"?',
  ],
  [{ "batch/a": { send_batch_size: "5" } }, 'send_batch_size: must be a whole number, found "5"'],
  [{ "batch/a": { timeout: "10 s" } }, 'timeout: must be a duration such as 10s, found "10 s"'],
  [
    { "batch/a": { send_batch_size: 10, send_batch_max_size: 5 } },
    "send_batch_max_size: 5 is below send_batch_size",
  ],
  [{ "memory_limiter/a": { limit: "512MiB" } }, "memory_limiter/a.limit: unknown key"],
  [{ "memory_limiter/a": { limit_mib: 5 } }, "memory_limiter/a.check_interval: must be above zero, found 0"],
  [{ "memory_limiter/a": { check_interval: "1s" } }, "needs limit_mib or limit_percentage"],
  [
    { "memory_limiter/a": { check_interval: "1s", limit_percentage: 101 } },
    "limit_percentage: must be at most 100, found 101",
  ],
  [
    { "memory_limiter/a": { ...limiter, spike_limit_mib: 600 } },
    "spike_limit_mib: must be below limit_mib, which is 512",
  ],
  [
    { probabilistic_sampler: { sampling_percentage: 5 } },
    '"probabilistic_sampler" does not take metrics; it is for traces, logs',
  ],
  [{ phoenix_topk: { k: 0 } }, "k: must be 1 to 1000, found 0"],
  [{ phoenix_topk: { k: 5, by: "process.cpu" } }, '"process.cpu" is not a metric of the process scraper'],
  [{ filter: {} }, "needs conditions, include or exclude"],
  [{ filter: { metric_conditions: ["metric.nam == 1"] } }, 'did you mean "name"?'],
  [{ filter: { metric_conditions: [{ condition: ["true"] }] } }, 'unknown key; did you mean "conditions"?'],
  [{ filter: { metrics: { datapoint: ["value_doubel > 1"] } } }, 'did you mean "value_double"?'],
  [{ filter: { metrics: { include: { metric_names: ["a"] } } } }, "metrics.include.match_type: is missing"],
  [
    { filter: { metrics: { include: { match_type: "regexp", metric_names: ["("] } } } },
    '"(" is not a regular expression',
  ],
  [
    { filter: { metrics: { metric: ['name == "a"'] }, error_mode: "quiet" } },
    "error_mode: must be one of ignore",
  ],
  [
    { transform: { metric_statements: [{ context: "span", statements: ["set(name, 1)"] }] } },
    "context: must be one of datapoint, metric, scope, resource",
  ],
  [
    { transform: { metric_statements: ["st(metric.name, 1)"] } },
    'function "st" does not exist; did you mean "set"?',
  ],
  [{ transform: { metric_statements: ['set(name, "x")'] } }, "none can be inferred"],
  [
    { metricstransform: { transforms: [{ include: "a", action: "insert" }] } },
    'transforms[0].new_name: is needed for "insert"',
  ],
  [
    { metricstransform: { transforms: [{ include: "a", action: "updat" }] } },
    "action: must be one of insert, update, combine, group",
  ],
  [
    { attributes: { actions: [{ key: "a", action: "insert" }] } },
    "needs value, from_attribute or from_context",
  ],
  [{ attributes: { action: [] } }, 'attributes.action: unknown key; did you mean "actions"?'],
  [{ resource: { attributes: [] } }, "needs at least one action"],
  [{ cumulativetodelta: { include: { metrics: ["a"] } } }, "include.match_type: is missing"],
])("a processor is checked by its own facts: %j", (processors, problem) => {
  expect(errorsOf(withProcessors(processors)).join("\n")).toContain(problem);
});

test.each([
  [withReceiver("hostmetrics", {}), "receivers.hostmetrics.scrapers: is missing"],
  [withReceiver("hostmetrics", { scrapers: {} }), "needs at least one scraper"],
  [
    withReceiver("hostmetrics", { scrapers: { process: { colour: "red" } } }),
    "receivers.hostmetrics.scrapers.process.colour: unknown key",
  ],
  [
    withReceiver("hostmetrics", {
      scrapers: { process: { metrics: { "process.memory.physical": { enabled: true } } } },
    }),
    'process.memory.physical: unknown key; did you mean "process.memory.virtual"?',
  ],
  [
    withReceiver("hostmetrics", { scrapers: { process: { include: { names: ["a"] } } } }),
    "include.match_type: is missing",
  ],
  [withReceiver("otlp", { protocols: {} }), "needs grpc, http or both"],
  [withReceiver("otlp/2", { protocols: { grcp: {} } }), 'protocols.grcp: unknown key; did you mean "grpc"?'],
  [withExporter("prometheus", {}), "exporters.prometheus.endpoint: is missing"],
  [withExporter("prometheus/b", { endpoint: "a:1", prefix: "x" }), "prefix: unknown key"],
  [withExporter("logging", {}), 'exporters.logging: unknown type "logging"'],
  [withExporter("otlphttp", {}), "exporters.otlphttp.endpoint: is missing"],
  [
    {
      ...valid,
      connectors: { forward: {} },
      service: { pipelines: { metrics: { ...valid.service.pipelines.metrics, exporters: ["forward"] } } },
    },
    "connectors.forward: is used as an exporter and by no pipeline as a receiver",
  ],
])("receivers, exporters and connectors are checked, case %#", (config, problem) => {
  expect(errorsOf(config).join("\n")).toContain(problem);
});

test.each([
  ["${env:SIZE}", "send_batch_size"],
  ["1m30s", "timeout"],
  ["0", "timeout"],
  [1_000_000_000, "timeout"],
])("%s is a good value of %s", (value, key) => {
  expect(errorsOf(withProcessors({ "batch/a": { [key]: value } }))).toEqual([]);
});

test("a type may be given its newer name", () => {
  const config = withProcessors({ resource_detection: { detectors: ["system"] } });
  expect(
    errorsOf({ ...config, exporters: { ...valid.exporters, otlp_grpc: { endpoint: "a:4317" } } }),
  ).toEqual([]);
});

test("a component that is known by name only keeps its own keys", () => {
  const config = withReceiver("kafka", { brokers: ["a:9092"], anything: { goes: 1 } });
  expect(errorsOf(config)).toEqual([]);
});

test("what is unusual but works is a warning", () => {
  const config = withProcessors({ "filter/a": { metrics: { metric: ['name == "x"'] } } }, [
    "batch",
    "memory_limiter",
    "filter/a",
  ]);
  expect(validateConfiguration(stringify(config))).toEqual({
    valid: true,
    errors: [],
    warnings: [
      "service.pipelines.metrics.processors: memory_limiter should be first",
      "service.pipelines.metrics.processors: batch should be last",
    ],
  });
});

test("the platform's own processor is named as such", () => {
  const { valid, warnings } = validateConfiguration(stringify(withProcessors({ phoenix_topk: { k: 5 } })));
  expect([valid, warnings]).toEqual([
    true,
    [
      'service.pipelines.metrics.processors: "phoenix_topk" is the platform\'s own; a collector must be built with it',
    ],
  ]);
});

test("pipelines that feed each other in a circle are refused", () => {
  const pipeline = (from: string, to: string) => ({
    receivers: ["hostmetrics", from],
    processors: ["memory_limiter", "batch"],
    exporters: ["prometheus", to],
  });
  const circle = {
    ...valid,
    connectors: { "forward/a": {}, "forward/b": {} },
    service: {
      pipelines: {
        "metrics/1": pipeline("forward/a", "forward/b"),
        "metrics/2": pipeline("forward/b", "forward/a"),
      },
    },
  };
  expect(errorsOf(circle)).toEqual([
    "service.pipelines.metrics/1: its data comes back to it through connectors",
  ]);
});
