/** Glob patterns of KEYS, SCAN and PSUBSCRIBE: `*`, `?`, `[a-z]`, `[^a]`, `\` to quote. */
import type { Bytes } from "./bytes.js";

interface ClassMatch {
  readonly matched: boolean;
  /** Position after the closing bracket. */
  readonly next: number;
}

function matchClass(pattern: Bytes, start: number, character: string): ClassMatch {
  let at = start + 1;
  const negated = pattern[at] === "^";
  if (negated) at += 1;
  let found = false;
  // An unclosed class ends with the pattern, as in Redis.
  while (at < pattern.length && pattern[at] !== "]") {
    if (pattern[at] === "\\" && at + 1 < pattern.length) {
      at += 1;
      if (pattern[at] === character) found = true;
    } else if (pattern[at + 1] === "-" && at + 2 < pattern.length) {
      const ends = [pattern[at] ?? "", pattern[at + 2] ?? ""].sort((a, b) => (a < b ? -1 : 1));
      if (character >= (ends[0] ?? "") && character <= (ends[1] ?? "")) found = true;
      at += 2;
    } else if (pattern[at] === character) found = true;
    at += 1;
  }
  return { matched: found !== negated, next: at + 1 };
}

/** @returns Whether the whole text matches. Linear in most cases, quadratic at worst. */
export function matchesGlob(pattern: Bytes, text: Bytes): boolean {
  if (pattern === "*") return true;
  let p = 0;
  let t = 0;
  let starPattern = -1;
  let starText = 0;
  while (t < text.length) {
    const symbol = pattern[p];
    const character = text[t] ?? "";
    let next = -1;
    if (symbol === "*") {
      starPattern = p;
      starText = t;
      p += 1;
      continue;
    }
    if (symbol === "?") next = p + 1;
    else if (symbol === "[") {
      const result = matchClass(pattern, p, character);
      if (result.matched) next = result.next;
    } else if (symbol === "\\" && p + 1 < pattern.length) {
      if (pattern[p + 1] === character) next = p + 2;
    } else if (symbol === character) next = p + 1;
    if (next >= 0) {
      p = next;
      t += 1;
    } else if (starPattern >= 0) {
      p = starPattern + 1;
      starText += 1;
      t = starText;
    } else return false;
  }
  while (pattern[p] === "*") p += 1;
  return p >= pattern.length;
}
