import { expect, test } from "vitest";
import * as fc from "fast-check";
import { templates } from "../../../../../src/generator/index.js";
import { createTestNode, generate, parseText, processSeries, type Series } from "./test-node.js";

const templateName = fc.constantFrom(...templates.map(({ name }) => name));
const profile = fc.constantFrom("realistic", "high-cardinality", "process-churn", "chaos");
const namePattern = fc.constantFrom("nginx*", "chrome-*", "*-app", "critical_*", "?????", "python-app", "*");
const override = fc.oneof(
  fc.record({
    type: fc.constant("filter"),
    config: fc.record({ include_patterns: fc.array(namePattern, { minLength: 1, maxLength: 3 }) }),
  }),
  fc.record({
    type: fc.constant("filter"),
    config: fc.record({ exclude_patterns: fc.array(namePattern, { minLength: 1, maxLength: 3 }) }),
  }),
  fc.record({ type: fc.constant("topk"), config: fc.record({ k: fc.integer({ min: 1, max: 50 }) }) }),
  fc.record({
    type: fc.constant("probabilistic_sampler"),
    config: fc.record({ sampling_percentage: fc.integer({ min: 0, max: 100 }) }),
  }),
  fc.record({
    type: fc.constant("groupby"),
    config: fc.record({ by: fc.constantFrom(["process.owner"], ["process.executable.name"]) }),
  }),
);

const mine = "11111111-1111-4111-8111-111111111111";
const other = "22222222-2222-4222-8222-222222222222";

interface Scrape {
  readonly baseline: string;
  readonly candidate: string;
}

/** Scrapes of an experiment next to another one on the same node. */
function scrapeExperiment(
  candidatePipeline: string,
  processors: readonly unknown[],
  load: { profile?: string; seed?: number } = {},
): Scrape {
  const node = createTestNode({ seed: load.seed ?? 1 });
  const port = (id: string, variant: string, config: string): number =>
    Number(node.putConfig(id, variant, 1, config)["metrics_port"]);
  const configs = generate(mine, candidatePipeline, { overrides: { candidate: { processors } } });
  const neighbour = generate(other, "process-topk-v1");
  port(other, "baseline", neighbour.baseline);
  const baselinePort = port(mine, "baseline", configs.baseline);
  port(other, "candidate", neighbour.candidate);
  const candidatePort = port(mine, "candidate", configs.candidate);
  node.putLoad("load", { profile: load.profile ?? "realistic" });
  node.advance(90_000);
  return { baseline: node.scrape(baselinePort), candidate: node.scrape(candidatePort) };
}

const keyOf = ({ name, labels }: Series): string => JSON.stringify([name, labels]);
const pids = (series: readonly Series[]): Set<string> =>
  new Set(series.map(({ labels }) => labels["process_pid"] ?? "none"));
const critical = (series: readonly Series[]): Series[] =>
  series.filter(({ labels }) => labels["process_priority"] === "critical");

test("a collector exposes its own experiment and variant only, and no series twice", () => {
  fc.assert(
    fc.property(
      templateName,
      fc.array(override, { maxLength: 3 }),
      profile,
      (template, processors, profile) => {
        const scrape = scrapeExperiment(template, processors, { profile });
        for (const variant of ["baseline", "candidate"] as const) {
          const series = parseText(scrape[variant]);
          for (const { labels } of series) {
            expect(labels).toMatchObject({ experiment_id: mine, variant });
          }
          expect(new Set(series.map(keyOf)).size).toBe(series.length);
        }
      },
    ),
    { numRuns: 25 },
  );
});

test("an override never adds series, and the cardinality metric counts what is exposed", () => {
  fc.assert(
    fc.property(templateName, fc.array(override, { maxLength: 3 }), (template, processors) => {
      const plain = processSeries(scrapeExperiment(template, []).candidate);
      const { candidate } = scrapeExperiment(template, processors);
      const series = processSeries(candidate);
      expect(series.length).toBeLessThanOrEqual(plain.length);
      const cardinality = parseText(candidate).find(({ name }) => name === "phoenix_process_cardinality");
      expect(cardinality?.value).toBe(series.length);
    }),
    { numRuns: 25 },
  );
});

test("an include filter that matches nothing leaves no process series", () => {
  fc.assert(
    fc.property(templateName, (template) => {
      const filter = { type: "filter", config: { include_patterns: ["critical_*"] } };
      expect(processSeries(scrapeExperiment(template, [filter]).candidate)).toEqual([]);
    }),
  );
});

test("an include filter keeps exactly the processes whose names match", () => {
  const filter = { type: "filter", config: { include_patterns: ["nginx*", "*-app"] } };
  const { baseline, candidate } = scrapeExperiment("process-baseline-v1", [filter]);
  const wanted = processSeries(baseline).filter(({ labels }) =>
    /^nginx|-app$/.test(labels["process_executable_name"] ?? ""),
  );
  expect(pids(processSeries(candidate))).toEqual(pids(wanted));
  expect(wanted.length).toBeGreaterThan(0);
});

test("topk keeps at most k processes, those with the highest values", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 1000 }), profile, fc.nat(), (k, profile, seed) => {
      const topk = { type: "topk", config: { k } };
      const { baseline, candidate } = scrapeExperiment("process-baseline-v1", [topk], { profile, seed });
      const all = processSeries(baseline).filter(({ name }) => name.endsWith("cpu_utilization_ratio"));
      const kept = processSeries(candidate).filter(({ name }) => name.endsWith("cpu_utilization_ratio"));
      expect(kept).toHaveLength(Math.min(k, all.length));
      const keptPids = pids(kept);
      const dropped = all.filter(({ labels }) => !keptPids.has(labels["process_pid"] ?? ""));
      const lowestKept = Math.min(...kept.map(({ value }) => value));
      expect(Math.max(0, ...dropped.map(({ value }) => value))).toBeLessThanOrEqual(lowestKept);
    }),
    { numRuns: 30 },
  );
});

