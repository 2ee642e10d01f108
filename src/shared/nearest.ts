/** Which of several names was meant by one that does not exist. */

/** @returns The candidate with the least edit distance (Levenshtein) to `text`, when it is most of it or a part of it. */
export function nearest(text: string, candidates: readonly string[]): string | undefined {
  const best = closest(text, candidates) ?? "";
  const partOf = (one: string, other: string): boolean =>
    one.length > 1 && other.toLowerCase().includes(one.toLowerCase());
  const isNear = best !== "" && editDistance(text, best) <= Math.max(text.length, best.length) / 2;
  return isNear ? best : candidates.find((name) => partOf(text, name) || partOf(name, text));
}

/** @returns The candidate with the smallest edit distance to `text`, the first of several; undefined without any. */
export function closest(text: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let bestDistance = Infinity;
  for (const candidate of candidates) {
    const distance = editDistance(text, candidate);
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance];
  }
  return best;
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
