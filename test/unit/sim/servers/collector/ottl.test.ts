import { expect, test } from "vitest";
import { createOttlCompiler, type OttlScope } from "../../../../../sim/servers/collector/ottl.js";
import { createRegexCompiler } from "../../../../../sim/servers/collector/collector-config.js";
import type { OttlContext } from "../../../../../src/generator/index.js";

const ottl = createOttlCompiler(createRegexCompiler());

/** A data point of `process.threads` of a process called nginx-worker, made anew for each look. */
function scopeOf(): OttlScope {
  const point = { attributes: { state: "user", count: 3 }, cell: { value: 7 } };
  const metric = {
    name: "process.threads",
    description: "Process threads count.",
    unit: "{threads}",
    type: "sum",
    monotonic: false,
    temporality: "cumulative",
    number: "int",
    points: [point],
  } as const;
  const resource = {
    attributes: { "process.executable.name": "nginx-worker", "process.owner": "www", "process.pid": 1000 },
    scope: { name: "scraper", version: "1" },
    metrics: [{ ...metric, points: [point] }],
  };
  const [working] = resource.metrics;
  return { resource, metric: working, point, cache: {} };
}

const evaluate = (text: string, context: OttlContext = "datapoint"): unknown =>
  ottl.condition(text, context).evaluate(scopeOf());

test.each([
  ['resource.attributes["process.owner"] == "www"', true],
  // Attributes without a context are those of the data point.
  ['attributes["process.owner"] == nil', true],
  ['attributes["state"] != "user"', false],
  ['attributes["missing"] != "x"', true],
  ['attributes["missing"] < "x"', false],
  ['attributes["count"] > 2 and attributes["count"] <= 3', true],
  ['attributes["state"] > 3', false],
  ['not (attributes["state"] == "a" or attributes["state"] == "b")', true],
  ["true and not false", true],
  // `and` binds tighter than `or`.
  ["true or false and false", true],
  ['IsMatch(resource.attributes["process.executable.name"], "^nginx")', true],
  ['IsMatch(attributes["missing"], ".*")', false],
  ['IsMatch(resource.attributes["process.executable.name"], "(?i)NGINX-\\\\w+$")', true],
  ['metric.name == "process.threads"', true],
  ["metric.type == METRIC_DATA_TYPE_SUM and not metric.is_monotonic", true],
  ["metric.aggregation_temporality == AGGREGATION_TEMPORALITY_CUMULATIVE", true],
  ["value_int == 7", true],
  // The number of the other type reads as zero.
  ["datapoint.value_double == 0", true],
  ["(value_int + 1) * 2 - 6 / 4 == 15", true],
  ['Concat([resource.attributes["process.owner"], nil, 5], "-") == "www-<nil>-5"', true],
  ['Split("a,b", ",")[1] == "b"', true],
  ['Substring("prometheus", 0, 4) == "prom"', true],
  ['ConvertCase("processCpu time", "snake") == "process_cpu_time"', true],
  ['Len(resource.attributes) == 3 and HasPrefix("abc", "ab")', true],
  ['SHA256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"', true],
  ['FNV("abc") == -1792535898324117685', true],
  ['Int("12") == 12 and IsString(String(12)) and ToUpperCase("x") == "X"', true],
  ['{"a": [1, 2]}["a"] == nil', undefined],
])("%s is %s", (text, expected) => {
  if (expected === undefined) expect(() => evaluate(text)).toThrow("unexpected");
  else expect(evaluate(text)).toBe(expected);
});

test.each([
  ['HasAttrKeyOnDatapoint("state")', true],
  ['HasAttrOnDatapoint("state", "system")', false],
])("a condition of filter may ask: %s", (text, expected) => {
  expect(ottl.condition(text, "metric", true).evaluate(scopeOf())).toBe(expected);
});

