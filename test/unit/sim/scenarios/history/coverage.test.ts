import { expect, test } from "vitest";

import {
  mergeCoverage,
  runRecord,
  scenarioRecord,
  summarizeCoverage,
} from "../../../../../sim/scenarios/history/index.js";
import { scenarioResult } from "./records.js";

const declared = { "GET /a": [200, 404], "POST /a": [201, 400], "DELETE /a": [204, 403] };

test("what several scenarios saw is joined over the run", () => {
  const merged = mergeCoverage([
    { declared, seen: { "GET /a": [404], "POST /a": [400] } },
    { declared, seen: { "GET /a": [200, 404] } },
  ]);
  expect(merged).toEqual({ declared, seen: { "GET /a": [200, 404], "POST /a": [400] } });
});

test("an operation that only refused is not covered, though its answer counts", () => {
  const summary = summarizeCoverage({
    declared,
    seen: { "GET /a": [200, 404], "POST /a": [400], "DELETE /a": [418] },
  });
  expect(summary).toEqual({
    operations: 3,
    covered: 1,
    answers: 6,
    answersSeen: 3,
    missing: ["POST /a", "DELETE /a"],
    undeclared: ["DELETE /a 418"],
  });
});

test("the records of a run hold each scenario's part and the whole", () => {
  const stamp = { run: "r", at: "2026-01-01T00:00:00.000Z", version: "1.0.0" };
  const results = [
    scenarioResult({ coverage: { declared, seen: { "GET /a": [200] } } }),
    scenarioResult({
      ok: false,
      error: { code: "SIM_ASSERTION", message: "no", step: "look" },
      coverage: { declared, seen: { "POST /a": [201] } },
    }),
  ];
  expect(results.map((result) => scenarioRecord(result, stamp))).toMatchObject([
    { ok: true, wallMs: 100.123, coverage: { operations: 3, seen: { "GET /a": [200] } } },
    { ok: false, error: "SIM_ASSERTION", coverage: { operations: 3, seen: { "POST /a": [201] } } },
  ]);
  expect(runRecord(results, true, stamp)).toMatchObject({
    complete: true,
    scenarios: 2,
    failed: 1,
    wallMs: 200,
    coverage: { operations: 3, covered: 2, missing: ["DELETE /a"] },
  });
});

test("a run whose scenarios know nothing of coverage has none on record", () => {
  const stamp = { run: "r", at: "2026-01-01T00:00:00.000Z", version: "1.0.0" };
  expect(runRecord([scenarioResult()], true, stamp)).not.toHaveProperty("coverage");
});
