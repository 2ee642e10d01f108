import { expect, test } from "vitest";
import * as fc from "fast-check";
import { judge, type Measurement } from "../../../../src/analysis/index.js";
import { defaultSuccessCriteria, type VariantMetrics } from "../../../../src/model/index.js";

const metrics: VariantMetrics = {
  time_series_count: 100,
  samples_per_second: 10,
  cpu_usage: 0.1,
  memory_usage: 1e8,
  process_count: 20,
  latency_p95_ms: 10,
  error_rate: 0,
  hourly_cost_usd: 1,
};

function measured(
  candidate: Partial<VariantMetrics>,
  critical = 10,
  baseline: Partial<VariantMetrics> = {},
): Measurement {
  return {
    baseline: { metrics: { ...metrics, ...baseline }, criticalProcesses: 10, seriesSamples: [100, 101, 99] },
    candidate: {
      metrics: { ...metrics, ...candidate },
      criticalProcesses: critical,
      seriesSamples: [40, 41, 39],
    },
  };
}

test("a candidate that cuts much and loses nothing is adopted", () => {
  const { passed, results } = judge(
    measured({ time_series_count: 40, hourly_cost_usd: 0.4 }),
    defaultSuccessCriteria,
  );
  expect(passed).toBe(true);
  expect(results).toMatchObject({
    cardinality_reduction: 60,
    cost_reduction: 60,
    recommendation: "candidate",
    recommendation_type: "adopt_candidate",
    confidence: 100,
  });
});

test("a candidate that cuts too little fails and wants tuning", () => {
  const { passed, results } = judge(measured({ time_series_count: 90 }), defaultSuccessCriteria);
  expect(passed).toBe(false);
  expect(results).toMatchObject({
    recommendation: "baseline",
    recommendation_type: "needs_tuning",
    confidence: 50,
  });
});

test("a candidate that loses critical processes is not adopted, however much it cuts", () => {
  const { passed, results } = judge(measured({ time_series_count: 5 }, 9), defaultSuccessCriteria);
  expect(passed).toBe(false);
  expect(results.recommendation_type).toBe("keep_baseline");
});

test("a candidate that is much slower is not adopted", () => {
  const { results } = judge(measured({ time_series_count: 40, latency_p95_ms: 13 }), defaultSuccessCriteria);
  expect(results).toMatchObject({ latency_increase: 30, recommendation_type: "keep_baseline" });
});

test("without a baseline there is no verdict, and it does not pass", () => {
  const { passed, results } = judge(measured({}, 10, { time_series_count: 0 }), {
    ...defaultSuccessCriteria,
    min_cardinality_reduction: 0,
  });
  expect(passed).toBe(false);
  expect(results.recommendation_type).toBe("inconclusive");
});

test("whatever was measured, there is a recommendation with words and reasons", () => {
  const number = fc.double({ min: 0, max: 1e9, noNaN: true });
  const any = fc.record({
    time_series_count: number,
    latency_p95_ms: number,
    error_rate: fc.double({ min: 0, max: 100, noNaN: true }),
    hourly_cost_usd: number,
  });
  fc.assert(
    fc.property(any, any, (baseline, candidate) => {
      const { results } = judge(measured(candidate, 10, baseline), defaultSuccessCriteria);
      expect(results.recommendation).not.toBe("");
      expect(results.recommendation_text).not.toBe("");
      expect(results.reasons.length).toBeGreaterThan(0);
    }),
  );
});
