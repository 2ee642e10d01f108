import { expect, test } from "vitest";

import { whileItMoves } from "../../../../sim/explore/standstill.js";

test("what is given up keeps the process alive no longer", async () => {
  const timers = (): number => process.getActiveResourcesInfo().filter((kind) => kind === "Timeout").length;
  const before = timers();
  const stuck = whileItMoves(new Promise(() => {}), () => 1, 10);
  expect(timers()).toBe(before + 1);
  await expect(stuck).rejects.toMatchObject({ code: "SIM_WALL_LIMIT" });
  expect(timers()).toBe(before);
});
