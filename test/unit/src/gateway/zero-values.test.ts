/** Zero values of Go stand for optional fields that were not set, in every body. */
import { beforeAll, expect, test } from "vitest";
import { createPlatform, type Platform } from "../support/platform.js";

let platform: Platform;
let id: string;

beforeAll(async () => {
  platform = await createPlatform();
  ({ id } = (await platform.call("POST", "/experiments", { name: "first", description: "kept" })).body);
});

const defaults = {
  description: "",
  baseline_pipeline: "process-baseline-v1",
  candidate_pipeline: "process-aggregated-v1",
  target_nodes: ["node1"],
  config: { duration: "1h", load_profile: "realistic", traffic_split: { baseline: 50, candidate: 50 } },
};

test.each([
  [
    "texts",
    { description: "", baseline_pipeline: "", candidatePipeline: "", load_profile: "", duration: "" },
  ],
  ["numbers", { duration: 0, duration_seconds: 0, duration_ms: 0 }],
  ["nothing at all", { target_nodes: null, config: null, spec: null, traffic_split: null, parameters: null }],
  [
    "what is nested",
    { config: { duration: "", load_profile: "", parameters: { top_k: 0, critical_processes: null } } },
  ],
  [
    "structs",
    { config: { traffic_split: { baseline: 0, candidate: 0 }, success_criteria: { max_error_rate: 0 } } },
  ],
  ["wrapped structs", { pipeline_config: { baseline: { template: "" }, candidate: { name: "" } } }],
  ["a wrapper", { spec: { description: "", duration: 0, target_nodes: null } }],
])("a create request may leave out %s", async (_, fields) => {
  const { status, body } = await platform.call("POST", "/experiments", { name: "from-go", ...fields });
  expect([status, body]).toMatchObject([201, defaults]);
});

test("a limit of 0 among others is meant", async () => {
  const success_criteria = { min_cardinality_reduction: 0, max_latency_increase: 20 };
  const { body } = await platform.call("POST", "/experiments", {
    name: "limits",
    config: { success_criteria },
  });
  expect(body["config"]).toMatchObject({ success_criteria });
});

test.each([
  [
    "POST",
    "/load-simulations",
    { profile: "", process_count: 0, metrics_per_second: 0, duration: "" },
    { profile: "realistic", process_count: 100, duration_ms: 3_600_000 },
  ],
  ["POST", "/load-simulations", { profile: null, duration: 0 }, { metrics_per_second: 1_000 }],
  [
    "POST",
    "/pipelines/deployments",
    {
      deployment_name: "",
      name: "d",
      pipeline_name: "process-topk-v1",
      namespace: "",
      target_nodes: null,
      parameters: null,
      resources: null,
    },
    { deployment_name: "d", namespace: "default", target_nodes: ["node1"], parameters: {} },
  ],
  [
    "POST",
    "/templates",
    { name: "t", content: "x", description: null, default_parameters: null },
    { description: "", default_parameters: {} },
  ],
  [
    "POST",
    "/experiments/check-overlap",
    { name: "", description: "", target_nodes: null },
    { has_overlap: true },
  ],
  [
    "POST",
    "/auth/login",
    { email: "", username: "admin", password: "admin123" },
    { user: { email: "admin@phoenix.io" } },
  ],
  [
    "POST",
    "/generator/generate",
    { template: "", parameters: null },
    { config_id: expect.stringContaining("process-aggregated-v1") as string },
  ],
  ["PATCH", "/experiments/{id}", { name: "" }, { name: "first", description: "kept" }],
  ["PATCH", "/experiments/{id}", { name: null, description: null }, { name: "first", description: "kept" }],
  [
    "POST",
    "/control/signals",
    {
      type: "traffic_split",
      parameters: { baseline: 0, candidate: 0, baseline_weight: 20, candidate_weight: 80 },
      reason: "",
    },
    { status: "completed" },
  ],
  ["PATCH", "/experiments/{id}/state", { action: "start", reason: "" }, { current_state: "pending" }],
])("%s %s takes %j", async (method, path, body, answer) => {
  const given = path.includes("deployments") ? body : { experiment_id: id, ...body };
  const sent =
    path.includes("state") || path.includes("experiments/{id}") || path.includes("overlap") ? body : given;
  const { status, body: got } = await platform.call(method, path.replace("{id}", id), sent);
  expect([status < 300, got]).toMatchObject([true, answer]);
});

test("a processor's settings that nobody set are left out, and a variant that nobody chose is the candidate", async () => {
  await platform.startController();
  const { id: running } = (await platform.call("POST", "/experiments", { name: "running" })).body;
  await platform.clock.advance(10_000);
  const processors = [{ type: "filter", config: { include_patterns: ["a*"], exclude_patterns: null } }];
  const path = `/experiments/${running}/pipeline-config`;
  expect((await platform.call("PUT", path, { variant: "", processors })).status).toBe(202);
  expect(
    (await platform.call("POST", `/experiments/${running}/promote`, { variant: "" })).body,
  ).toMatchObject({ variant: "candidate" });
});

test("a page that nobody chose is the first", async () => {
  expect(
    (await platform.call("GET", "/experiments?limit=0&page=0&offset=0&status=&page_token=")).status,
  ).toBe(200);
  expect((await platform.call("GET", "/pipelines/deployments?page_size=0&page=")).status).toBe(200);
  expect((await platform.call("GET", "/pipelines/deployments?page_size=x")).status).toBe(400);
});
