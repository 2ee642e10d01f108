import { expect, test } from "vitest";
import { stringify } from "yaml";
import { validateConfiguration } from "../../../../src/generator/index.js";

const valid = {
  receivers: { hostmetrics: {} },
  processors: { memory_limiter: { limit: "512MiB" }, batch: {} },
  exporters: { prometheus: {} },
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
const withProcessors = (processors: Record<string, unknown>, order: readonly string[]) => ({
  ...valid,
  processors: { ...valid.processors, ...processors },
  service: { pipelines: { metrics: { ...valid.service.pipelines.metrics, processors: order } } },
});

test("a complete configuration is valid", () => {
  expect(validateConfiguration(stringify(valid))).toEqual({ valid: true, errors: [], warnings: [] });
});

test.each([
  ["a: [", "configuration is not YAML"],
  ["just text", "configuration must be a mapping"],
  ["receivers: &a {b: *a}", "exporters: section is missing"],
  [stringify({ ...valid, exporters: undefined }), "exporters: section is missing"],
  [stringify({ ...valid, service: { pipelines: {} } }), "needs at least one pipeline"],
  [stringify({ ...valid, service: { ...valid.service, extensions: ["zpages"] } }), '"zpages" is not defined'],
  [
    stringify({ ...valid, service: { pipelines: { metrics: { exporters: ["prometheus"] } } } }),
    "needs at least one receiver",
  ],
  [stringify(withProcessors({}, ["memory_limiter", "nothing", "batch"])), '"nothing" is not defined'],
  [stringify(withProcessors({}, ["batch", "memory_limiter"])), "memory_limiter must be first"],
  [stringify(withProcessors({ topk: { k: 0 } }, ["memory_limiter", "topk", "batch"])), "1 to 1000"],
  [stringify(withProcessors({ groupbyattrs: {} }, ["memory_limiter", "batch"])), "at least one key"],
  [
    stringify(withProcessors({ memory_limiter: { limit: "512" } }, ["memory_limiter", "batch"])),
    "like 512MiB",
  ],
  [
    stringify(
      withProcessors({ probabilistic_sampler: { sampling_percentage: -1 } }, ["memory_limiter", "batch"]),
    ),
    "0 to 100",
  ],
])("what is wrong is named, case %#", (text, problem) => {
  const { valid, errors } = validateConfiguration(text);
  expect(valid).toBe(false);
  expect(errors.join("\n")).toContain(problem);
});

test("batch elsewhere than last is a warning", () => {
  const config = withProcessors({ "filter/a": {} }, ["memory_limiter", "batch", "filter/a"]);
  expect(validateConfiguration(stringify(config))).toEqual({
    valid: true,
    errors: [],
    warnings: ["service.pipelines.metrics.processors: batch should be last"],
  });
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
  expect(validateConfiguration(stringify(circle)).errors).toEqual([
    "service.pipelines.metrics/1: its data comes back to it through connectors",
  ]);
});
