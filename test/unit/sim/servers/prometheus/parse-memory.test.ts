import { expect, test } from "vitest";

import { createRegExpCache } from "../../../../../sim/servers/prometheus/labels.js";
import { createParseMemory } from "../../../../../sim/servers/prometheus/promql/engine.js";
import { parsePromql } from "../../../../../sim/servers/prometheus/promql/parse.js";

const expressions = createRegExpCache(true);
const parse = (query: string) => parsePromql(query, { dialect: 3, expressions });

const ids = ["5f8c1a52-3b0e-4d6f-9a7e-0c1d2e3f4a5b", "00000000-0000-0000-0000-000000000000"].concat(
  Array.from({ length: 3 }, (_, index) => `1111111${index}-2222-4333-8444-555555555555`),
);

/** A memory, and which queries reached the parser. */
function remembering(entriesMax = 100) {
  const parsed: string[] = [];
  const memory = createParseMemory({
    parse(query) {
      parsed.push(query);
      return parse(query);
    },
    expressions,
    entriesMax,
  });
  return { memory, parsed };
}

// Functions of matchers are compared by what they do.
function withoutFunctions(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

test.each([
  (id: string) => `m{experiment_id="${id}"}`,
  (id: string) => `sum by (le) (rate(m{id!="${id}"}[5m] offset 1m)) / on (a) topk(3, x{a="b",id="${id}"})`,
  (id: string) => `-max_over_time((m{id="${id}"} > 2)[5m:1m])`,
  (id: string) => `m{id=~"${id}|other"}`,
  (id: string) => `label_replace(m{id="${id}"}, "x", "${id}", "y", "(.*)")`,
  (id: string) => `m{id="prefix-${id}"}`,
  (id: string) => `m{a="${id}"} or m{a="${ids[0]}"}`,
])("a query for another id has the tree that parsing it gives (%s)", (queryFor) => {
  const { memory } = remembering();
  for (const id of ids) {
    const tree = memory(queryFor(id));
    expect(withoutFunctions(tree)).toEqual(withoutFunctions(parse(queryFor(id))));
    expect(memory(queryFor(id))).toBe(tree);
  }
});

test("matchers of a tree that was not parsed match its own id alone", () => {
  const { memory } = remembering();
  const [first, second] = ids.map((id) => memory(`m{id="${id}"}`));
  const matches = (tree: typeof first): unknown =>
    tree?.kind === "selector" &&
    ids.map((id) => tree.matchers.find(({ name }) => name === "id")?.matches(id));
  expect([matches(first), matches(second)]).toEqual([
    [true, false, false, false, false],
    [false, true, false, false, false],
  ]);
});

test("queries that differ in an id alone are parsed for the first of them", () => {
  const { memory, parsed } = remembering();
  memory(`m{id="${ids[0]}"}`);
  const before = parsed.length;
  for (const id of ids) memory(`m{id="${id}"}`);
  expect(parsed).toHaveLength(before);
});

test("errors speak of the query that was asked, each time", () => {
  const { memory } = remembering();
  for (const id of ids) expect(() => memory(`sum(m{id="${id}"}`)).toThrow(/unclosed left parenthesis/);
  expect(() => memory(`rate(m{id="${ids[2]}"})`)).toThrow(/expected type range vector/);
});

test("a full memory forgets, and goes on", () => {
  const { memory, parsed } = remembering(2);
  for (const name of ["a", "b", "c", "a"]) memory(name);
  expect(parsed).toEqual(["a", "b", "c", "a"]);
});
