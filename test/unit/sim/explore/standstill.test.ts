import { createHook } from "node:async_hooks";

import { expect, test } from "vitest";

import { withStallWatchdog } from "../../../../sim/explore/one-world.js";

test("what is given up keeps the process alive no longer", async () => {
  const timers: NodeJS.Timeout[] = [];
  const hook = createHook({
    init(_id, type, _trigger, resource) {
      if (type === "Timeout") timers.push(resource as NodeJS.Timeout);
    },
  }).enable();
  const stuck = withStallWatchdog(new Promise(() => {}), () => 1, 10);
  hook.disable();
  const isSet = (timer: object): boolean => !(timer as { readonly _destroyed: boolean })._destroyed;
  expect(timers.filter(isSet)).toHaveLength(1);
  await expect(stuck).rejects.toMatchObject({ code: "SIM_WALL_LIMIT" });
  expect(timers.filter(isSet)).toEqual([]);
});
