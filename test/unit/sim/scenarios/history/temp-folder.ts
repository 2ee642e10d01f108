/** A folder that lives as long as one test. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** @returns The path of a new, empty folder, removed when the test ends. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "phoenix-sim-history-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
