import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, test } from "vitest";

import { version } from "../../sim/shared/version.js";
import { root, sourceFiles } from "./source-files.js";

const codes = [...readFileSync(join(root, "sim/errors.ts"), "utf8").matchAll(/\| "(SIM_\w+)"/g)].map(
  ([, code = ""]) => code,
);

test("docs/errors.md lists every code and no other", () => {
  const page = readFileSync(join(root, "docs/errors.md"), "utf8");
  const listed = [...page.matchAll(/^\| `(SIM_\w+)`/gm)].map(([, code]) => code);
  expect(new Set(listed)).toEqual(new Set(codes));
});

test("every code is thrown somewhere and provoked by a test", () => {
  const thrown = sourceFiles("sim").filter(({ path }) => path !== "sim/errors.ts");
  const tests = sourceFiles("test").filter(({ path }) => path.endsWith(".test.ts"));
  const missing = codes.filter(
    (code) =>
      !thrown.some(({ text }) => text.includes(code)) || !tests.some(({ text }) => text.includes(code)),
  );
  expect(missing).toEqual([]);
});

test("the version in the code is the package's", () => {
  const { version: published } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as {
    version: string;
  };
  expect(version).toBe(published);
});
