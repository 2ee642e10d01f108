import { readFileSync } from "node:fs";

import { expect, test } from "vitest";

import { supportPage } from "./support-page.js";

test("docs/support.md is what the suites and the code give; `npm run support` writes it anew", async () => {
  const page = readFileSync("docs/support.md", "utf8");
  expect(page).toBe(await supportPage());
});
