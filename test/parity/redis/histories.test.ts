/** Random histories of two sessions: the same answers from the simulated server and from the real one. */
import { assert, asyncProperty } from "fast-check";
import { afterAll, expect, test } from "vitest";
import { createSimulatedArm, startRealArm } from "./arms.js";
import { playHistory } from "./histories.js";
import { history } from "./random-commands.js";

const real = await startRealArm();
const simulated = createSimulatedArm();
if (real === undefined) console.log("redis parity: no redis-server on this machine, the real arm is skipped");

afterAll(() => {
  real?.stop();
  simulated.stop();
});

test.skipIf(real === undefined)(
  "random histories of two sessions have the same answers on both servers",
  async () => {
    await assert(
      asyncProperty(history, async (steps) => {
        if (real === undefined) return;
        expect(await playHistory(simulated, steps)).toEqual(await playHistory(real, steps));
      }),
      { numRuns: 500, seed: 1 },
    );
  },
);
