import * as fc from "fast-check";
import { expect, test } from "vitest";

import { failureHashOf, formatToken, labelHashOf, parseToken } from "../../../../sim/explore/index.js";
import type { Decision } from "../../../../sim/kernel/index.js";

const name = fc.stringMatching(/^[A-Za-z0-9_-]{1,20}$/);
const decision = fc.record({
  kind: fc.constantFrom("order", "latency", "fault", "target", "timing"),
  label: fc.string({ maxLength: 40 }),
  occurrence: fc.nat(1_000_000),
  value: fc.integer({ min: 1, max: 5_000 }),
}) satisfies fc.Arbitrary<Decision>;
const content = fc.record({
  scenario: name,
  profile: name,
  version: fc.constantFrom("0.1.0", "12.300.4"),
  seed: fc.maxSafeInteger(),
  failure: fc.option(fc.string(), { nil: undefined }),
  decisions: fc.array(decision, { maxLength: 20 }),
});

const example = formatToken({
  scenario: "lifecycle",
  profile: "swarm",
  version: "0.1.0",
  seed: 3_735_928_559,
  failure: "invariant/no-write-lost",
  decisions: [
    { kind: "order", label: "order/postgres/sql/insert-experiment", occurrence: 3, value: 1 },
    { kind: "latency", label: "gateway-0>postgres/sql/latency", occurrence: 130, value: 15 },
  ],
});

test("a token gives back all that it was made of, labels and failure as hashes", () => {
  fc.assert(
    fc.property(content, (made) => {
      const { failure, decisions, ...rest } = made;
      const line = formatToken(made);
      expect(line).toMatch(/^[A-Za-z0-9._~-]+$/);
      expect(parseToken(line, made.version)).toEqual({
        ...rest,
        failureHash: failure === undefined ? undefined : failureHashOf(failure),
        decisions: decisions.map(({ label, occurrence, value }) => ({
          labelHash: labelHashOf(label),
          occurrence,
          value,
        })),
      });
    }),
  );
});

test("a token of eight decisions in a long campaign fits in 120 characters", () => {
  const decisions = Array.from({ length: 8 }, (_, index) => ({
    kind: "latency" as const,
    label: `gateway-${index}>postgres-0/sql/insert-experiment/latency`,
    occurrence: 100 + 40 * index,
    value: 1 + index,
  }));
  const line = formatToken({
    scenario: "lifecycle",
    profile: "hostile",
    version: "0.1.0",
    seed: 2 ** 32 - 1,
    failure: "a/b",
    decisions,
  });
  expect(line.length).toBeLessThanOrEqual(120);
});

test("any single wrong letter is noticed", () => {
  fc.assert(
    fc.property(
      fc.nat(example.length - 1),
      fc.constantFrom("A", "q", "7", "_", "-", ".", "~"),
      (index, letter) => {
        fc.pre(example[index] !== letter);
        const wrong = example.slice(0, index) + letter + example.slice(index + 1);
        expect(() => parseToken(wrong, "0.1.0")).toThrow(
          expect.objectContaining({ code: "SIM_TOKEN_INVALID" }),
        );
      },
    ),
  );
});

test("any token that was cut off is noticed", () => {
  for (let length = 0; length < example.length; length++) {
    expect(() => parseToken(example.slice(0, length))).toThrow(
      expect.objectContaining({ code: "SIM_TOKEN_INVALID" }),
    );
  }
});

test.each([
  ["hello", /"hello" is not a replay token/],
  ["px9.lifecycle~calm.AAAA", /a token of another format than px1/],
  ["px1.lifecycle.AAAAAAAA", /damaged: "lifecycle" is not a scenario and a profile/],
  ["px1.lifecycle~calm.AA*A", /damaged: its last part is not base64url/],
  ["px1.lifecycle~calm.AAA", /damaged: it is cut off/],
  ["px1.lifecycle~calm.AAAAAAAA", /damaged: its checksum does not fit/],
  [example.replace("lifecycle", "lifecycel"), /damaged: its checksum does not fit/],
])("%s is refused with the reason", (text, reason) => {
  expect(() => parseToken(text)).toThrow(reason);
});

test("a token of another version names both versions, and is read when any will do", () => {
  expect(() => parseToken(example, "0.2.0")).toThrow(
    /made by version 0\.1\.0, and this is 0\.2\.0.*\[SIM_TOKEN_VERSION\]/s,
  );
  expect(parseToken(example).version).toBe("0.1.0");
});

test("a scenario whose name does not fit in a token is refused", () => {
  const wrong = { scenario: "a b", profile: "calm", version: "0.1.0", seed: 1, decisions: [] };
  expect(() => formatToken(wrong)).toThrow(expect.objectContaining({ code: "SIM_OPTION_INVALID" }));
});

test("a token names the module of the user's own worlds, whatever its path is made of", () => {
  for (const world of ["own.mjs", "test/worlds/übung (1).ts", "../other/own.mjs"]) {
    const content = { version: "0.1.0", scenario: "one-crash", profile: "swarm", seed: 3, decisions: [] };
    const text = formatToken({ ...content, world });
    expect(text).toMatch(/^px1\.one-crash~swarm~[\w-]+\.[\w-]+$/);
    expect(parseToken(text)).toMatchObject({ scenario: "one-crash", profile: "swarm", world });
    expect(parseToken(formatToken(content)).world).toBeUndefined();
  }
});
