import { expect, test } from "vitest";
import * as fc from "fast-check";
import { createTestNode, generate, parseText, processSeries } from "./test-node.js";

const { baseline, candidate } = generate("exp", "process-aggregated-v1");
const filtered = generate("exp", "process-aggregated-v1", {
  version: 2,
  overrides: {
    candidate: { processors: [{ type: "filter", config: { include_patterns: ["critical_*"] } }] },
  },
}).candidate;
const put = (version: number, config = candidate) => ({
  experiment_id: "exp",
  variant: "candidate",
  version,
  config,
});

test("a new collector is ready after the reload time, and its port answers 503 until then", () => {
  const node = createTestNode();
  const reply = node.send("PUT", "/collectors/exp/candidate", put(1));
  expect(reply).toMatchObject({ status: 201, body: { version: 1, ready: false, metrics_port: 8888 } });
  expect(() => node.scrape(8888)).toThrow("answers 503");
  node.advance(2000);
  expect(node.send("GET", "/collectors").body["collectors"]).toEqual([
    {
      experiment_id: "exp",
      variant: "candidate",
      version: 1,
      live_version: 1,
      ready: true,
      metrics_port: 8888,
    },
  ]);
  expect(processSeries(node.scrape(8888)).length).toBeGreaterThan(50);
});

test("a hot reload lets the old configuration work until the new one is live", () => {
  const node = createTestNode();
  node.send("PUT", "/collectors/exp/candidate", put(1));
  node.advance(10_000);
  const before = processSeries(node.scrape(8888)).length;
  expect(node.send("PUT", "/collectors/exp/candidate", put(2, filtered))).toMatchObject({
    status: 200,
    body: { version: 2, ready: false, live_version: 1 },
  });
  node.advance(1999);
  expect(processSeries(node.scrape(8888))).toHaveLength(before);
  node.advance(1);
  expect(processSeries(node.scrape(8888))).toHaveLength(0);
  expect(parseText(node.scrape(8888)).find(({ name }) => name === "phoenix_process_cardinality")?.value).toBe(
    0,
  );
});

test("an older version is refused, the same version changes nothing", () => {
  const node = createTestNode();
  node.send("PUT", "/collectors/exp/candidate", put(3));
  node.advance(5000);
  expect(node.send("PUT", "/collectors/exp/candidate", put(2, filtered)).status).toBe(409);
  expect(node.send("PUT", "/collectors/exp/candidate", put(3, filtered))).toMatchObject({
    status: 200,
    body: { version: 3, ready: true },
  });
  expect(processSeries(node.scrape(8888)).length).toBeGreaterThan(0);
});

test("an invalid configuration is refused with reasons and the old one goes on", () => {
  const node = createTestNode();
  node.send("PUT", "/collectors/exp/candidate", put(1));
  node.advance(5000);
  const broken = candidate.replace("groupbyattrs/aggregate_low_priority:\n", "groupbyattrs/aggregate:\n");
  const reply = node.send("PUT", "/collectors/exp/candidate", put(2, broken));
  expect(reply.status).toBe(422);
  expect(reply.body["errors"]).toEqual([
    'service.pipelines.metrics/aggregated.processors: "groupbyattrs/aggregate_low_priority" is not defined; ' +
      'did you mean "groupbyattrs/aggregate"?',
  ]);
  for (const text of ["a: [", "just text", "a: &a [*a]", "[]", "receivers: {}"]) {
    expect(node.send("PUT", "/collectors/exp/candidate", put(2, text)).status).toBe(422);
  }
  expect(node.send("GET", "/collectors/exp/candidate").body).toMatchObject({ version: 1, ready: true });
  expect(processSeries(node.scrape(8888)).length).toBeGreaterThan(0);
});

test("a deleted collector closes its port, and a late request for it is refused", () => {
  const node = createTestNode();
  node.send("PUT", "/collectors/exp/candidate", put(1));
  node.advance(5000);
  expect(node.send("DELETE", "/collectors/exp/candidate?version=2").status).toBe(204);
  expect(node.send("DELETE", "/collectors/exp/candidate?version=2").status).toBe(204);
  expect(node.node.metrics(8888)).toBeUndefined();
  expect(node.send("PUT", "/collectors/exp/candidate", put(2)).status).toBe(409);
  expect(node.send("PUT", "/collectors/exp/candidate", put(3)).status).toBe(201);
});

test("a delete that overtakes its create wins", () => {
  const node = createTestNode();
  node.send("DELETE", "/collectors/exp/candidate?version=1");
  expect(node.send("PUT", "/collectors/exp/candidate", put(1)).status).toBe(409);
});

test("collectors have ports of their own, which are used again after a delete", () => {
  const node = createTestNode();
  const portOf = (id: string): unknown => node.putConfig(id, "baseline", 1, baseline)["metrics_port"];
  expect(["exp-1", "exp-2", "exp-3"].map(portOf)).toEqual([8888, 8890, 8891]);
  node.send("DELETE", "/collectors/exp-2/baseline?version=1");
  expect(portOf("exp-4")).toBe(8890);
  expect(portOf("exp-1")).toBe(8888);
});