test("grouping keeps every critical process by itself, whatever it groups by", () => {
  const by = fc.uniqueArray(
    fc.constantFrom("process.owner", "process.executable.name", "process.pid", "no.such.key"),
    { minLength: 1 },
  );
  fc.assert(
    fc.property(by, profile, (by, profile) => {
      const groupBy = { type: "aggregation", config: { by } };
      const { baseline, candidate } = scrapeExperiment("process-baseline-v1", [groupBy], { profile });
      expect(pids(critical(processSeries(candidate)))).toEqual(pids(critical(processSeries(baseline))));
    }),
    { numRuns: 20 },
  );
});

test("a sampler of 100 percent keeps all, of 0 percent none, and both variants sample alike", () => {
  const sampler = (sampling_percentage: number) => [
    { type: "probabilistic_sampler", config: { sampling_percentage } },
  ];
  const sampled = (share: number): number =>
    pids(processSeries(scrapeExperiment("process-baseline-v1", sampler(share)).candidate)).size;
  expect([sampled(100), sampled(0)]).toEqual([117, 0]);
  expect(sampled(50)).toBeGreaterThan(35);
  expect(sampled(50)).toBeLessThan(80);
});

test("processes that the user calls critical are critical", () => {
  const node = createTestNode();
  const { candidate } = generate("exp", "process-aggregated-v1", {
    parameters: { critical_processes: ["cron-*"] },
  });
  node.putConfig("exp", "candidate", 1, candidate);
  node.advance(5000);
  const cron = processSeries(node.scrape(8888)).filter(
    ({ labels }) => labels["process_executable_name"] === "cron-job",
  );
  expect(cron.map(({ labels }) => labels["process_priority"])).toContain("critical");
});

test("counters grow from scrape to scrape, groups included, and begin again after a reset", () => {
  const node = createTestNode();
  const { candidate } = generate("exp", "process-aggregated-v1");
  node.putConfig("exp", "candidate", 1, candidate);
  node.putLoad("load");
  const counters = (): Map<string, number> =>
    new Map(
      parseText(node.scrape(8888))
        .filter(
          ({ name }) => name.endsWith("_total") || name.startsWith("otelcol") || name.endsWith("_bucket"),
        )
        .map((series) => [keyOf(series), series.value]),
    );
  node.advance(2000);
  let before = counters();
  for (let scrape = 0; scrape < 60; scrape += 1) {
    node.advance(15_000);
    const after = counters();
    for (const [key, value] of after) expect(value).toBeGreaterThanOrEqual(before.get(key) ?? 0);
    before = after;
  }
  node.node.resetCounters();
  const after = counters();
  const sum = (values: ReadonlyMap<string, number>): number =>
    [...values.values()].reduce((a, b) => a + b, 0);
  expect(sum(after)).toBeLessThan(sum(before) / 2);
});

test("no template makes the 95th percentile of latency worse, however short the experiment", () => {
  const p95 = (text: string): number => {
    const buckets = parseText(text).filter(({ name }) => name.endsWith("latency_seconds_bucket"));
    const rank = 0.95 * (buckets.at(-1)?.value ?? 0);
    const index = buckets.findIndex(({ value }) => value >= rank);
    const [above, below] = [buckets[index], buckets[index - 1]];
    const [to, from] = [Number(above?.labels["le"]), Number(below?.labels["le"] ?? 0)];
    const [count, before] = [above?.value ?? 0, below?.value ?? 0];
    return from + ((to - from) * (rank - before)) / (count - before);
  };
  fc.assert(
    fc.property(templateName, fc.nat(), fc.integer({ min: 2, max: 120 }), (template, seed, seconds) => {
      const node = createTestNode({ seed });
      const { baseline, candidate } = generate(mine, template);
      node.putConfig(mine, "baseline", 1, baseline);
      node.putConfig(mine, "candidate", 1, candidate);
      node.advance(seconds * 1000);
      expect(p95(node.scrape(8890)) / p95(node.scrape(8888))).toBeLessThan(1.05);
    }),
    { numRuns: 60 },
  );
});

test("slow collectors report longer latencies until they are healed", () => {
  const node = createTestNode();
  node.putConfig("exp", "baseline", 1, generate("exp", "process-baseline-v1").baseline);
  const meanOfLastMinute = (): number => {
    const read = (suffix: string): number =>
      parseText(node.scrape(8888)).find(({ name }) => name.endsWith(`latency_seconds_${suffix}`))?.value ?? 0;
    const [sum, count] = [read("sum"), read("count")];
    node.advance(60_000);
    return (read("sum") - sum) / (read("count") - count);
  };
  node.advance(2000);
  const normal = meanOfLastMinute();
  const fault = node.node.slowCollectors(3);
  expect(meanOfLastMinute() / normal).toBeGreaterThan(2);
  fault.heal();
  expect(meanOfLastMinute() / normal).toBeLessThan(1.5);
});

test("the text is Prometheus exposition: every family has its type once and stands together", () => {
  const { candidate } = scrapeExperiment("process-adaptive-v1", []);
  const families: string[] = [];
  for (const line of candidate.split("\n")) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (type !== null) families.push(type[1] ?? "");
    else if (line !== "" && !line.startsWith("# HELP ")) {
      expect(line.startsWith(families.at(-1) ?? "none")).toBe(true);
    }
  }
  expect(new Set(families).size).toBe(families.length);
  expect(candidate.endsWith("\n")).toBe(true);
});
