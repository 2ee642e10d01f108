/**
 * Texts that outlive the body they were read from.
 *
 * V8 keeps a part of a text as a reference into the whole: one label of a process that just came would keep the
 * entire body of its scrape in memory for as long as the series lives.
 */

export interface TextPool {
  /** @returns An equal text that holds on to nothing else; the same one for equal texts. */
  keep(text: string): string;
}

/** More than these are not remembered; then equal texts are kept more than once, which only costs memory. */
const textsMax = 200_000;

/** @returns A pool without texts. */
export function createTextPool(): TextPool {
  const texts = new Map<string, string>();
  return {
    keep(text) {
      const known = texts.get(text);
      if (known !== undefined) return known;
      if (texts.size >= textsMax) texts.clear();
      const own = ownText(text);
      texts.set(own, own);
      return own;
    },
  };
}

/** @returns An equal text that holds on to nothing else. */
export function ownText(text: string): string {
  // Joining writes a new text out in one piece.
  return [text.slice(0, 1), text.slice(1)].join("");
}
