/**
 * Each behaviour on the simulated server and on the real one. The real arm needs PostgreSQL 15 on this machine
 * (Debian: apt-get install --no-install-recommends postgresql-15); without it this file says so and skips.
 */
import * as fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { createSimulatedArm, startRealArm } from "./arms.js";
import { behaviours } from "./behaviours/index.js";
import { playBoth } from "./compare.js";
import { hermitage } from "./hermitage.js";
import { history } from "./histories.js";
import { platform } from "./platform.js";

const real = await startRealArm();
const simulated = createSimulatedArm();
if (real === undefined)
  console.log("postgres parity: no PostgreSQL 15 on this machine, the real arm is skipped");

afterAll(() => {
  real?.stop();
  simulated.stop();
});

describe.skipIf(real === undefined)("simulated and real PostgreSQL answer the same", () => {
  test.each([...behaviours, ...hermitage, ...platform])("$feature: $name", async (script) => {
    if (real === undefined) return;
    const { own, other } = await playBoth(simulated, real, script);
    expect(own).toEqual(other);
  });

  test("random histories of three sessions", async () => {
    if (real === undefined) return;
    for (const script of fc.sample(history, { numRuns: 150, seed: 20 })) {
      const { own, other } = await playBoth(simulated, real, script);
      expect(own).toEqual(other);
    }
  }, 300_000);
});
