import { expect, test } from "vitest";
import { createTestNode, generate, processSeries, type Series, type TestNode } from "./test-node.js";

const { baseline } = generate("exp", "process-baseline-v1");
const pids = (series: readonly Series[]): string[] => [
  ...new Set(series.map(({ labels }) => labels["process_pid"] ?? "none")),
];

function nodeWithBaseline(settings: Parameters<typeof createTestNode>[0] = {}): TestNode {
  const node = createTestNode(settings);
  node.putConfig("exp", "baseline", 1, baseline);
  node.advance(2000);
  return node;
}

test("a node has processes without any load", () => {
  expect(pids(processSeries(nodeWithBaseline().scrape(8888)))).toHaveLength(17);
});

test("a load adds its processes, and takes them away when its time is over", () => {
  const node = nodeWithBaseline();
  expect(node.putLoad("load", { duration_ms: 60_000 })).toMatchObject({
    status: 201,
    body: { state: "running" },
  });
  expect(pids(processSeries(node.scrape(8888)))).toHaveLength(117);
  node.advance(60_000);
  expect(pids(processSeries(node.scrape(8888)))).toHaveLength(17);
  expect(node.send("GET", "/loads").body["loads"]).toMatchObject([{ load_id: "load", state: "completed" }]);
});

test("a stopped load ends at once and cannot be started again by a late request", () => {
  const node = nodeWithBaseline();
  node.putLoad("load");
  node.advance(5000);
  expect(node.putLoad("load").status).toBe(200);
  expect(node.putLoad("load", { process_count: 5 }).status).toBe(409);
  expect(node.send("DELETE", "/loads/load").status).toBe(204);
  expect(node.send("DELETE", "/loads/load").status).toBe(204);
  expect(node.putLoad("load").status).toBe(409);
  expect(pids(processSeries(node.scrape(8888)))).toHaveLength(17);
});

test("what a scrape shows does not depend on the scrapes before it", () => {
  const often = nodeWithBaseline({ seed: 9 });
  const once = nodeWithBaseline({ seed: 9 });
  for (const node of [often, once]) node.putLoad("load", { profile: "chaos", process_count: 200 });
  for (let scrape = 0; scrape < 100; scrape += 1) {
    often.advance(7000);
    often.scrape(8888);
  }
  once.advance(700_000);
  expect(processSeries(often.scrape(8888))).toEqual(processSeries(once.scrape(8888)));
});

test("two nodes with different seeds differ, with the same seed they do not", () => {
  const textOf = (seed: number): string => {
    const node = nodeWithBaseline({ seed });
    node.putLoad("load");
    node.advance(300_000);
    return node.scrape(8888);
  };
  expect(textOf(1)).toBe(textOf(1));
  expect(textOf(1)).not.toBe(textOf(2));
});

test("critical processes live as long as their load", () => {
  const node = nodeWithBaseline();
  node.putLoad("load", { profile: "chaos", process_count: 300, duration_ms: 1e9 });
  const critical = (): string[] =>
    pids(processSeries(node.scrape(8888)).filter(({ labels }) => labels["process_priority"] === "critical"));
  const before = critical();
  node.advance(3 * 3_600_000);
  expect(critical()).toEqual(before);
  expect(before.length).toBeGreaterThan(5);
});

test("process ids are unique at every moment", () => {
  const node = nodeWithBaseline();
  node.putLoad("a", { profile: "process-churn", process_count: 120, duration_ms: 1e9 });
  node.putLoad("b", { profile: "high-cardinality", process_count: 500, duration_ms: 1e9 });
  for (let minute = 0; minute < 30; minute += 1) {
    node.advance(47_000);
    expect(pids(processSeries(node.scrape(8888)))).toHaveLength(17 + 120 + 500);
  }
});

test("a node refuses loads beyond its limit", () => {
  const node = createTestNode({ options: { loadProcessesMax: 150 } });
  expect(node.putLoad("a").status).toBe(201);
  expect(node.putLoad("b").status).toBe(422);
  node.send("DELETE", "/loads/a");
  expect(node.putLoad("b").status).toBe(201);
});
