/** One condition on a label, as written between the braces of a selector. */
import { goQuote, isPlainLabelName } from "./labels/labels.js";
import type { AnchoredRegExp, RegExpCache } from "./labels/regexp.js";

export {
  bytesOf,
  isUtf8,
  textOfBytes,
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
} from "./labels/labels.js";
export {
  createRegExpCache,
  RegExpSyntaxError,
  type AnchoredRegExp,
  type RegExpCache,
} from "./labels/regexp.js";

/** How a matcher compares. */
export type MatchOperator = "=" | "!=" | "=~" | "!~";

/** A compiled condition. A label that is missing counts as empty. */
export interface Matcher {
  readonly name: string;
  readonly operator: MatchOperator;
  readonly value: string;
  /** Present for `=~` and `!~`. */
  readonly pattern: AnchoredRegExp | undefined;
  matches(value: string): boolean;
}

/** @throws RegExpSyntaxError when a regular expression is not valid. */
export function createMatcher(
  name: string,
  operator: MatchOperator,
  value: string,
  expressions: RegExpCache,
): Matcher {
  const wanted = operator === "=" || operator === "=~";
  if (operator === "=" || operator === "!=") {
    return { name, operator, value, pattern: undefined, matches: (text) => (text === value) === wanted };
  }
  const pattern = expressions.compile(value);
  return { name, operator, value, pattern, matches: (text) => pattern.test(text) === wanted };
}

/** As it is written in a query. */
export function formatMatcher(matcher: Matcher): string {
  const name = isPlainLabelName(matcher.name) ? matcher.name : goQuote(matcher.name);
  return `${name}${matcher.operator}${goQuote(matcher.value)}`;
}
