import { type Phoenix, createPhoenix } from "phoenix-sim";
import fc from "fast-check";
import { expect, test } from "vitest";

interface Operation {
  readonly method: string;
  readonly path: string;
}

const bodies = fc.oneof(
  fc.json(),
  fc.string(),
  fc.constant("{"),
  fc.constant('{"name":'),
  fc.constant("[]"),
  fc.constant("null"),
  fc
    .record(
      {
        name: fc.oneof(fc.string(), fc.anything(), fc.constant("x".repeat(101))),
        target_nodes: fc.oneof(fc.array(fc.anything()), fc.object(), fc.string(), fc.constant([])),
        baseline_pipeline: fc.oneof(fc.constant("no-such-template"), fc.anything()),
        config: fc.oneof(
          fc.record({
            duration: fc.anything(),
            traffic_split: fc.anything(),
            success_criteria: fc.anything(),
          }),
          fc.anything(),
        ),
        processors: fc.anything(),
        email: fc.anything(),
        password: fc.anything(),
        token: fc.anything(),
        action: fc.anything(),
        variant: fc.anything(),
      },
      { requiredKeys: [] },
    )
    .map((body) => JSON.stringify(body) ?? ""),
);

const segments = fc.oneof(
  fc.constant("00000000-0000-4000-8000-000000000000"),
  fc.constant("not-a-uuid"),
  fc.constant("' OR 1=1 --"),
  fc.string({ minLength: 1, maxLength: 40 }),
  fc.constant("%00"),
);

test("no generated input at any route gives a 500, and what is refused changes nothing", async () => {
  await using phoenix = await createPhoenix({ seed: 3, nodes: 1 });
  const { client } = phoenix;
  const { id } = await client.createExperiment({ name: "victim" });
  await phoenix.waitForState(id, "running", { within: "1m" });
  // Nothing else may write while states are compared.
  await phoenix.services.controller.stop().settled;
  await phoenix.clock.advance("1m");
  const operations = await readOperations(phoenix);
  expect(operations.length).toBeGreaterThan(30);

  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...operations),
      bodies,
      segments,
      fc.boolean(),
      fc.constantFrom("application/json", "text/plain", ""),
      async ({ method, path }, body, segment, existing, contentType) => {
        const filled = path.replaceAll(/\{\w+\}/g, existing ? id : encodeURIComponent(segment));
        const before = snapshot(phoenix);
        const response = await phoenix.fetch(`${phoenix.url}${filled}`, {
          method,
          headers: {
            authorization: `Bearer ${client.token}`,
            ...(contentType === "" ? {} : { "content-type": contentType }),
          },
          ...(method === "GET" || method === "DELETE" ? {} : { body }),
        });
        const text = await response.text();
        expect(response.status, `${method} ${filled} with ${body} answered ${text}`).not.toBe(500);
        if (response.status < 400) return;
        expect(JSON.parse(text)).toMatchObject({ error: expect.any(String), code: expect.any(String) });
        expect(snapshot(phoenix)).toEqual(before);
      },
    ),
    { numRuns: 400 },
  );
});

async function readOperations(phoenix: Phoenix): Promise<readonly Operation[]> {
  const response = await phoenix.fetch(`${phoenix.url}/openapi.json`);
  const { paths } = (await response.json()) as { paths: Record<string, Record<string, unknown>> };
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.keys(item).map((method) => ({ method: method.toUpperCase(), path })),
  );
}

function snapshot(phoenix: Phoenix): string {
  const tables = [
    "experiments",
    "experiment_events",
    "generated_configs",
    "pipeline_deployments",
    "load_simulations",
  ];
  return JSON.stringify(tables.map((table) => phoenix.postgres.rows(table)));
}
