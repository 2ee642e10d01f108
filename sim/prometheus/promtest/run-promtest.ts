/** Runs rule tests: loads series, evaluates the rules step by step, and compares alerts and expressions. */
import { goQuote, labelsOf, type Labels } from "../labels/index.js";
import { createEngine, formatDuration, type Engine } from "../promql/index.js";
import { createGroupEvaluator, parseRuleFile, type GroupEvaluator, type RuleGroup } from "../rules/index.js";
import { createStorage, type Storage } from "../storage/index.js";
import { parseSequence, parseSeriesLabels, type SequenceValue } from "./series-notation.js";
import { parsePromtestFile, type PromtestCase, type PromtestFile } from "./test-file.js";

/** What the tests of one file gave. */
export interface PromtestReport {
  /** Tests that were run. */
  readonly tests: number;
  /** One text for each expectation that did not hold. */
  readonly failures: readonly string[];
}

const DEFAULT_INTERVAL_MS = 60_000;

/**
 * Runs every test of a file as `promtool test rules` does.
 *
 * @param text - The YAML of the test file.
 * @param readFile - Gives the text of a rule file that the test names.
 * @throws SimError when the test file or a rule file is not valid.
 */
export function runPromtest(text: string, readFile: (name: string) => string): PromtestReport {
  const file = parsePromtestFile(text);
  const groups = (file.rule_files ?? []).flatMap((name) => parseRuleFile(readFile(name), name).groups);
  const order = file.group_eval_order ?? [];
  const rank = ({ name }: RuleGroup): number => (order.includes(name) ? order.indexOf(name) : order.length);
  groups.sort((left, right) => rank(left) - rank(right));
  const failures = file.tests.flatMap((test) => {
    const found = runCase(test, file, groups);
    return test.name === undefined || found.length === 0 ? found : [`name: ${test.name},`, ...found];
  });
  return { tests: file.tests.length, failures };
}

interface Loader {
  /** Appends what is due up to then. */
  until(timeMs: number): void;
}

function runCase(test: PromtestCase, file: PromtestFile, groups: readonly RuleGroup[]): string[] {
  const engine = createEngine();
  const storage = createStorage({ retentionMs: Infinity });
  const loader = createLoader(test, storage, engine);
  const evaluators = groups.map((group) =>
    createGroupEvaluator(group, {
      engine,
      storage,
      externalLabels: test.external_labels ?? {},
      restore: false,
    }),
  );
  const stepMs = file.evaluation_interval ?? DEFAULT_INTERVAL_MS;
  const alertTests = test.alert_rule_test ?? [];
  const exprTests = test.promql_expr_test ?? [];
  const endMs = Math.max(0, ...[...alertTests, ...exprTests].map(({ eval_time: time }) => time));
  const failures: string[] = [];
  for (let timeMs = 0; timeMs <= endMs; timeMs += stepMs) {
    loader.until(timeMs);
    for (const evaluator of evaluators) evaluator.evaluate(timeMs);
    failures.push(...ruleErrors(evaluators, timeMs));
    for (const alertTest of alertTests) {
      if (alertTest.eval_time >= timeMs && alertTest.eval_time < timeMs + stepMs) {
        failures.push(...checkAlerts(alertTest, evaluators));
      }
    }
  }
  loader.until(endMs);
  for (const exprTest of exprTests)
    failures.push(...checkExpression(exprTest, engine, storage, file.fuzzy_compare === true));
  return failures;
}

function createLoader(test: PromtestCase, storage: Storage, engine: Engine): Loader {
  const intervalMs = test.interval ?? DEFAULT_INTERVAL_MS;
  const inputs = (test.input_series ?? []).map(({ series, values }) => ({
    labels: parseSeriesLabels(series, engine),
    values: parseSequence(values),
  }));
  let next = 0;
  return {
    until(timeMs) {
      for (; next * intervalMs <= timeMs; next += 1) {
        for (const { labels, values } of inputs) append(storage, labels, next * intervalMs, values[next]);
      }
    },
  };
}

function append(storage: Storage, labels: Labels, timeMs: number, value: SequenceValue): void {
  if (value === undefined) return;
  storage.append(storage.series(labels), timeMs, value === "stale" ? 0 : value, value === "stale");
}

