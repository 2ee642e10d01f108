/** Runs every TypeScript example of the README and of docs/: what a reader copies must work. */
import { mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

import { afterAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const folder = join(root, "test/docs/.examples");
const pages = [
  "README.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" }).map((name) => `docs/${name}`),
].filter((name) => name.endsWith(".md"));

interface Example {
  readonly page: string;
  readonly line: number;
  readonly code: string;
}

const examples = pages.flatMap((page) => examplesOf(page));

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test("there are examples to run", () => {
  expect(examples.length).toBeGreaterThan(1);
});

const written = examples.map(({ page, line, code }) => {
  const path = join(folder, `${page.replace(/\W/g, "-")}-${line}.ts`);
  writeFileSync(path, code);
  return { name: `${page}, line ${line}`, path, hasTests: code.includes("phoenix-sim/vitest") };
});

// Examples that are tests themselves are collected with the tests of this file, each with hooks of its own.
for (const { name, path } of written.filter(({ hasTests }) => hasTests))
  describe(name, async () => {
    await import(path);
  });

test.each(written.filter(({ hasTests }) => !hasTests))("$name", async ({ path }) => {
  await expect(import(path)).resolves.toBeDefined();
});

function examplesOf(page: string): readonly Example[] {
  const text = readFileSync(join(root, page), "utf8");
  return [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(({ index, 1: code = "" }) => ({
    page,
    line: text.slice(0, index).split("\n").length,
    code: `${code}\nexport {};\n`,
  }));
}
