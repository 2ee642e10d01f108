/** Selectors as parameters: `match[]` and `match_target`. */
import type { Matcher } from "../labels/index.js";
import { PromqlParseError, type Engine } from "../promql/index.js";

/** A text that selects no series, in the words of the server. */
export class SelectorError extends Error {
  override readonly name = "SelectorError";
}

/** @throws SelectorError for what is no selector, or selects everything. */
export function selectorsOf(engine: Engine, texts: readonly string[]): (readonly Matcher[])[] {
  const sets = texts.map((text) => selectorOf(engine, text));
  if (sets.some((matchers) => matchers.every((matcher) => matcher.matches(""))))
    throw new SelectorError("match[] must contain at least one non-empty matcher");
  return sets;
}

/** @throws SelectorError for what is no selector. */
export function selectorOf(engine: Engine, text: string): readonly Matcher[] {
  try {
    return engine.parseSelector(text);
  } catch (error) {
    throw error instanceof PromqlParseError ? new SelectorError(error.message) : error;
  }
}
