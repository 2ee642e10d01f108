import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

import { makeFolder } from "../../../../sim/shared/folders.js";
import { tempFolder } from "../scenarios/history/temp-folder.js";

test("what is missing above is made, too, and what is there stays", () => {
  const folder = tempFolder();
  makeFolder(join(folder, "a/b/c"));
  mkdirSync(join(folder, "a/b/c/d"));
  makeFolder(join(folder, "a/b/c"));
  expect(existsSync(join(folder, "a/b/c/d"))).toBe(true);
});

test("a folder below a file is refused", () => {
  const file = join(tempFolder(), "file");
  writeFileSync(file, "");
  expect(() => makeFolder(join(file, "below"))).toThrow("ENOTDIR");
});

// With `recursive`, Node never returns.
test.runIf(process.platform === "linux")("a folder below /proc is refused", () => {
  expect(() => makeFolder("/proc/there-is-no-such/folder")).toThrow("ENOENT");
});
