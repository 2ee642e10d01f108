/** What flows through a pipeline: one process, or one group of processes, with its metrics. */

/** Resource attributes by OpenTelemetry name. */
export type Attributes = Readonly<Record<string, string>>;

/**
 * Identity and attributes never change, so that what a pipeline decides about them can be remembered; the numbers in
 * `values` are brought up to date in place before each scrape.
 */
export interface Sample {
  readonly attributes: Attributes;
  /** One number per entry of the metric table. Samples made from one another share the array. */
  readonly values: Float64Array;
  /** Bit i is set while metric i of the table is still part of the sample. */
  readonly metrics: number;
}

/** A metric's number, or 0 for an index that does not exist. */
export const valueAt = (values: Float64Array, index: number): number => values[index] ?? 0;
