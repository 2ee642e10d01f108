/** The simulated server answers as Redis 7.0 did when it was recorded; see ../recordings.ts. */
import { afterAll, expect, test } from "vitest";
import { asRecorded, readRecording } from "../recordings.js";
import { createSimulatedArm } from "./arms.js";
import { playHistory } from "./histories.js";
import { fixedSuite, historySuite, wireSuite } from "./suites.js";
import { play } from "./transcript.js";
import { createSimulatedWireArm } from "./wire/arms.js";
import { playWire } from "./wire/play.js";

const simulated = createSimulatedArm();
afterAll(() => simulated.stop());

const answers = readRecording(fixedSuite);
const histories = readRecording(historySuite);
const conversations = readRecording(wireSuite);

test.each(fixedSuite.scripts.map((script, index) => ({ script, index })))(
  "Redis 7.0 as recorded: $script.feature: $script.name",
  async ({ script, index }) => {
    expect(asRecorded(await play(simulated, script.lines))).toEqual(answers[index]);
  },
);

test(`Redis 7.0 as recorded: ${histories.length} random histories`, async () => {
  for (const [index, steps] of historySuite.scripts.entries()) {
    expect(asRecorded(await playHistory(simulated, steps)), `history ${index}`).toEqual(histories[index]);
  }
});

test.each(wireSuite.scripts.map(({ script, protocol }, index) => ({ script, protocol, index })))(
  "Redis 7.0 as recorded, byte for byte: RESP$protocol $script.name",
  async ({ script, protocol, index }) => {
    expect(asRecorded(await playWire(createSimulatedWireArm(), script, protocol))).toEqual(
      conversations[index],
    );
  },
);
