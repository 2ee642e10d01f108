/** histogram_quantile and histogram_fraction: finds the buckets of each histogram among the series. */
import { goQuote, METRIC_NAME, type Labels } from "../labels/index.js";
import type { Span } from "./ast.js";
import type { EvalContext } from "./context.js";
import { bucketFraction, bucketQuantile, type Bucket } from "./histogram-buckets.js";
import { createMatrixBuilder, type Matrix } from "./matrix.js";
import { dropNames } from "./names.js";
import { parseGoFloat } from "./number.js";
import { checkQuantiles } from "./quantile-check.js";

interface Histogram {
  readonly labels: Labels;
  readonly dropName: boolean;
  readonly buckets: { readonly row: number; readonly upperBound: number }[];
}

/** @param span - Of the quantile and of the vector, for annotations. */
export function histogramQuantile(
  quantiles: Float64Array,
  matrix: Matrix,
  spans: { readonly quantile: Span; readonly vector: Span },
  context: EvalContext,
): Matrix {
  checkQuantiles(quantiles, spans.quantile, context);
  return perHistogram(matrix, spans.vector, context, (step, buckets, name) => {
    const { value, repaired } = bucketQuantile(quantiles[step] as number, buckets, context.dialect);
    if (repaired) {
      context.annotations.inform(
        `input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile) for metric name ${goQuote(name)}`,
        spans.vector,
      );
    }
    return value;
  });
}

/** The share of observations between two values. */
export function histogramFraction(
  lower: Float64Array,
  upper: Float64Array,
  matrix: Matrix,
  span: Span,
  context: EvalContext,
): Matrix {
  return perHistogram(matrix, span, context, (step, buckets) =>
    bucketFraction(lower[step] as number, upper[step] as number, buckets),
  );
}

function perHistogram(
  matrix: Matrix,
  span: Span,
  context: EvalContext,
  valueOf: (step: number, buckets: readonly Bucket[], name: string) => number,
): Matrix {
  const histograms = collect(matrix, span, context);
  const builder = createMatrixBuilder(histograms.length, matrix.steps);
  for (const { labels, dropName, buckets } of histograms) {
    const { offset } = builder;
    for (let step = 0; step < matrix.steps; step += 1) {
      const found: Bucket[] = [];
      for (const { row, upperBound } of buckets) {
        const cell = row * matrix.steps + step;
        if (matrix.present[cell] === 1) found.push({ upperBound, count: matrix.values[cell] as number });
      }
      if (found.length === 0) continue;
      builder.values[offset + step] = valueOf(step, found, labels.get(METRIC_NAME));
      builder.present[offset + step] = 1;
    }
    builder.commit(labels, dropName);
  }
  return dropNames(builder.build(), context);
}

function collect(matrix: Matrix, span: Span, context: EvalContext): Histogram[] {
  const histograms = new Map<string, Histogram>();
  matrix.labels.forEach((labels, row) => {
    const text = labels.get("le");
    const upperBound = parseGoFloat(text);
    if (upperBound === undefined) {
      context.annotations.warn(
        `bucket label "le" is missing or has a malformed value of ${goQuote(text)} for metric name ${goQuote(labels.get(METRIC_NAME))}`,
        span,
      );
      return;
    }
    const group = labels.without(["le"]);
    const known = histograms.get(group.key);
    if (known !== undefined) known.buckets.push({ row, upperBound });
    else histograms.set(group.key, { labels: group, dropName: false, buckets: [{ row, upperBound }] });
  });
  return [...histograms.values()];
}
