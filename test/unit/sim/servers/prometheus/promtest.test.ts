import { expect, test } from "vitest";
import { runPromtest } from "../../../../../sim/servers/prometheus/index.js";
import type { PromtestOptions } from "../../../../../sim/servers/prometheus/promtest/index.js";

/** Failures of a test file; `rules` is what every rule file holds. */
function failuresOf(file: string, rules = "", options: Partial<PromtestOptions> = {}): readonly string[] {
  return runPromtest(file, { file: "test.yml", readFile: () => rules, ...options }).failures;
}

/** One test that expects values of expressions two minutes in. */
function checking(samples: Readonly<Record<string, number>>, more = ""): string {
  const tests = Object.entries(samples).map(
    ([expr, value]) =>
      `  - {expr: ${JSON.stringify(expr)}, eval_time: 2m, exp_samples: [{labels: '{}', value: ${value}}]}\n`,
  );
  return `rule_files: [r.yml]\ntests:\n- interval: 1m\n${more}  promql_expr_test:\n${tests.join("")}`;
}

test("labels keep the text that stands in the file", () => {
  const rules = `groups:
- name: g
  rules:
  - record: r
    expr: vector(1)
    labels: {a: 007, b: 1.50, c: 0xF, d: yes, e: "1e3", f: 1_0, g: ~, h: 2001-01-01, i: True}
`;
  const wanted = 'count(r{a="007",b="1.50",c="0xF",d="yes",e="1e3",f="1_0",g="",h="2001-01-01",i="True"})';
  expect(failuresOf(checking({ [wanted]: 1 }), rules)).toEqual([]);
});

test("merge keys take in what an anchor names, and own keys count", () => {
  const rules = `groups:
- name: g
  rules:
  - &one {record: one, expr: vector(1), labels: &labels {team: x, tier: y}}
  - {<<: *one, record: two, labels: {<<: [*labels], tier: z}}
`;
  expect(failuresOf(checking({ 'count(two{team="x",tier="z"})': 1 }), rules)).toEqual([]);
});

test("series are read as the language writes them", () => {
  const series = (values: string) =>
    failuresOf(
      checking({ "count_over_time(m[1h])": 3 }, `  input_series: [{series: m, values: '${values}'}]\n`),
      "",
    );
  for (const values of [
    "0x12",
    "1+2x5 7",
    "1 _ 2x1000000000",
    "Inf -Inf NaN",
    ".5 5. 1e3",
    "1 2 3",
    "9x3000000",
  ])
    expect([values, series(values).length]).toEqual([values, values === "1 _ 2x1000000000" ? 1 : 0]);
  for (const values of ["stalex3", "1 x3", "1-x3", "5x1.0", "1e", "one"])
    expect(series(values)[0]).toMatch(/in series values/);
});

test("the 2 and the 3 of the dialect are two languages", () => {
  const input = "  input_series: [{series: m, values: '1x9'}]\n";
  const file = (count: number) => checking({ "count_over_time(m[1m])": count }, input);
  expect(failuresOf(file(2), "", { dialect: 2 })).toEqual([]);
  expect(failuresOf(file(1), "", { dialect: 3 })).toEqual([]);
  expect(failuresOf(`fuzzy_compare: true\n${file(1)}`, "", { dialect: 3 })).toEqual([]);
  expect(failuresOf(`fuzzy_compare: true\n${file(2)}`, "", { dialect: 2 })).toEqual([
    "test.yml:1:1: yaml: unmarshal errors:\n  line 1: field fuzzy_compare not found in type main.unitTestFile",
  ]);
});

test("a test may begin at any moment", () => {
  const file = `tests:
- start_timestamp: 2024-02-29T12:00:00Z
  input_series: [{series: m, values: '1 2 3'}]
  promql_expr_test:
  - {expr: 'timestamp(m)', eval_time: 2m, exp_samples: [{labels: '{}', value: 1709208120}]}
`;
  expect(failuresOf(file)).toEqual([]);
});

test("what is wrong with rules is said with file, line and column", () => {
  const rules = `groups:
- name: g
  rules:
  - record: r
    expr: sum(
  - alert: A
    expr: vector(1)
    annotations: {text: '{{ $valu }}'}
  - record: s
    alert: s
    expr: vector(1)
`;
  expect(failuresOf(checking({ "vector(1)": 1 }), rules)).toEqual([
    'r.yml: 5:11: group "g", rule 1, "r": could not parse expression: 1:5: parse error: unclosed left parenthesis',
    'r.yml: group "g", rule 2, "A": annotation "text": template: __alert_A:1: undefined variable "$valu"',
    `r.yml: 9:13: group "g", rule 3, "s": only one of 'record' and 'alert' must be set`,
  ]);
  const unknown = "groups:\n- name: g\n  colour: red\n  rules: []\n";
  expect(failuresOf(checking({ "vector(1)": 1 }), unknown)).toEqual([
    "r.yml: 3:3: yaml: unmarshal errors:\n  line 3: field colour not found in type rulefmt.RuleGroup",
  ]);
  expect(failuresOf(checking({ "vector(1)": 1 }), unknown, { ignoreUnknownFields: true })).toEqual([]);
});

test("NaN equals nothing, and neighbours only when the comparison is fuzzy", () => {
  expect(failuresOf(checking({ "vector(NaN)": NaN }).replace("NaN}]", ".nan}]"))).toHaveLength(1);
  expect(failuresOf(checking({ "vector(0.1 + 0.2)": 0.3 }))).toHaveLength(1);
  expect(failuresOf(`fuzzy_compare: true\n${checking({ "vector(0.1 + 0.2)": 0.3 })}`)).toEqual([]);
});

test("an expression may load ten thousand samples", () => {
  const input = "  input_series: [{series: m, values: '1x20000'}]\n";
  const file = (expr: string, value: number) =>
    checking({ [expr]: value }, input).replace("eval_time: 2m", "eval_time: 10001m");
  expect(failuresOf(file("count_over_time(m[9990m])", 9990))).toEqual([]);
  expect(failuresOf(file("count_over_time(m[10001m])", 10001))[0]).toContain("too many samples");
});
