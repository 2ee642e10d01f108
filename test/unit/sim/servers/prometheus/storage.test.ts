import fc from "fast-check";
import { expect, test } from "vitest";

import {
  compareLabels,
  createMatcher,
  createRegExpCache,
  labelsOf,
} from "../../../../../sim/servers/prometheus/labels.js";
import { createTextPool, isolatedText } from "../../../../../sim/servers/prometheus/scrape/labels.js";
import { createStorage } from "../../../../../sim/servers/prometheus/storage.js";

const texts = fc.oneof(fc.constantFrom("", "a", "b", "ab", "a\u0000b", "\u0000", "é", "\ud800"), fc.string());
const labelSets = fc.dictionary(fc.constantFrom("__name__", "job", "pid", "node"), texts).map(labelsOf);

test("equal label sets are one series, different ones two, whatever their texts", () => {
  fc.assert(
    fc.property(fc.array(labelSets, { maxLength: 20 }), (sets) => {
      const storage = createStorage();
      const bySeries = new Map(sets.map((labels) => [storage.series(labels), labels.key]));
      expect(storage.seriesCount).toBe(new Set(sets.map(({ key }) => key)).size);
      for (const labels of sets) expect(bySeries.get(storage.series(labels))).toBe(labels.key);
    }),
  );
});

test("many thousands of different texts give as many series", () => {
  const storage = createStorage();
  for (let pid = 0; pid < 70_000; pid += 1) storage.series(labelsOf({ __name__: "cpu", pid: String(pid) }));
  expect(storage.seriesCount).toBe(70_000);
  expect(storage.series(labelsOf({ __name__: "cpu", pid: "69999" })).labels.get("pid")).toBe("69999");
  expect(storage.seriesCount).toBe(70_000);
});

test("a selection finds what it would find in a new store, whenever series came and labels were asked for", () => {
  const cache = createRegExpCache(true);
  const matchers = fc.constantFrom(
    createMatcher("job", "=", "a", cache),
    createMatcher("pid", "=~", "a|b", cache),
    createMatcher("node", "!=", "", cache),
    createMatcher("node", "=", "", cache),
  );
  const steps = fc.array(fc.oneof(labelSets, matchers), { maxLength: 40 });
  fc.assert(
    fc.property(steps, matchers, (steps, last) => {
      const storage = createStorage();
      const fresh = createStorage();
      for (const step of steps) {
        if ("pairs" in step) storage.series(step);
        else storage.select([step]);
      }
      for (const step of steps) if ("pairs" in step) fresh.series(step);
      const found = storage.select([last]).map(({ labels }) => labels);
      expect(found.map(({ key }) => key)).toEqual(fresh.select([last]).map(({ labels }) => labels.key));
      expect(found).toEqual([...found].sort(compareLabels));
    }),
  );
});

test("texts that are kept are equal to what they were, and one for all that are equal", () => {
  fc.assert(
    fc.property(fc.array(texts), (all) => {
      const pool = createTextPool();
      expect(all.map((text) => pool.keep(text))).toEqual(all);
      expect(all.map(isolatedText)).toEqual(all);
    }),
  );
});
