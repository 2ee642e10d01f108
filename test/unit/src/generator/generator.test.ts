import { expect, test } from "vitest";
import * as fc from "fast-check";
import { parse } from "yaml";
import { pipelineNames } from "../../../../src/model/index.js";
import { validateConfiguration } from "../../../../src/generator/index.js";
import { generateBody, generatedAt, startGenerator } from "./test-generator.js";

const id = "11111111-2222-4333-8444-555555555555";

test("a request is answered with both configurations, manifests and a branch", async () => {
  const { send } = startGenerator();
  const { status, body } = await send("POST", "/api/v1/generate", generateBody({ version: 3 }));
  expect(status).toBe(200);
  expect(body).toMatchObject({
    experiment_id: id,
    version: 3,
    git_branch: `experiment/${id}`,
    generated_at: generatedAt,
  });
  expect(parse(String(body["candidate_config"]))).toMatchObject({
    exporters: {
      prometheus: { namespace: "phoenix", const_labels: { experiment_id: id, variant: "candidate" } },
    },
    service: { pipelines: { "metrics/individual": {}, "metrics/aggregated": {} } },
  });
  const manifests = body["kubernetes_manifests"] as Record<string, string>;
  expect(Object.keys(manifests)).toEqual([
    "namespace.yaml",
    "baseline-deployment.yaml",
    "candidate-deployment.yaml",
    "baseline-configmap.yaml",
    "candidate-configmap.yaml",
    "services.yaml",
    "network-policy.yaml",
  ]);
  expect(parse(manifests["baseline-configmap.yaml"] ?? "")).toMatchObject({
    metadata: { name: `${id}-baseline-config`, namespace: "phoenix-system" },
    data: { "collector.yaml": body["baseline_config"] },
  });
});

test.each(pipelineNames)("%s renders to a configuration that is valid, without a warning", async (name) => {
  const { send } = startGenerator();
  const { body } = await send("POST", "/api/v1/generate", generateBody({ candidate_pipeline: name }));
  expect(validateConfiguration(String(body["candidate_config"]))).toEqual({
    valid: true,
    errors: [],
    warnings: [],
  });
});

test("the listed templates are those that the platform knows", async () => {
  const { send } = startGenerator();
  const { body } = await send("GET", "/api/v1/templates");
  const listed = body["templates"] as { name: string; description: string }[];
  expect(listed.map(({ name }) => name)).toEqual(pipelineNames);
  for (const { description } of listed) expect(description).not.toBe("");
});

test("an unknown template is refused, an alias is not", async () => {
  const { send } = startGenerator();
  const refused = await send(
    "POST",
    "/api/v1/generate",
    generateBody({ candidate_pipeline: "process-magic-v9" }),
  );
  expect(refused.status).toBe(400);
  expect(refused.body["details"]).toEqual([
    { field: "candidate_pipeline", message: expect.stringContaining('unknown template "process-magic-v9"') },
  ]);
  const aliased = generateBody({ candidate_pipeline: "process-adaptive-filter-v1" });
  expect((await send("POST", "/api/v1/generate", aliased)).status).toBe(200);
});

test.each([
  [{ type: "filter", config: {} }, "overrides.candidate.processors.0.config"],
  [{ type: "filter", config: { include_patterns: [] } }, "overrides.candidate.processors.0.config"],
  [{ type: "filter", config: { includes: ["a"] } }, "overrides.candidate.processors.0.config"],
  [{ type: "topk", config: { k: 0 } }, "overrides.candidate.processors.0.config.k"],
  [{ type: "topk", config: { k: 1001 } }, "overrides.candidate.processors.0.config.k"],
  [{ type: "groupby", config: { by: [] } }, "overrides.candidate.processors.0.config.by"],
  [{ type: "aggregation", config: {} }, "overrides.candidate.processors.0.config.by"],
  [
    { type: "probabilistic_sampler", config: { sampling_percentage: 101 } },
    "overrides.candidate.processors.0.config.sampling_percentage",
  ],
  [{ type: "wizard", config: {} }, "overrides.candidate.processors.0.type"],
])("the override %j is refused and its field is named", async (override, field) => {
  const { send } = startGenerator();
  const overrides = { candidate: { processors: [override] } };
  const { status, body } = await send("POST", "/api/v1/generate", generateBody({ overrides }));
  expect(status).toBe(400);
  expect(body["details"]).toContainEqual(expect.objectContaining({ field }));
});

