/** The simulated server answers as PostgreSQL 15 did when it was recorded; see ../recordings.ts. */
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { asRecorded, readRecording } from "../recordings.js";
import { createSimulatedArm } from "./arms.js";
import { fixedSuite, historySuite } from "./suites.js";
import { play } from "./transcript.js";

// The client reads timestamps without a zone in the zone of its process; they were recorded in UTC.
beforeAll(() => {
  vi.stubEnv("TZ", "UTC");
});
afterAll(() => {
  vi.unstubAllEnvs();
});

const simulated = createSimulatedArm();
const answers = readRecording(fixedSuite);
const histories = readRecording(historySuite);

test.each(fixedSuite.scripts.map((script, index) => ({ script, index })))(
  "PostgreSQL 15 as recorded: $script.feature: $script.name",
  async ({ script, index }) => {
    expect(asRecorded(await play(simulated, script))).toEqual(answers[index]);
  },
);

test(`PostgreSQL 15 as recorded: ${histories.length} random histories`, async () => {
  for (const [index, script] of historySuite.scripts.entries()) {
    expect(asRecorded(await play(simulated, script)), `history ${index}`).toEqual(histories[index]);
  }
});
