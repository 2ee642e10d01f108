import { expect, test } from "vitest";

import { differentParts, guessUntracked } from "../../../../../sim/explore/determinism/index.js";

test.each([
  ['{"at":12,"by":"x"}', '{"at":13,"by":"x"}', "12", "13"],
  [
    '{"at":"2026-01-01T00:00:00.000Z"}',
    '{"at":"2026-01-01T00:00:01.000Z"}',
    "2026-01-01T00:00:00.000Z",
    "2026-01-01T00:00:01.000Z",
  ],
  ["x=1", "x=12", "1", "12"],
  ["a 0.25 b", "a -0.5 b", "0.25", "0.5"],
])("of %s and %s the first different words are told", (one, other, first, second) => {
  expect(differentParts(one, other)).toEqual({ first, second });
});

const nowMs = Date.now();

test.each([
  [String(nowMs), String(nowMs + 5), "Date.now or new Date()"],
  [String(Math.floor(nowMs / 1000)), String(Math.floor(nowMs / 1000) + 1), "Date.now or new Date()"],
  [new Date(nowMs).toISOString(), new Date(nowMs + 9).toISOString(), "Date.now or new Date()"],
  ["0.8212345678", "0.1212345678", "Math.random"],
  [
    "7d9e4a52-6f0c-4e8e-9d3b-0f6f3c1a2b4d",
    "1b4e28ba-2fa1-4d2b-883f-0016d3cca427",
    "crypto.randomUUID or randomBytes",
  ],
  ["12.25", "13.75", "performance.now or process.hrtime"],
  ["41", "42", "state kept from one run to the next"],
  ["b", "a", "Nothing that is watched was used"],
  ["42", "41", "Nothing that is watched was used"],
])("%s, then %s looks like %s", (first, second, culprit) => {
  expect(guessUntracked({ first, second })).toContain(culprit);
});
