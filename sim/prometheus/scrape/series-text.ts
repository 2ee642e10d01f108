/** The quick way to the series of a line: its labels were seen in this body before. */
import type { LabelSet, LabelSets } from "./label-sets.js";

/** The part of a line that names a series. */
export interface SeriesText {
  readonly name: string;
  readonly set: LabelSet;
  /** Where in the text the value begins. */
  readonly end: number;
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;

/**
 * @param known - Sets that the body has shown.
 * @returns Undefined when the line must be read letter by letter.
 */
export function knownSeriesText(
  text: string,
  start: number,
  lineEnd: number,
  known: LabelSets,
): SeriesText | undefined {
  NAME.lastIndex = start;
  const name = NAME.exec(text)?.[0];
  const open = start + (name?.length ?? 0);
  if (name === undefined || text[open] !== "{") return undefined;
  const end = text.lastIndexOf("}", lineEnd - 1) + 1;
  const set = known.find(text.slice(open, end));
  return set === undefined ? undefined : { name, set, end };
}
