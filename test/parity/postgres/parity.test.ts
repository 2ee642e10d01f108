/** Each behaviour on the simulated server and on the real one, where that is installed. */
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeReal } from "../../support/real-arm.js";
import { realPrograms } from "../../support/real-programs.js";
import { type Arm, createSimulatedArm, startRealArm } from "./arms.js";
import { playBoth } from "./compare.js";
import { history } from "./histories.js";
import { fixedSuite } from "./suites.js";

describeReal("simulated and real PostgreSQL answer the same", [realPrograms.postgres], () => {
  const simulated = createSimulatedArm();
  let real: Arm;
  beforeAll(async () => {
    real = await startRealArm();
  });
  afterAll(() => real.stop());

  test.each(fixedSuite.scripts)("$feature: $name", async (script) => {
    const { own, other } = await playBoth(simulated, real, script);
    expect(own).toEqual(other);
  });

  test("random histories of three sessions", async () => {
    for (const script of fc.sample(history, { numRuns: 150, seed: 1 })) {
      const { own, other } = await playBoth(simulated, real, script);
      expect(own).toEqual(other);
    }
  }, 300_000);
});