test("an override changes its own variant only", async () => {
  const { send } = startGenerator();
  const plain = await send("POST", "/api/v1/generate", generateBody());
  const overrides = {
    candidate: { processors: [{ type: "filter", config: { include_patterns: ["critical_*"] } }] },
  };
  const changed = await send("POST", "/api/v1/generate", generateBody({ overrides }));
  expect(changed.body["baseline_config"]).toBe(plain.body["baseline_config"]);
  expect(changed.body["candidate_config"]).not.toBe(plain.body["candidate_config"]);
  expect(changed.body["candidate_config"]).toContain("(^critical_.*$)");
});

test("variables replace their references and cannot change the structure", async () => {
  const { send } = startGenerator();
  const variables = { NEW_RELIC_API_KEY: 'x"\n  evil: true', NEW_RELIC_OTLP_ENDPOINT: "https://eu.example" };
  const { body } = await send("POST", "/api/v1/generate", generateBody({ variables }));
  expect(parse(String(body["baseline_config"]))).toMatchObject({
    exporters: {
      "otlphttp/newrelic": {
        endpoint: "https://eu.example",
        headers: { "api-key": variables.NEW_RELIC_API_KEY },
      },
    },
  });
});

test("ids that YAML would read as something else stay texts", async () => {
  const { send } = startGenerator();
  for (const experimentId of ["123456", "1e5", "true", "null"]) {
    const { body } = await send("POST", "/api/v1/generate", generateBody({ experiment_id: experimentId }));
    expect(parse(String(body["baseline_config"]))).toMatchObject({
      exporters: { prometheus: { const_labels: { experiment_id: experimentId } } },
    });
  }
});

test("the same request gives the same reply, whatever was asked before", async () => {
  const { send } = startGenerator({ renderingsMax: 2 });
  const request = fc.record({
    experiment_id: fc.oneof(fc.uuid(), fc.constantFrom("exp-1", "42")),
    candidate_pipeline: fc.constantFrom(...pipelineNames),
    version: fc.integer({ min: 1, max: 9 }),
    parameters: fc.record({ top_k: fc.integer({ min: 1, max: 1000 }) }),
  });
  await fc.assert(
    fc.asyncProperty(request, async (more) => {
      const fresh = startGenerator();
      const first = await fresh.send("POST", "/api/v1/generate", generateBody(more));
      const second = await send("POST", "/api/v1/generate", generateBody(more));
      expect(first.status).toBe(200);
      expect(second.text).toBe(first.text);
    }),
    { numRuns: 30 },
  );
});

test("no body makes the generator fail: it answers 200 or 400 in JSON", async () => {
  const { send } = startGenerator();
  const body = fc.oneof(
    fc.json(),
    fc.string(),
    fc.dictionary(fc.constantFrom(...Object.keys(generateBody()), "overrides", "parameters"), fc.jsonValue()),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom("/api/v1/generate", "/api/v1/validate"), body, async (path, content) => {
      const reply = await send("POST", path, content);
      expect([200, 400]).toContain(reply.status);
      expect(reply.headers["content-type"]).toBe("application/json");
    }),
  );
});

test("a wrong method is refused with the right one, an unknown path is not found", async () => {
  const { send } = startGenerator();
  expect(await send("GET", "/api/v1/generate")).toMatchObject({ status: 405, headers: { allow: "POST" } });
  expect(await send("POST", "/api/v1/templates", {})).toMatchObject({
    status: 405,
    headers: { allow: "GET" },
  });
  expect(await send("GET", "/nothing")).toMatchObject({ status: 404, body: { code: "NOT_FOUND" } });
});

test("the last configuration of an experiment can be read again until newer ones push it out", async () => {
  const { send } = startGenerator({ lastConfigsMax: 2 });
  for (const experiment_id of ["exp-1", "exp-2", "exp-1", "exp-3"]) {
    await send("POST", "/api/v1/generate", generateBody({ experiment_id }));
  }
  expect((await send("GET", "/api/v1/configs/exp-1")).body).toMatchObject({
    experiment_id: "exp-1",
    version: 1,
  });
  expect((await send("GET", "/api/v1/configs/exp-2")).status).toBe(404);
});

test("health, readiness and metrics are served, and nothing is after a stop", async () => {
  const { generator, send } = startGenerator();
  expect((await send("GET", "/health")).status).toBe(200);
  expect((await send("GET", "/ready")).status).toBe(200);
  await send("POST", "/api/v1/generate", generateBody());
  const { text, headers } = await send("GET", "/metrics");
  expect(headers["content-type"]).toContain("text/plain; version=0.0.4");
  expect(text).toContain('phoenix_generator_configs_generated_total{template="process-baseline-v1"} 1');
  expect(text).toContain(
    'phoenix_generator_requests_total{method="POST",endpoint="/api/v1/generate",status="200"} 1',
  );
  generator.stop();
  expect((await send("GET", "/health")).status).toBe(503);
});
