/** The project's own source files, read once for the tests about their form. */
import { readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Root of the checkout. */
export const root = fileURLToPath(new URL("../../", import.meta.url));

export interface SourceFile {
  /** From the root, with forward slashes. */
  readonly path: string;
  readonly text: string;
  /** Relative imports, as paths from the root without an ending; packages as they are named. */
  readonly imports: readonly string[];
}

/** @returns Every TypeScript file below the folders, in the order of their paths. */
export function sourceFiles(...folders: readonly string[]): readonly SourceFile[] {
  return (
    folders
      .flatMap((folder) =>
        readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((name) =>
          join(folder, name),
        ),
      )
      // What tests write for themselves comes and goes meanwhile, in folders with a dot.
      .filter((path) => path.endsWith(".ts") && !/(?:^|[/\\])\./.test(path))
      .sort((a, b) => a.localeCompare(b))
      .map((path) => {
        const text = readFileSync(join(root, path), "utf8");
        return { path, text, imports: importsOf(path, text) };
      })
  );
}

const importStatement =
  /^(?:import|export)\s[^"';]*?from\s+"([^"]+)"|^import\s+"([^"]+)"|import\("([^"]+)"\)/gm;

function importsOf(path: string, text: string): readonly string[] {
  return [...text.matchAll(importStatement)].map((match) => {
    const name = match[1] ?? match[2] ?? match[3] ?? "";
    if (!name.startsWith(".")) return name;
    return relative(root, join(root, dirname(path), name)).replace(/\.js$/, "");
  });
}
