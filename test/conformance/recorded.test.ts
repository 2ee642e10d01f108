/** The simulated server answers as Prometheus 2.42 did when it was recorded; see test/parity/recordings.ts. */
import { expect, test } from "vitest";
import { readRecording } from "../parity/recordings.js";
import { compareRecorded, type RawAnswer } from "./differential.js";
import { fixedSuite, querySuite } from "./suites.js";

const fixed = readRecording(fixedSuite) as readonly RawAnswer[];
const answers = readRecording(querySuite) as readonly RawAnswer[];

test(`Prometheus 2.42 as recorded: each function, aggregation and operator in ${fixed.length} queries`, async () => {
  const { different, explained, failing } = await compareRecorded(fixedSuite.scripts, fixed, "2.42");
  expect({ different, explained, failing }).toEqual({ different: [], explained: [], failing: 0 });
});

test(`Prometheus 2.42 as recorded: ${answers.length} random queries`, async () => {
  const { different, failing, queries } = await compareRecorded(querySuite.scripts, answers, "2.42");
  expect(different).toEqual([]);
  // Most queries must mean something, or the comparison would prove little.
  expect(failing).toBeLessThan(queries / 5);
});
