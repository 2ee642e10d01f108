import { expect, test } from "vitest";
import { platformRules } from "../../../../../src/analysis/rules.js";
import { runPromtest, formatPromtestReport } from "../../../../../sim/servers/prometheus/index.js";
import { expandAlertTemplate } from "../../../../../sim/servers/prometheus/rules/index.js";
import { createManualClock, createTestWorld, exposition } from "./world.js";
import { createStorage } from "../../../../../sim/servers/prometheus/index.js";

const rules = `
groups:
  - name: example
    interval: 15s
    rules:
      - record: job:m:sum
        expr: sum by (job) (m)
        labels: { source: rule }
      - alert: TooHigh
        expr: job:m:sum > 10
        for: 30s
        keep_firing_for: 30s
        labels: { severity: page }
        annotations:
          summary: '{{ $labels.job }} is at {{ $value | humanize }}'
`;

const config = {
  global: { scrape_interval: "15s", evaluation_interval: "15s" },
  rule_files: [rules],
  scrape_configs: [{ job_name: "app", static_configs: [{ targets: ["app:80"] }] }],
};

function stateOf(body: unknown): string[] {
  const { data } = body as { data: { alerts: { state: string; annotations: { summary: string } }[] } };
  return data.alerts.map(({ state, annotations }) => `${state}: ${annotations.summary}`);
}

test("an alert is pending, fires after its hold time, and fires on for a while after it is over", async () => {
  let value = 5;
  const world = createTestWorld(config, () => exposition(`m ${value}\n`));
  world.prometheus.start();
  await world.clock.advance(45_000);
  expect(stateOf((await world.get("/api/v1/alerts")).body)).toEqual([]);
  value = 12_345;
  await world.clock.advance(30_000);
  expect(stateOf((await world.get("/api/v1/alerts")).body)).toEqual(["pending: app is at 12.35k"]);
  await world.clock.advance(45_000);
  expect(stateOf((await world.get("/api/v1/alerts")).body)).toEqual(["firing: app is at 12.35k"]);
  const alerts = world.prometheus.query('ALERTS{alertstate="firing"}');
  expect(alerts).toMatchObject({ samples: [{ value: 1 }] });
  value = 1;
  await world.clock.advance(30_000);
  expect(stateOf((await world.get("/api/v1/alerts")).body)).toHaveLength(1);
  await world.clock.advance(60_000);
  expect(stateOf((await world.get("/api/v1/alerts")).body)).toEqual([]);
  expect(world.prometheus.query("ALERTS")).toMatchObject({ samples: [] });
  expect((await world.get("/api/v1/rules?type=record")).body).toMatchObject({
    data: {
      groups: [
        { name: "example", interval: 15, rules: [{ name: "job:m:sum", type: "recording", health: "ok" }] },
      ],
    },
  });
});

test("a restart takes an alert up where it was", async () => {
  const long = { ...config, rule_files: [rules.replace("for: 30s", "for: 20m")] };
  const storage = createStorage();
  const clock = createManualClock();
  const first = createTestWorld(long, () => exposition("m 99\n"), { storage, clock });
  first.prometheus.start();
  await clock.advance(15 * 60_000);
  first.prometheus.stop();
  const second = createTestWorld(long, () => exposition("m 99\n"), { storage, clock });
  second.prometheus.start();
  await clock.advance(9 * 60_000);
  expect(stateOf((await second.get("/api/v1/alerts")).body)[0]).toMatch(/^pending/);
  await clock.advance(3 * 60_000);
  expect(stateOf((await second.get("/api/v1/alerts")).body)[0]).toMatch(/^firing/);
});

test("the rules of the platform are accepted and evaluate", async () => {
  const world = createTestWorld({ ...config, rule_files: platformRules }, () =>
    exposition('phoenix_pipeline_bytes_exported{experiment_id="e",variant="baseline"} 5\n'),
  );
  world.prometheus.start();
  await world.clock.advance(120_000);
  const { data } = (await world.get("/api/v1/rules")).body as {
    data: { groups: { rules: { health: string }[] }[] };
  };
  const health = data.groups.flatMap((group) => group.rules.map((rule) => rule.health));
  expect(health).toHaveLength(15);
  expect(new Set(health)).toEqual(new Set(["ok"]));
});

