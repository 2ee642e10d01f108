import { expect, test } from "vitest";

import { formatDuration, parseDuration } from "../../../../sim/kernel/index.js";

test.each([
  [250, 250],
  ["250ms", 250],
  ["30s", 30_000],
  ["1m30s", 90_000],
  ["1.5h", 5_400_000],
  ["2d", 172_800_000],
])("%s is %i ms", (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each(["", "5", "5 m", "-1s", "1m-30s", "s", -1, Number.NaN, Infinity])(
  "%s is refused by name",
  (text) => {
    expect(() => parseDuration(text)).toThrow("[SIM_OPTION_INVALID]");
  },
);

test("durations are printed for people", () => {
  expect([0.5, 41.4, 999, 1000, 90_000, 3_723_400].map(formatDuration)).toEqual([
    "0.5ms",
    "41ms",
    "999ms",
    "1s",
    "1m 30s",
    "1h 2m 3.4s",
  ]);
});