function ruleErrors(evaluators: readonly GroupEvaluator[], timeMs: number): string[] {
  return evaluators.flatMap(({ rules }) =>
    rules
      .filter(({ health }) => health === "err")
      .map(({ rule, lastError }) => `rule: ${rule.name}, time: ${formatDuration(timeMs)}, err: ${lastError}`),
  );
}

type AlertTest = NonNullable<PromtestCase["alert_rule_test"]>[number];

function checkAlerts(test: AlertTest, evaluators: readonly GroupEvaluator[]): string[] {
  const got = evaluators
    .flatMap(({ rules }) => rules)
    .filter(({ rule }) => rule.kind === "alerting" && rule.name === test.alertname)
    .flatMap(({ alerts }) => [...alerts.values()].filter(({ state }) => state === "firing"))
    .map(({ labels, annotations }) => alertText(labels, annotations))
    .sort();
  const expected = (test.exp_alerts ?? [])
    .map(({ exp_labels: labels, exp_annotations: annotations }) =>
      alertText(labelsOf({ ...labels, alertname: test.alertname }), labelsOf(annotations ?? {})),
    )
    .sort();
  if (got.join("\n") === expected.join("\n")) return [];
  const list = (alerts: readonly string[]): string => {
    const lines = alerts.map((alert, index) => `\n            ${index}:\n              ${alert}`);
    return lines.length === 0 ? "[]" : `[${lines.join("")}\n            ]`;
  };
  const time = formatDuration(test.eval_time);
  return [
    `alertname: ${test.alertname}, time: ${time}, \n        exp:${list(expected)}, \n        got:${list(got)}`,
  ];
}

function alertText(labels: Labels, annotations: Labels): string {
  return `Labels:${labels.toString()}\n              Annotations:${annotations.toString()}`;
}

type ExprTest = NonNullable<PromtestCase["promql_expr_test"]>[number];

function checkExpression(test: ExprTest, engine: Engine, storage: Storage, fuzzy: boolean): string[] {
  const where = `expr: ${goQuote(test.expr)}, time: ${formatDuration(test.eval_time)}`;
  let got: Sample[];
  try {
    got = samplesAt(test, engine, storage);
  } catch (error) {
    return [`${where}, err: ${error instanceof Error ? error.message : String(error)}`];
  }
  const expected = (test.exp_samples ?? []).map(({ labels, value }) => ({
    labels: parseSeriesLabels(labels ?? "", engine),
    value: value ?? 0,
  }));
  const byLabels = (left: Sample, right: Sample): number => (left.labels.key < right.labels.key ? -1 : 1);
  got.sort(byLabels);
  expected.sort(byLabels);
  const same =
    got.length === expected.length &&
    got.every((sample, index) => {
      const wanted = expected[index];
      return wanted?.labels.key === sample.labels.key && sameValue(wanted.value, sample.value, fuzzy);
    });
  return same ? [] : [`${where},\n        exp: ${samplesText(expected)}\n        got: ${samplesText(got)}`];
}

interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

function samplesAt({ expr, eval_time: timeMs }: ExprTest, engine: Engine, storage: Storage): Sample[] {
  const result = engine.instant(storage, expr, timeMs);
  if (result.type === "vector") return [...result.samples];
  if (result.type === "scalar") return [{ labels: labelsOf([]), value: result.value }];
  throw new Error("rule result is not a vector or scalar");
}

function sameValue(left: number, right: number, fuzzy: boolean): boolean {
  if (left === right || (Number.isNaN(left) && Number.isNaN(right))) return true;
  return fuzzy && Math.abs(left - right) <= 1e-12 * Math.max(Math.abs(left), Math.abs(right));
}

function samplesText(samples: readonly Sample[]): string {
  if (samples.length === 0) return "nil";
  return samples
    .map(({ labels, value }) => {
      const number = Number.isFinite(value)
        ? value
            .toExponential()
            .replace(/e([+-])(\d)$/, "e$10$2")
            .toUpperCase()
        : String(value);
      return `${labels.toString()} ${number}`;
    })
    .join(", ");
}
