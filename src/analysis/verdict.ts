/** What a measurement means: criteria, recommendation, words. Pure. */
import type {
  CriterionOutcome,
  ExperimentResults,
  RecommendationType,
  SuccessCriteria,
  Variant,
} from "../model/index.js";
import { coveragePercent, increasePercent, reductionPercent, welchTest } from "./formulas.js";
import type { Measurement } from "./measure.js";

/** What came of an experiment. */
export interface Verdict {
  readonly results: ExperimentResults;
  /** Whether every criterion is met; otherwise the experiment has failed. */
  readonly passed: boolean;
}

/** Judges a measurement. */
export type Judge = (measurement: Measurement, criteria: SuccessCriteria) => Verdict;

interface Comparison {
  readonly reduction: number;
  readonly latencyIncrease: number;
  readonly coverage: number;
  readonly costReduction: number;
  readonly errorRate: number;
  readonly errorChange: number;
  readonly measured: boolean;
}

/**
 * Compares the variants and judges by the criteria.
 *
 * Recommends the candidate above 30 % fewer series with less than 1 % more errors and less than 5 % more
 * latency, with a confidence of 85 plus a quarter of the reduction, at most 100; the baseline above 5 % more
 * errors or 20 % more latency, or when a criterion is missed by coverage; otherwise more tuning, at 50.
 */
export function judge(measurement: Measurement, criteria: SuccessCriteria): Verdict {
  const { baseline, candidate } = measurement;
  const comparison = compare(measurement);
  const outcomes = judgeCriteria(comparison, criteria);
  const passed = comparison.measured && outcomes.every(({ met }) => met);
  const advice = recommend(comparison, outcomes);
  return {
    passed,
    results: {
      baseline_metrics: baseline.metrics,
      candidate_metrics: candidate.metrics,
      cardinality_reduction: comparison.reduction,
      latency_increase: comparison.latencyIncrease,
      critical_process_coverage: comparison.coverage,
      cost_reduction: comparison.costReduction,
      error_rate_change: comparison.errorChange,
      statistics: welchTest(baseline.seriesSamples, candidate.seriesSamples),
      criteria: outcomes,
      summary: summarize(comparison, outcomes),
      ...advice,
    },
  };
}

function compare({ baseline, candidate }: Measurement): Comparison {
  const b = baseline.metrics;
  const c = candidate.metrics;
  return {
    reduction: reductionPercent(b.time_series_count, c.time_series_count),
    latencyIncrease: increasePercent(b.latency_p95_ms, c.latency_p95_ms),
    coverage: coveragePercent(baseline.criticalProcesses, candidate.criticalProcesses),
    costReduction: reductionPercent(b.hourly_cost_usd, c.hourly_cost_usd),
    errorRate: c.error_rate,
    errorChange: c.error_rate - b.error_rate,
    measured: b.time_series_count > 0,
  };
}

function judgeCriteria(comparison: Comparison, criteria: SuccessCriteria): CriterionOutcome[] {
  const atLeast = (name: string, limit: number, actual: number): CriterionOutcome => ({
    name,
    limit,
    actual,
    met: actual >= limit,
  });
  const most = (name: string, limit: number, actual: number): CriterionOutcome => ({
    name,
    limit,
    actual,
    met: actual <= limit,
  });
  const outcomes = [
    atLeast("min_cardinality_reduction", criteria.min_cardinality_reduction, comparison.reduction),
    most("max_latency_increase", criteria.max_latency_increase, comparison.latencyIncrease),
    atLeast("critical_process_coverage", criteria.critical_process_coverage, comparison.coverage),
    most("max_error_rate", criteria.max_error_rate, comparison.errorRate),
  ];
  const cost = criteria.max_cost_increase;
  if (cost !== undefined) outcomes.push(most("max_cost_increase", cost, -comparison.costReduction));
  return outcomes;
}

type Advice = Pick<
  ExperimentResults,
  "recommendation" | "recommendation_type" | "recommendation_text" | "confidence" | "reasons"
>;

function recommend(comparison: Comparison, outcomes: readonly CriterionOutcome[]): Advice {
  const { reduction, errorChange, latencyIncrease, measured } = comparison;
  const missed = outcomes.filter(({ met }) => !met);
  const reasons = missed.map(
    ({ name, limit, actual }) => `${name} is ${percent(actual)}, the limit is ${percent(limit)}`,
  );
  if (!measured) {
    return advice("baseline", "inconclusive", 0, ["the baseline produced no time series"], comparison);
  }
  if (errorChange > 5 || latencyIncrease > 20 || coverageMissed(missed)) {
    return advice("baseline", "keep_baseline", 85, reasons, comparison);
  }
  if (reduction > 30 && errorChange < 1 && latencyIncrease < 5 && missed.length === 0) {
    const gained = [`${percent(reduction)} fewer time series`, `every criterion is met`];
    return advice("candidate", "adopt_candidate", 85 + Math.min(15, reduction / 4), gained, comparison);
  }
  return advice("baseline", "needs_tuning", 50, reasons, comparison);
}

function coverageMissed(missed: readonly CriterionOutcome[]): boolean {
  return missed.some(({ name }) => name === "critical_process_coverage");
}

function advice(
  recommendation: Variant,
  type: RecommendationType,
  confidence: number,
  reasons: readonly string[],
  { reduction }: Comparison,
): Advice {
  const words: Readonly<Record<RecommendationType, string>> = {
    adopt_candidate: `Adopt the candidate: it cuts time series by ${percent(reduction)} and keeps within every limit.`,
    keep_baseline: "Keep the baseline: the candidate loses or delays too much.",
    needs_tuning: "Keep the baseline for now and tune the candidate: the difference does not settle it.",
    inconclusive: "Keep the baseline: there was nothing to compare.",
  };
  return {
    recommendation,
    recommendation_type: type,
    recommendation_text: words[type],
    confidence,
    reasons: reasons.length > 0 ? reasons : [`the reduction is ${percent(reduction)}`],
  };
}

function summarize(
  { reduction, coverage, costReduction }: Comparison,
  outcomes: readonly CriterionOutcome[],
): string {
  const met = outcomes.filter((outcome) => outcome.met).length;
  return (
    `${percent(reduction)} fewer time series, ${percent(coverage)} of critical processes kept, ` +
    `${percent(costReduction)} lower cost; ${met} of ${outcomes.length} criteria met.`
  );
}

function percent(value: number): string {
  return `${Math.round(value * 10) / 10} %`;
}
