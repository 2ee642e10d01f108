import { expect, test } from "vitest";
import { createTestWorld, exposition } from "./world.js";

/** `lastError` of a target that shows this body. */
async function lastError(body: string, type?: string): Promise<string> {
  const { clock, prometheus } = createTestWorld(
    { scrape_configs: [{ job_name: "j", static_configs: [{ targets: ["t:1"] }] }] },
    () => exposition(body, type),
  );
  prometheus.start();
  await clock.advance(120_000);
  return prometheus.targets()[0]?.lastError ?? "no target";
}

test.each([
  ["a 1\n", ""],
  ['a{b="c",} 1 17\n\n# any comment\n#\n  \n# TYPE a counter\na_total 1e3', ""],
  ['{"with.dot",l="v"} 1\n', ""],
  ["# TYPE a integer\n", 'invalid metric type "integer"'],
  ["# TYPE a gauge \n", 'invalid metric type "gauge "'],
  ["a 0x1F\n", 'strconv.ParseFloat: parsing "0x1F": invalid syntax while parsing: "a 0x1F"'],
  ["a 1e999\n", 'strconv.ParseFloat: parsing "1e999": value out of range while parsing: "a 1e999"'],
  ["a 1_0\n", 'unsupported character in float while parsing: "a 1_0"'],
  ["a 1 -5\n", 'expected timestamp or new record, got "-" ("INVALID") while parsing: "a 1 -"'],
  ["a 1 5 6 7\n", 'expected next entry after timestamp, got "6 " ("TIMESTAMP") while parsing: "a 1 5 6 "'],
  ["a{b=c} 1\n", 'expected label value, got "c" ("INVALID") while parsing: "a{b=c"'],
  ["a{b} 1\n", 'expected equal, got "} " ("BCLOSE") while parsing: "a{b} "'],
  ['{l="v"} 1\n', 'metric name not set while parsing: "{l=\\"v\\"} 1"'],
  ["1 2\n", 'expected a valid start token, got "1" ("INVALID") while parsing: "1"'],
  ["a\n", 'expected value after metric, got "\\n" ("INVALID") while parsing: "a\\n"'],
  ['a{b="1",b="2"} 1\n', 'label name "b" is not unique: invalid sample'],
])("of the text %j the target says %j", async (body, error) => {
  expect(await lastError(body)).toBe(error);
});

test.each([
  ["# TYPE a_seconds gauge\n# UNIT a_seconds seconds\n# HELP a_seconds x\na_seconds 1 12.5\n# EOF\n", ""],
  ['a_total 1 # {t="x"} 0.5 12\n# EOF', ""],
  ["a 1\n", "data does not end with # EOF"],
  ["a 1\n# EOF\na 1\n", "unexpected data after # EOF"],
  ["a 1\n\n# EOF\n", 'expected a valid start token, got "\\n" ("INVALID") while parsing: "\\n"'],
  ["# note\n# EOF\n", 'expected a valid start token, got "# n" ("INVALID") while parsing: "# n"'],
  ["# UNIT a_bytes ratio\n# EOF\n", 'unit "ratio" not a suffix of metric "a_bytes"'],
  ["# TYPE a untyped\n# EOF\n", 'invalid metric type "untyped"'],
  ["a  1\n# EOF\n", 'expected value after metric, got "  " ("INVALID") while parsing: "a  "'],
  [
    'a{b="1" } 1\n# EOF\n',
    'expected comma or brace close, got " }" ("INVALID") while parsing: "a{b=\\"1\\" }"',
  ],
  ["a 1 NaN\n# EOF\n", "invalid timestamp NaN"],
  [
    'a 1 # {b="c"}\n# EOF\n',
    'expected value after exemplar labels, got "\\n" ("INVALID") while parsing: "a 1 # {b=\\"c\\"}\\n"',
  ],
])("of the OpenMetrics %j the target says %j", async (body, error) => {
  const found = await lastError(body, "application/openmetrics-text; version=1.0.0");
  // How far the server has read when it gives up is its own affair.
  const expected = error.includes(" got ")
    ? expect.stringContaining(error.split(", got")[0] as string)
    : error;
  expect(found).toEqual(expected);
});
