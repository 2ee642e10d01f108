/** Label sets and the conditions on them. */
export { bytesOf, isUtf8, textOfBytes, withoutStrayBytes } from "./bytes.js";
export {
  compareLabels,
  compareText,
  EMPTY_LABELS,
  goQuote,
  isPlainLabelName,
  isPlainMetricName,
  Labels,
  labelsOf,
  METRIC_NAME,
  withName,
} from "./labels.js";
export { createMatcher, formatMatcher, type Matcher, type MatchOperator } from "./matcher.js";
export { createRegExpCache, RegExpSyntaxError, type AnchoredRegExp, type RegExpCache } from "./regexp.js";
