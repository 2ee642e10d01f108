import { expect, test } from "vitest";

import { defaultDriver } from "../../sim/kernel/index.js";
import { runShape, shapes } from "./index.js";

test("there are 24 shapes, each with a name of its own", () => {
  expect(new Set(shapes.map(({ name }) => name)).size).toBe(24);
});

test.each(shapes)("$name does not show its fault when nothing is out of order", async (shape) => {
  expect((await runShape(shape, defaultDriver())).failure).toBeUndefined();
});
