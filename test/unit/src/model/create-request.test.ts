import { describe, expect, test } from "vitest";
import * as fc from "fast-check";
import { parseCreateRequest } from "../../../../src/model/index.js";
import { ValidationError } from "../../../../src/shared/index.js";

const spec = {
  name: "cut-cost",
  description: "",
  baseline_pipeline: "process-baseline-v1",
  candidate_pipeline: "process-topk-v1",
  target_nodes: ["node1", "node2"],
  config: {
    duration: "5m",
    duration_ms: 300_000,
    traffic_split: { baseline: 10, candidate: 90 },
    success_criteria: {
      min_cardinality_reduction: 40,
      max_latency_increase: 10,
      critical_process_coverage: 95,
      max_error_rate: 1,
    },
    load_profile: "realistic",
    parameters: {},
  },
};

const split = { baseline_percentage: 10, candidate_percentage: 90 };

describe("every spelling of one request means the same", () => {
  const flat = {
    name: "cut-cost",
    baseline_pipeline: "process-baseline-v1",
    candidate_pipeline: "process-topk-v1",
    target_nodes: ["node1", "node2"],
    config: {
      duration: "5m",
      traffic_split: { baseline: 10, candidate: 90 },
      success_criteria: { min_cardinality_reduction: 40 },
    },
  };
  test.each([
    ["flat snake case", flat],
    ["wrapped in spec", { spec: flat }],
    ["wrapped in experiment", { experiment: flat, check_only: true }],
    [
      "camel case with a map of nodes and nanoseconds",
      {
        name: "cut-cost",
        baselinePipeline: "process-baseline-v1",
        candidatePipeline: "process-topk-v1",
        targetNodes: { node1: "", node2: "" },
        duration: 300_000_000_000,
        status: "pending",
        trafficSplit: split,
        successCriteria: { minCardinalityReduction: 40 },
      },
    ],
    [
      "the wizard",
      {
        spec: {
          name: "cut-cost",
          pipeline_config: {
            baseline: { template: "process-baseline-v1" },
            candidate: { template: "process-topk-v1" },
          },
          target_hosts: { percentage: 10, specific_hosts: ["node1", "node2"] },
          duration: 300,
          traffic_split: split,
          success_criteria: { min_metric_reduction: 40 },
        },
      },
    ],
    [
      "ids and seconds",
      {
        name: "cut-cost",
        baseline_pipeline_id: "process-baseline-v1",
        candidate_pipeline_id: "process-topk-v1",
        target_nodes: ["node1", "node2", "node1"],
        config: { duration_seconds: 300, traffic_split: { Baseline: 10, Candidate: 90 } },
        success_criteria: { min_cardinality_reduction: 40 },
      },
    ],
  ])("%s", (_name, body) => {
    expect(parseCreateRequest(body)).toEqual(spec);
  });
});

test("a name is enough", () => {
  expect(parseCreateRequest({ name: "abc" })).toMatchObject({
    baseline_pipeline: "process-baseline-v1",
    candidate_pipeline: "process-aggregated-v1",
    target_nodes: ["node1"],
    config: { duration: "1h", traffic_split: { baseline: 50, candidate: 50 }, load_profile: "realistic" },
  });
});

test("an alias of a pipeline is stored under its present name", () => {
  const body = { name: "abc", candidate_pipeline: "process-adaptive-filter-v1" };
  expect(parseCreateRequest(body).candidate_pipeline).toBe("process-adaptive-v1");
});

test.each([
  ["no name", {}],
  ["a short name", { name: "ab" }],
  ["a name of the wrong type", { name: 7 }],
  ["an unknown pipeline", { name: "abc", candidate_pipeline: "process-magic-v9" }],
  ["a pipeline that is a property of every object", { name: "abc", candidate_pipeline: "constructor" }],
  ["no nodes", { name: "abc", target_nodes: [] }],
  ["a node that is no host", { name: "abc", target_nodes: ["a/b"] }],
  ["nodes by percentage alone", { name: "abc", target_nodes: { percentage: 10 } }],
  [
    "a split that does not sum up",
    { name: "abc", config: { traffic_split: { baseline: 10, candidate: 10 } } },
  ],
  ["a percentage above 100", { name: "abc", config: { success_criteria: { max_error_rate: 101 } } }],
  ["an unknown criterion", { name: "abc", config: { success_criteria: { max_errors: 1 } } }],
  ["an unknown field", { name: "abc", target_node: "node1" }],
  ["a negative duration", { name: "abc", config: { duration: "-5m" } }],
  ["a duration above a week", { name: "abc", config: { duration: "8d" } }],
  ["a duration that is no text", { name: "abc", config: { duration: {} } }],
  ["top_k below zero", { name: "abc", config: { parameters: { top_k: -1 } } }],
  ["an array", []],
  ["null", null],
])("refuses %s", (_name, body) => {
  expect(() => parseCreateRequest(body)).toThrow(ValidationError);
});

test("whatever the body is, it is read or refused with its problems", () => {
  const keys = fc.constantFrom(
    "name",
    "config",
    "spec",
    "target_nodes",
    "duration",
    "pipeline_config",
    "__proto__",
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.json().map((text) => JSON.parse(text)),
        fc.dictionary(keys, fc.jsonValue()),
      ),
      (body) => {
        try {
          expect(parseCreateRequest(body).target_nodes.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(ValidationError);
          expect((error as ValidationError).problems.length).toBeGreaterThan(0);
        }
      },
    ),
  );
});
