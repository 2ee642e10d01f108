/** Finds ids in texts: each answer and each frame is searched, so that hyphens are looked for first, of which few are. */

const uuid = /[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/y;

/** @returns Every UUID in lower case that a text holds, in order; none overlap. */
export function uuidsIn(text: string): readonly string[] {
  const found: string[] = [];
  let from = 0;
  for (let hyphen = text.indexOf("-"); hyphen !== -1; hyphen = text.indexOf("-", hyphen + 1)) {
    const start = hyphen - 8;
    if (start < from || text[hyphen + 5] !== "-" || text[hyphen + 10] !== "-") continue;
    uuid.lastIndex = start;
    if (!uuid.test(text)) continue;
    from = start + 36;
    found.push(text.slice(start, from));
    hyphen = from - 1;
  }
  return found;
}
