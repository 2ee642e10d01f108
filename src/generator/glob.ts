/** Name globs: `*` for any characters, `?` for one. Everything else stands for itself. */

/** @returns The anchored RE2 expression that matches the same names as `glob`. */
export function globToRegex(glob: string): string {
  const body = glob
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return `^${body}$`;
}
