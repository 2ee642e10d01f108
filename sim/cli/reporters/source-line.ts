/** Where an expectation stands, as a place in the sources rather than in a bundle of the package. */
import { existsSync, readFileSync } from "node:fs";
import { SourceMap } from "node:module";
import { fileURLToPath } from "node:url";

import type { Failure } from "../../explore/index.js";

/**
 * @param folder - Where the bundles and their maps lie. @default that of this module
 * @returns The failure with the line of its expectation in the sources, when it is a line of a bundle.
 */
export function withSourceLine(failure: Failure, folder = new URL("./", import.meta.url)): Failure {
  return failure.source === undefined ? failure : { ...failure, source: sourceLine(failure.source, folder) };
}

// As failures have it: `file:line` with the name of the file alone.
function sourceLine(source: string, folder: URL): string {
  const [, file = "", line = ""] = /^([\w.-]+\.js):(\d+)$/.exec(source) ?? [];
  if (file === "") return source;
  const map = fileURLToPath(new URL(`${file}.map`, folder));
  if (!existsSync(map)) return source;
  const payload = JSON.parse(readFileSync(map, "utf8")) as ConstructorParameters<typeof SourceMap>[0];
  // The last mapping of the line: where a statement starts, the first may still belong to what stands before it.
  const entry = new SourceMap(payload).findEntry(Number(line) - 1, Number.MAX_SAFE_INTEGER);
  if (!("originalSource" in entry)) return source;
  return `${entry.originalSource.replace(/^(?:\.\.\/)+/, "")}:${entry.originalLine + 1}`;
}
