import { runScenario, scenarios } from "phoenix-sim";
import { expect, test } from "vitest";

import { mergeCoverage, summarizeCoverage } from "../../sim/scenarios/history/index.js";

test("together the scenarios see nine in ten operations of the API succeed, and no answer that it does not declare", async () => {
  const parts = [];
  for (const scenario of scenarios) {
    const { coverage, error } = await runScenario(scenario, { seed: 1, scale: 0.02, coverage: true });
    expect(error).toBeUndefined();
    if (coverage !== undefined) parts.push(coverage);
  }
  expect(parts).toHaveLength(scenarios.length);
  const { operations, covered, missing, undeclared } = summarizeCoverage(mergeCoverage(parts));
  expect(operations).toBeGreaterThan(50);
  expect(covered / operations, `not covered: ${missing.join(", ")}`).toBeGreaterThanOrEqual(0.9);
  expect(undeclared).toEqual([]);
});
