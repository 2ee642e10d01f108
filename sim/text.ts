/** Small helpers for messages to people. */

/** @returns The candidate with the least edit distance (Levenshtein) to `text`; empty when there is none. */
export function nearest(text: string, candidates: readonly string[]): string {
  let best = "";
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const distance = editDistance(text, candidate);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** @returns The text without the tokens in its addresses: what is printed ends in logs that others read. */
export function withoutTokens(text: string): string {
  return text.replaceAll(/([?&](?:token|access_token|jwt)=)[^&\s]+/g, "$1...");
}

/** @returns The text as one word of a POSIX shell, quoted only if it must be. */
export function shellWord(text: string): string {
  return /^[\w%+,./:=@-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      row[j] = Math.min((previous[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, substitution);
    }
    previous = row;
  }
  return previous[b.length] ?? 0;
}
