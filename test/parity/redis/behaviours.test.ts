/**
 * Each behaviour on the simulated server and on the real one. The real arm needs `redis-server` 7.0 on this
 * machine (Debian: apt-get install redis-server); without it this file says so and skips.
 */
import { afterAll, describe, expect, test } from "vitest";
import { createSimulatedArm, startRealArm } from "./arms.js";
import { behaviours } from "./behaviours/index.js";
import { play } from "./transcript.js";

const real = await startRealArm();
const simulated = createSimulatedArm();
if (real === undefined) console.log("redis parity: no redis-server on this machine, the real arm is skipped");

afterAll(() => {
  real?.stop();
  simulated.stop();
});

describe.skipIf(real === undefined)("simulated and real Redis answer the same", () => {
  test.each(behaviours)("$feature: $name", async ({ lines }) => {
    if (real === undefined) return;
    expect(await play(simulated, lines)).toEqual(await play(real, lines));
  });
});
