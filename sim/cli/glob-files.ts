/** Patterns of file names with the meaning of Go's `filepath.Glob`: `*`, `?`, `[a-z]`, one folder at a time. */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join, sep } from "node:path";

const SPECIAL = /[*?[\\]/;

/** @returns The files that are there, sorted. @throws Error for a pattern that is malformed. */
export function globFiles(pattern: string): string[] {
  if (!SPECIAL.test(pattern)) return existsSync(pattern) ? [pattern] : [];
  const parts = pattern.split("/");
  const root = pattern.startsWith("/") ? sep : "";
  let found = [root];
  for (const [index, part] of parts.entries()) {
    if (part === "") continue;
    const isLast = index === parts.length - 1;
    found = found.flatMap((folder) => expand(folder, part, isLast));
  }
  return found;
}

function expand(folder: string, part: string, isLast: boolean): string[] {
  if (!SPECIAL.test(part)) {
    const path = join(folder, part);
    return existsSync(path) ? [path] : [];
  }
  const expression = partPattern(part);
  return namesIn(folder)
    .filter((name) => expression.test(name))
    .map((name) => join(folder, name))
    .filter((path) => isLast || statSync(path, { throwIfNoEntry: false })?.isDirectory() === true);
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder === "" ? "." : folder).sort();
  } catch {
    return [];
  }
}

function partPattern(part: string): RegExp {
  const malformed = new Error("syntax error in pattern");
  let source = "";
  for (let at = 0; at < part.length; at += 1) {
    const letter = part[at] as string;
    if (letter === "*") source += ".*";
    else if (letter === "?") source += ".";
    else if (letter === "[") {
      const found = /^\[(\^?)((?:\\.|[^\]\\])+)\]/s.exec(part.slice(at));
      if (found === null) throw malformed;
      source += `[${found[1] ?? ""}${(found[2] ?? "").replace(/(?<!\\)[[^]/g, "\\$&")}]`;
      at += found[0].length - 1;
    } else {
      if (letter === "\\") at += 1;
      source += (part[at] ?? "").replace(/[$()*+.?[\\\]^{|}]/g, "\\$&");
    }
  }
  try {
    return new RegExp(`^${source}$`, "su");
  } catch {
    throw malformed;
  }
}
