import { expect, test } from "vitest";
import { templates } from "../../../../../src/generator/index.js";
import { createTestNode, generate, processSeries, type Series } from "./test-node.js";

const seeds = [1, 7, 40_961, 123_456_789, 0xfffffff];

/** Series of both collectors at several moments of an experiment under the realistic load. */
function measure(template: string, seed: number): { baseline: Series[]; candidate: Series[] }[] {
  const node = createTestNode({ seed });
  const configs = generate("exp", template);
  node.putLoad("load");
  const baselinePort = Number(node.putConfig("exp", "baseline", 1, configs.baseline)["metrics_port"]);
  const candidatePort = Number(node.putConfig("exp", "candidate", 1, configs.candidate)["metrics_port"]);
  return [10_000, 50_000, 240_000, 1_500_000].map((ms) => {
    node.advance(ms);
    return {
      baseline: processSeries(node.scrape(baselinePort)),
      candidate: processSeries(node.scrape(candidatePort)),
    };
  });
}

test.each(templates.map(({ name, cutPercent }) => ({ name, cutPercent })))(
  "$name cuts the realistic load by $cutPercent percent, whatever the seed and the moment",
  ({ name, cutPercent: [lowest, highest] }) => {
    for (const seed of seeds) {
      for (const { baseline, candidate } of measure(name, seed)) {
        const cut = (1 - candidate.length / baseline.length) * 100;
        expect(cut).toBeGreaterThanOrEqual(lowest);
        expect(cut).toBeLessThanOrEqual(highest);
      }
    }
  },
);

test("the aggregating template keeps every critical process", () => {
  const critical = (series: readonly Series[]): Set<string> =>
    new Set(
      series
        .filter(({ labels }) => labels["process_priority"] === "critical")
        .map(({ labels }) => labels["process_pid"] ?? "none"),
    );
  for (const { baseline, candidate } of measure("process-aggregated-v1", 3)) {
    expect(critical(baseline).size).toBeGreaterThan(15);
    expect(critical(candidate)).toEqual(critical(baseline));
  }
});

test("aggregated memory is the sum of the processes it stands for", () => {
  const [first] = measure("process-aggregated-v1", 5);
  const lowMemory = (series: readonly Series[] = []): number =>
    series
      .filter(
        ({ name, labels }) =>
          name === "phoenix_process_memory_usage_bytes" && labels["process_priority"] === "low",
      )
      .reduce((sum, { value }) => sum + value, 0);
  expect(lowMemory(first?.candidate)).toBe(lowMemory(first?.baseline));
  expect(lowMemory(first?.baseline)).toBeGreaterThan(0);
});