const testFile = `
rule_files: [rules.yml]
evaluation_interval: 15s
tests:
  - interval: 15s
    input_series:
      - series: 'm{job="a"}'
        values: '5 20x10'
      - series: 'm{job="b"}'
        values: '1+1x5 stale _x3'
    alert_rule_test:
      - eval_time: 30s
        alertname: TooHigh
      - eval_time: 1m
        alertname: TooHigh
        exp_alerts:
          - exp_labels: { job: a, severity: page, source: rule }
            exp_annotations: { summary: a is at 20 }
    promql_expr_test:
      - expr: job:m:sum
        eval_time: 15s
        exp_samples:
          - { labels: 'job:m:sum{job="a",source="rule"}', value: 20 }
          - { labels: 'job:m:sum{job="b",source="rule"}', value: 2 }
      - expr: count(m)
        eval_time: 2m
        exp_samples: [{ value: 1 }]
`;

test("a rule test like promtool's passes, and says what differs when it does not", () => {
  const options = { file: "rules_test.yml", readFile: () => rules };
  expect(runPromtest(testFile, options)).toMatchObject({ cases: [{ name: "unnamed#0" }], failures: [] });
  const wrong = runPromtest(testFile.replace("value: 2 }", "value: 3 }"), options);
  expect(formatPromtestReport(wrong)).toEqual({
    out: "Unit Testing:  rules_test.yml\n",
    err: `  FAILED:
    expr: "job:m:sum", time: 15s,
        exp: {__name__="job:m:sum", job="a", source="rule"} 2E+01, {__name__="job:m:sum", job="b", source="rule"} 3E+00
        got: {__name__="job:m:sum", job="a", source="rule"} 2E+01, {__name__="job:m:sum", job="b", source="rule"} 2E+00
`,
  });
});

test.each([
  ['{{ $labels.job | toUpper }} {{ .Value }} {{ printf "%.2f%%" $value }}', "APP 0.1234 0.12%"],
  ["{{ if gt $value 0.1 }}high{{ else }}low{{ end }}", "high"],
  [
    "{{ humanizePercentage $value }} {{ humanizeDuration 3661 }} {{ humanize1024 2048 }}",
    "12.34% 1h 1m 1s 2ki",
  ],
  ['{{ range query "up" }}{{ .Labels.instance }}={{ .Value }};{{ end }}', "a=1;b=0;"],
  ['{{ with query "up" }}{{ . | first | value }}{{ end }}', "1"],
  ["{{- /* nothing */ -}} x {{- $x := $labels.job }} {{ $x }}", "x app"],
  ['{{ reReplaceAll "(.)p+" "$1" $labels.job }} {{ $labels.none }}|', "a |"],
  [
    "{{ nonsense }}",
    '<error expanding template: error parsing template __alert_A: template: __alert_A:1: function "nonsense" not defined>',
  ],
  [
    "{{ $value",
    "<error expanding template: error parsing template __alert_A: template: __alert_A:1: unclosed action>",
  ],
])("the template %s gives %s", (template, text) => {
  const query = () => [
    { labels: { instance: "a" }, value: 1 },
    { labels: { instance: "b" }, value: 0 },
  ];
  expect(
    expandAlertTemplate(template, { labels: { job: "app" }, externalLabels: {}, value: 0.1234, query }, "A"),
  ).toBe(text);
});

test("the platform's rules compare the variants of one experiment and never mix two", () => {
  const series = (experiment: string, variant: string, processes: number): string =>
    Array.from(
      { length: processes },
      (_, pid) =>
        `      - series: 'phoenix_process_threads{experiment_id="${experiment}",variant="${variant}",node_name="n",process_executable_name="x",process_pid="${pid}",process_priority="${pid === 0 ? "critical" : "low"}"}'\n        values: '1x10'`,
    ).join("\n");
  const file = `
rule_files: [platform.yml]
tests:
  - interval: 30s
    input_series:
${series("one", "baseline", 4)}
${series("one", "candidate", 1)}
${series("two", "baseline", 2)}
    promql_expr_test:
      - expr: phoenix:cardinality_reduction:percent
        eval_time: 2m
        exp_samples:
          - { labels: 'phoenix:cardinality_reduction:percent{experiment_id="one"}', value: 75 }
          - { labels: 'phoenix:cardinality_reduction:percent{experiment_id="two"}', value: 100 }
      - expr: phoenix:critical_process_coverage:percent
        eval_time: 2m
        exp_samples:
          - { labels: 'phoenix:critical_process_coverage:percent{experiment_id="one"}', value: 100 }
          - { labels: 'phoenix:critical_process_coverage:percent{experiment_id="two"}', value: 0 }
`;
  const readFile = () => JSON.stringify(platformRules[0]);
  expect(runPromtest(file, { file: "test.yml", readFile }).failures).toEqual([]);
});
