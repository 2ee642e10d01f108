import fc from "fast-check";
import { expect, test } from "vitest";

import { createMatcher, createRegExpCache, labelsOf } from "../../../../../sim/servers/prometheus/labels.js";
import { createStorage } from "../../../../../sim/servers/prometheus/storage.js";

const expressions = createRegExpCache(true);
const matchers = [
  [createMatcher("job", "=", "a", expressions)],
  [createMatcher("pid", "=~", "[0-4]", expressions)],
  [createMatcher("job", "!=", "a", expressions), createMatcher("pid", "!~", "3|5", expressions)],
];

test("a selection made before series came gives what one made afterwards gives, in the order of labels", () => {
  const series = fc.record({
    job: fc.constantFrom("a", "b", "c"),
    pid: fc.integer({ min: 0, max: 9 }).map(String),
  });
  fc.assert(
    fc.property(fc.array(fc.array(series)), (arrivals) => {
      const early = createStorage();
      const late = createStorage();
      for (const batch of arrivals) {
        for (const selected of matchers) early.select(selected);
        for (const labels of batch) {
          early.series(labelsOf(labels));
          late.series(labelsOf(labels));
        }
      }
      for (const selected of matchers) {
        const keysOf = (storage: typeof early): string[] =>
          storage.select(selected).map(({ labels }) => labels.key);
        expect(keysOf(early)).toEqual(keysOf(late));
      }
    }),
  );
});

test("the list that a caller holds does not change under it", () => {
  const storage = createStorage();
  storage.series(labelsOf({ job: "a", pid: "1" }));
  const held = storage.select(matchers[0] ?? []);
  storage.series(labelsOf({ job: "a", pid: "0" }));
  expect(storage.select(matchers[0] ?? []).length).toBe(2);
  expect(held.length).toBe(1);
});
