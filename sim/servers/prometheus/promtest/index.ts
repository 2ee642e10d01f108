/** Rule tests as `promtool test rules` runs them. */

export {
  formatPromtestReport,
  junitXml,
  runPromtest,
  type PromtestOptions,
  type PromtestReport,
} from "./format-report.js";
export {
  parseSeriesLabels,
  parseSeriesLine,
  type SequenceValue,
  type SeriesLine,
} from "./series-notation.js";
