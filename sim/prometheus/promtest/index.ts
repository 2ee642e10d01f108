/** Rule tests as `promtool test rules` runs them. */
export { formatPromtestReport, junitXml } from "./format-report.js";
export {
  runPromtest,
  type PromtestCaseReport,
  type PromtestOptions,
  type PromtestReport,
} from "./run-promtest.js";
export {
  parseSeriesLabels,
  parseSeriesLine,
  type SequenceValue,
  type SeriesLine,
} from "./series-notation.js";
