import { expect, test } from "vitest";
import * as fc from "fast-check";
import { formatDuration, parseDurationMs } from "../../../../src/model/index.js";

test.each([
  ["5m", 300_000],
  ["1h30m", 5_400_000],
  ["1.5s", 1_500],
  ["300", 300_000],
  [300, 300_000],
  [300_000_000_000, 300_000],
  ["250ms", 250],
  ["2d", 172_800_000],
])("%s is %i milliseconds", (text, ms) => {
  expect(parseDurationMs(text)).toBe(ms);
});

test.each(["", "m", "5x", "-5m", "5m-", "0s", 0, -1, Number.NaN, Number.POSITIVE_INFINITY, null, {}, []])(
  "%j is no duration",
  (value) => {
    expect(parseDurationMs(value)).toBeUndefined();
  },
);

test("what is written is read as the same duration", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 604_800_000 }), (ms) => {
      expect(parseDurationMs(formatDuration(ms))).toBe(ms);
    }),
  );
});
