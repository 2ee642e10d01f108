/** Each behaviour, random histories and raw conversations on the simulated server and on the real one. */
import { assert, asyncProperty } from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeReal } from "../../support/real-arm.js";
import { realPrograms } from "../../support/real-programs.js";
import { type Arm, createSimulatedArm, startRealArm } from "./arms.js";
import { playHistory } from "./histories.js";
import { history } from "./random-commands.js";
import { fixedSuite, wireSuite } from "./suites.js";
import { play } from "./transcript.js";
import { createSimulatedWireArm, type RealWireArm, startRealWireArm } from "./wire/arms.js";
import { playWire } from "./wire/play.js";

describeReal("simulated and real Redis answer the same", [realPrograms.redis], () => {
  const simulated = createSimulatedArm();
  let real: Arm;
  beforeAll(async () => {
    real = await startRealArm();
  });
  afterAll(() => {
    real.stop();
    simulated.stop();
  });

  test.each(fixedSuite.scripts)("$feature: $name", async ({ lines }) => {
    expect(await play(simulated, lines)).toEqual(await play(real, lines));
  });

  test("random histories of two sessions", async () => {
    await assert(
      asyncProperty(history, async (steps) => {
        expect(await playHistory(simulated, steps)).toEqual(await playHistory(real, steps));
      }),
      { numRuns: 500, seed: 2 },
    );
  });
});

describeReal("simulated and real Redis answer the same bytes", [realPrograms.redis], () => {
  let real: RealWireArm;
  beforeAll(async () => {
    real = await startRealWireArm();
  });
  afterAll(() => real.stop());

  test.each(wireSuite.scripts)("RESP$protocol $script.name", async ({ script, protocol }) => {
    expect(await playWire(createSimulatedWireArm(), script, protocol)).toEqual(
      await playWire(real, script, protocol),
    );
  });
});
