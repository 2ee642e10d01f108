/** Links and paths in the pages that people read: each must lead somewhere. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const pages = [
  "README.md",
  "CONTRIBUTING.md",
  "SECURITY.md",
  "CHANGELOG.md",
  ...readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name)),
];

/** Anchors as GitHub makes them of headings. */
function anchorsOf(page: string): ReadonlySet<string> {
  const headings = readFileSync(page, "utf8").matchAll(/^#+ (.*)$/gm);
  return new Set(
    [...headings].map(([, text = ""]) =>
      text
        .toLowerCase()
        .replaceAll(/[^\w\- ]/g, "")
        .replaceAll(" ", "-"),
    ),
  );
}

test.each(pages)("the links of %s lead somewhere", (page) => {
  const text = readFileSync(join(root, page), "utf8").replaceAll(/^```[\s\S]*?^```$/gm, "");
  const dead = [...text.matchAll(/\]\((?!https?:)([^)#\s]*)(?:#([^)\s]+))?\)/g)]
    .map(([link, path = "", anchor]) => ({
      link,
      anchor,
      target: path === "" ? join(root, page) : join(root, dirname(page), path),
    }))
    .filter(
      ({ target, anchor }) => !existsSync(target) || (anchor !== undefined && !anchorsOf(target).has(anchor)),
    )
    .map(({ link }) => link);
  expect(dead).toEqual([]);
});

test.each(pages)("the paths that %s names exist", (page) => {
  const text = readFileSync(join(root, page), "utf8");
  const missing = [...text.matchAll(/`((?:src|sim|test|tools|docs)\/[\w./-]*)`/g)]
    .map(([, path = ""]) => path)
    // What a user of the package has, or will write, in a project of their own.
    .filter((path) => !/^test\/(?:regressions|[\w-]+\.test\.ts)\b/.test(path))
    .filter((path) => !existsSync(join(root, path)));
  expect(missing).toEqual([]);
});
