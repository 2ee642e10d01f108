import { expect, test } from "vitest";
import { createOttlCompiler, type OttlScope } from "../../../../../sim/servers/collector/ottl.js";
import { createRegexCompiler } from "../../../../../sim/servers/collector/collector-config.js";

const ottl = createOttlCompiler(createRegexCompiler());
const scope: OttlScope = {
  attributes: { "process.executable.name": "nginx-worker", "process.owner": "www" },
  values: Float64Array.from([12, 0.25, 2 ** 20, 0, 0, 4, 16]),
  metricName: "process.threads",
};

test.each([
  ['resource.attributes["process.owner"] == "www"', true],
  ['attributes["process.owner"] != "www"', false],
  ['attributes["missing"] == nil', true],
  ['attributes["missing"] != "x"', true],
  ['attributes["missing"] < "x"', false],
  ['attributes["process.cpu.utilization"] > 0.05 and attributes["process.memory.physical"] <= 1048576', true],
  ['attributes["process.owner"] > 3', false],
  ['not (attributes["process.owner"] == "a" or attributes["process.owner"] == "b")', true],
  ["true and not false", true],
  // `and` binds tighter than `or`.
  ["true or false and false", true],
  ['IsMatch(attributes["process.executable.name"], "^nginx")', true],
  ['IsMatch(attributes["missing"], ".*")', false],
  ['IsMatch(attributes["process.executable.name"], "(?i)NGINX-\\\\w+$")', true],
  ['metric.name == "process.threads"', true],
  ['name == "process.cpu.time"', false],
])("%s is %s", (text, expected) => {
  expect(ottl.condition(text).evaluate(scope)).toBe(expected);
});

test("a statement sets an attribute where its condition holds", () => {
  const { key, value, where } = ottl.statement(
    'set(attributes["name"], Concat(["aggregated", attributes["process.owner"]], "_")) where attributes["x"] == nil',
  );
  expect([key, value.evaluate(scope), where.evaluate(scope)]).toEqual(["name", "aggregated_www", true]);
});

test("conditions on metrics are known to change from scrape to scrape, those on names are not", () => {
  expect(ottl.condition('attributes["process.cpu.time"] > 1').dynamic).toBe(true);
  expect(ottl.condition('attributes["process.owner"] == "x"').dynamic).toBe(false);
});

test.each([
  ['attributes["a" == "b"', 'expected "]"'],
  ['attributes["a"] === "b"', "unexpected"],
  ["drop()", "function drop is not simulated"],
  ['body["a"] == "b"', '"body" is not simulated'],
  ['IsMatch(attributes["a"], "(")', "is no regular expression"],
  ["", "expected a value"],
  ['attributes["a"] == "b" "c"', 'unexpected "c"'],
])("%j is refused with the reason", (text, problem) => {
  expect(() => ottl.condition(text)).toThrow(problem);
});

test("a statement that is not simulated is refused by name", () => {
  expect(() => ottl.statement("truncate_all(attributes, 10)")).toThrow("truncate_all is not simulated");
});
