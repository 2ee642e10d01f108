import { expect, test } from "vitest";

import { type Case, caseId, formatCase, parseCase, parseToken } from "../../../../sim/explore/index.js";

const found: Case = {
  version: "0.1.0",
  scenario: "lifecycle",
  profile: "swarm",
  seed: 77,
  failure: { kind: "invariant", code: "no-write-lost", message: "experiment 1 is gone", source: "a.ts:5" },
  decisions: [{ kind: "order", label: "order/postgres/sql", occurrence: 2, value: 1 }],
  minimal: true,
};

function changed(change: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ ...(JSON.parse(formatCase(found)) as object), ...change });
}

test("a case file gives back the case, and holds its token", () => {
  const text = formatCase(found);
  expect(parseCase(text, "a.json")).toEqual(found);
  const { token } = JSON.parse(text) as { token: string };
  expect(parseToken(token, "0.1.0")).toMatchObject({ scenario: "lifecycle", profile: "swarm", seed: 77 });
});

test("the name of a case is stable, and another case has another name", () => {
  expect(caseId(found)).toMatch(/^lifecycle-no-write-lost-[0-9a-f]{8}$/);
  expect(caseId({ ...found, minimal: false })).toBe(caseId(found));
  expect(caseId({ ...found, seed: 78 })).not.toBe(caseId(found));
});

test.each([
  ["no json", "it is not JSON"],
  ["[]", "it is not an object"],
  [changed({ format: 3 }), '"format" should be 2, and is 3'],
  [changed({ scenario: "" }), '"scenario" should be a text, and is ""'],
  [changed({ seed: 1.5 }), '"seed" should be a whole number, and is 1.5'],
  [
    changed({ failure: undefined }),
    '"failure" should be an object with kind, code and message, and is missing',
  ],
  [changed({ decisions: {} }), '"decisions" should be a list, and is {}'],
  [changed({ decisions: [{ kind: "magic" }] }), 'decision 1 of 1 is malformed: {"kind":"magic"}'],
])("a broken case file is refused with the field: %#", (text, reason) => {
  expect(() => parseCase(text, "case.json")).toThrow(`Cannot read case.json as a case: ${reason}.`);
  expect(() => parseCase(text, "case.json")).toThrow(expect.objectContaining({ code: "SIM_CASE_INVALID" }));
});
