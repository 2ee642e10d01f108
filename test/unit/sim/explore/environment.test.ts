import { afterEach, expect, test, vi } from "vitest";

import { runsFromEnvironment, seedFromEnvironment } from "../../../../sim/explore/test-runners.js";

afterEach(() => vi.unstubAllEnvs());

test.each([
  ["", 200],
  ["1000", 1000],
  ["10x", 2000],
  ["0.1x", 20],
  ["0.001x", 1],
  ["0", 1],
])("PHOENIX_SIM_RUNS=%s makes 200 runs %d", (text, runs) => {
  vi.stubEnv("PHOENIX_SIM_RUNS", text);
  expect(runsFromEnvironment(200)).toBe(runs);
});

test.each(["many", "-1", "x10", "1e3"])("PHOENIX_SIM_RUNS=%s is refused, and so is such a seed", (text) => {
  vi.stubEnv("PHOENIX_SIM_RUNS", text);
  expect(() => runsFromEnvironment(200)).toThrow(/Cannot use PHOENIX_SIM_RUNS=".*SIM_OPTION_INVALID/s);
  vi.stubEnv("PHOENIX_SIM_SEED", text.replace("1e3", "seven"));
  expect(() => seedFromEnvironment()).toThrow(/Cannot use PHOENIX_SIM_SEED=/);
});