test("a crash loses processes and counters, but neither collectors, versions, tombstones nor loads", () => {
  const first = createTestNode();
  first.send("PUT", "/collectors/exp/candidate", put(4));
  first.send("DELETE", "/collectors/gone/baseline?version=2");
  first.putLoad("load", { duration_ms: 60_000 });
  first.advance(30_000);
  const second = createTestNode({ disk: first.disk });
  expect(second.send("GET", "/collectors/exp/candidate").body).toMatchObject({ version: 4, ready: false });
  second.advance(2000);
  const cpu = processSeries(second.scrape(8888)).filter(({ name }) => name.includes("cpu_time"));
  expect(Math.max(...cpu.map(({ value }) => value))).toBeLessThan(40);
  expect(second.send("GET", "/loads").body["loads"]).toMatchObject([{ load_id: "load", state: "running" }]);
  // The tombstone names the version that is gone for good.
  expect(second.putConfig("gone", "baseline", 2, baseline)).toMatchObject({
    error: "version 2 of gone/baseline was deleted",
    version: 2,
  });
  expect(second.send("PUT", "/collectors/gone/baseline", "{}").status).toBe(400);
});

test("a stuck reload keeps the old version live until it is healed", () => {
  const node = createTestNode();
  node.send("PUT", "/collectors/exp/candidate", put(1));
  node.advance(5000);
  const fault = node.node.stuckReload();
  node.send("PUT", "/collectors/exp/candidate", put(2, filtered));
  node.advance(600_000);
  expect(node.send("GET", "/collectors/exp/candidate").body).toMatchObject({ live_version: 1, ready: false });
  fault.heal();
  node.advance(2000);
  expect(node.send("GET", "/collectors/exp/candidate").body).toMatchObject({ live_version: 2, ready: true });
});

test("a collector that crashes during a reload comes back with exactly the new version, counting from zero", () => {
  const node = createTestNode();
  node.send("PUT", "/collectors/exp/candidate", put(1));
  node.advance(100_000);
  node.scrape(8888);
  node.send("PUT", "/collectors/exp/candidate", put(2, filtered));
  node.advance(1000);
  node.node.crashCollector("exp", "candidate");
  node.advance(1999);
  expect(() => node.scrape(8888)).toThrow("answers 503");
  node.advance(1);
  expect(node.send("GET", "/collectors").body["collectors"]).toMatchObject([
    { version: 2, live_version: 2, ready: true, metrics_port: 8888 },
  ]);
  const count = parseText(node.scrape(8888)).find(({ name }) => name.endsWith("latency_seconds_count"));
  // One collection, in twenty batches.
  expect(count?.value).toBe(20);
});

test("bad requests are refused with what is wrong, and change nothing", () => {
  const node = createTestNode();
  expect(node.send("PUT", "/collectors/exp/candidate", "{").status).toBe(400);
  expect(node.send("PUT", "/collectors/exp/other", put(1)).status).toBe(400);
  expect(node.send("PUT", "/collectors/exp/candidate", { ...put(1), version: 0 }).body["errors"]).toEqual([
    expect.stringContaining("version"),
  ]);
  expect(node.send("POST", "/collectors/exp/candidate", put(1)).status).toBe(405);
  expect(node.send("GET", "/nothing").status).toBe(404);
  expect(node.send("DELETE", "/collectors/exp/candidate?version=x").status).toBe(400);
  expect(node.send("PUT", "/loads/l", { profile: "realistic" }).status).toBe(400);
  expect(node.putLoad("l", { profile: "nothing" }).status).toBe(422);
  expect(node.putLoad("l", { process_count: 10_001 }).status).toBe(400);
  expect(node.send("GET", "/collectors").body).toEqual({ collectors: [] });
  expect(node.send("GET", "/health").status).toBe(200);
});

test("no request makes the agent fail, and none that is refused changes anything", () => {
  const node = createTestNode();
  node.send("PUT", "/collectors/exp/candidate", put(1));
  node.putLoad("load");
  const state = () => [node.send("GET", "/collectors").body, node.send("GET", "/loads").body];
  const word = fc.constantFrom("collectors", "loads", "exp", "candidate", "baseline", "load", "%", "..", "x");
  const request = fc.record({
    method: fc.constantFrom("GET", "PUT", "POST", "DELETE"),
    path: fc.array(word, { maxLength: 4 }).map((words) => `/${words.join("/")}`),
    body: fc.oneof(
      fc.jsonValue(),
      fc.string(),
      fc.record(
        {
          experiment_id: fc.constant("exp"),
          variant: fc.constantFrom("baseline", "candidate"),
          version: fc.integer(),
          config: fc.oneof(fc.string(), fc.constantFrom("a: &a [*a]", "a: {b: 1}", `${candidate}x: y\n`)),
        },
        { requiredKeys: [] },
      ),
    ),
  });
  fc.assert(
    fc.property(request, ({ method, path, body }) => {
      const before = state();
      const { status } = node.send(method, path, body);
      expect([200, 201, 204, 400, 404, 405, 409, 422]).toContain(status);
      if (status >= 400) expect(state()).toEqual(before);
    }),
    { numRuns: 300 },
  );
});

test("a stopped node answers 503 and has no open port", () => {
  const node = createTestNode();
  node.send("PUT", "/collectors/exp/candidate", put(1));
  node.node.stop();
  expect(node.send("GET", "/health").status).toBe(503);
  expect(node.node.metrics(8888)).toBeUndefined();
});
