import { format } from "prettier";
import { expect, test } from "vitest";
import { createTestWorld, exposition } from "../unit/sim/servers/prometheus/world.js";
import { API_PATHS, supportTable } from "./support-table.js";

test("the table in the docs is what the code supports", async () => {
  const page = await format(supportTable(), { parser: "markdown", printWidth: 110 });
  await expect(page).toMatchFileSnapshot("../../docs/prometheus-support.md");
});

test.each(API_PATHS)("%s is answered", async (path) => {
  const { get } = createTestWorld({}, () => exposition(""));
  expect((await get(path)).status).not.toBe(404);
});
