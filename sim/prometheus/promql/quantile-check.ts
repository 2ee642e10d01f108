/** The warning about a quantile that is none. */
import type { Span } from "./ast.js";
import type { EvalContext } from "./context.js";
import { formatGeneral } from "./number.js";

/** Warns for each quantile outside of 0 to 1. */
export function checkQuantiles(quantiles: Float64Array, span: Span, context: EvalContext): void {
  for (const quantile of quantiles) {
    if (quantile >= 0 && quantile <= 1) continue;
    context.annotations.warn(
      `quantile value should be between 0 and 1, got ${formatGeneral(quantile)}`,
      span,
    );
  }
}