test.each([
  [
    'set(attributes["name"], Concat(["is", attributes["state"]], "_")) where attributes["x"] == nil',
    "name",
    "is_user",
  ],
  ['set(attributes["name"], attributes["missing"])', "name", undefined],
  ['delete_key(attributes, "state")', "state", undefined],
  ['keep_keys(attributes, ["state"])', "count", undefined],
  ['delete_matching_keys(attributes, "^st")', "state", undefined],
  ['keep_matching_keys(attributes, "^c")', "state", undefined],
  ['replace_pattern(attributes["state"], "^u(.)", "<$$1>")', "state", "<$1>er"],
  ['replace_pattern(attributes["state"], "^u(.)", "<$1>")', "state", "<s>er"],
  ['replace_match(attributes["state"], "us*", "kernel")', "state", "kernel"],
  ['replace_all_patterns(attributes, "key", "^st(.+)$", "$1")', "ate", "user"],
  ['replace_all_matches(attributes, "*", "text")', "state", "text"],
  ["truncate_all(attributes, 2)", "state", "us"],
  ['merge_maps(attributes, resource.attributes, "upsert")', "process.owner", "www"],
  ['limit(attributes, 1, ["count"])', "state", undefined],
])("%s leaves %s as %s", (text, key, expected) => {
  const scope = scopeOf();
  ottl.statement(text, "datapoint").run(scope);
  expect(scope.point?.attributes[key]).toBe(expected);
});

test("a statement changes metrics, and a new number follows the old one", () => {
  const scope = scopeOf();
  const run = (text: string, context: OttlContext): void => ottl.statement(text, context).run(scope);
  run('set(metric.name, "threads") where metric.name == "process.threads"', "metric");
  run("convert_sum_to_gauge()", "metric");
  run('copy_metric(name="other", unit="s")', "metric");
  const cell = { value: 7 };
  if (scope.point !== undefined) scope.point.cell = cell;
  run("set(datapoint.value_int, value_int * 2) where value_int > 5", "datapoint");
  expect(scope.metric).toMatchObject({ name: "threads", type: "gauge", temporality: "unspecified" });
  expect(scope.resource.metrics[1]).toMatchObject({ name: "other", unit: "s" });
  expect(scope.point?.cell.value).toBe(14);
  cell.value = 10;
  expect(scope.point?.cell.value).toBe(20);
  // Where the condition does not hold the number stays.
  cell.value = 5;
  expect(scope.point?.cell.value).toBe(5);
});

test("conditions on numbers are known to change from scrape to scrape, those on names are not", () => {
  expect(ottl.condition("value_double > 1", "datapoint").dynamic).toBe(true);
  expect(ottl.condition('attributes["process.owner"] == "x"', "resource").dynamic).toBe(false);
});

test.each([
  ['attributes["a" == "b"', 'expected "]"'],
  ['attributes["a"] === "b"', "expected a value"],
  ["drop()", '"drop" is not a path of the context datapoint'],
  ['body["a"] == "b"', '"body" is not a path of the context datapoint'],
  ['IsMatsh(attributes["a"], "b")', 'function "IsMatsh" does not exist; did you mean "IsMatch"?'],
  ['IsMatch(attributes["a"])', "IsMatch takes 2 arguments, found 1"],
  ["metric.nam == 1", 'did you mean "name"?'],
  ["span.name == 1", '"span.name" cannot be reached from the context datapoint'],
  ["metric.type == METRIC_DATA_TYPE_SUMM", 'did you mean "METRIC_DATA_TYPE_SUM"?'],
  ["", "expected a value"],
  ['attributes["a"] == "b" "c"', 'unexpected ""c""'],
  ["UUID() == nil", "the function UUID is not simulated"],
])("%j is refused with the reason", (text, problem) => {
  expect(() => ottl.condition(text, "datapoint")).toThrow(problem);
});

test("a statement that is not simulated is refused by name", () => {
  expect(() => ottl.statement("flatten(attributes)", "datapoint")).toThrow("flatten is not simulated");
  expect(() => ottl.statement("set(metric.type, 1)", "metric")).toThrow('"metric.type" cannot be set');
});
