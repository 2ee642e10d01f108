/** Replacing as Go's `regexp` does, with RE2 expressions. */
import type { RE2JS } from "re2js";

/** Go's `Expand`: `$1`, `${1}`, `$name`, `${name}` and `$$`; the longest possible name is taken. */
export function expandTemplate(
  template: string,
  groups: readonly (string | undefined)[],
  names: Readonly<Record<string, number>>,
): string {
  return template.replace(/\$(?:(\$)|\{([\p{L}\p{N}_]+)\}|([\p{L}\p{N}_]+))/gu, (_, dollar, braced, bare) => {
    if (dollar !== undefined) return "$";
    const name = String(braced ?? bare);
    const group = /^\d+$/.test(name) ? Number(name) : names[name];
    return group === undefined ? "" : (groups[group] ?? "");
  });
}

/** Go's `ReplaceAllString`: `$1`, `${1}` and `${name}` in the replacement. */
export function replaceAllMatches(pattern: RE2JS, replacement: string, text: string): string {
  const matcher = pattern.matcher(text);
  const names = pattern.namedGroups();
  let result = "";
  let from = 0;
  while (matcher.find()) {
    const groups = Array.from(
      { length: matcher.groupCount() + 1 },
      (_, group) => matcher.group(group) ?? undefined,
    );
    result += text.slice(from, matcher.start()) + expandTemplate(replacement, groups, names);
    from = matcher.end();
  }
  return result + text.slice(from);
}
