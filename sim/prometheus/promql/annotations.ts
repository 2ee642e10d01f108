/** Warnings and infos that a query collects beside its result. */
import type { Span } from "./ast.js";
import { positionOf } from "./parse-error.js";

/** Each text is kept once. */
export interface Annotations {
  warn(problem: string, span: Span): void;
  inform(remark: string, span: Span): void;
  warnings(): string[];
  infos(): string[];
}

/** @param query - The text that positions refer to. @param enabled - False before Prometheus 3. */
export function createAnnotations(query: string, enabled: boolean): Annotations {
  const warnings = new Set<string>();
  const infos = new Set<string>();
  return {
    warn(problem, span) {
      if (enabled) warnings.add(`PromQL warning: ${problem} (${positionOf(query, span.start)})`);
    },
    inform(remark, span) {
      if (enabled) infos.add(`PromQL info: ${remark} (${positionOf(query, span.start)})`);
    },
    warnings: () => [...warnings],
    infos: () => [...infos],
  };
}
