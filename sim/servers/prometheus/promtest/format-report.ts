/** The outcome of rule tests, printed as promtool prints it, and as JUnit's XML. */
import { compareLabels, compareText, goQuote, labelsOf, type Labels } from "../labels.js";
import { parseTime } from "../parse-time.js";
import { createEngine, formatDuration, type Dialect, type Engine } from "../promql/index.js";
import { createGroupEvaluator, readRuleFile, type GroupEvaluator, type RuleGroup } from "../rules/index.js";
import { createStorage, type Storage } from "../storage.js";
import {
  YamlError,
  decodeYaml,
  yamlBoolean,
  yamlDuration,
  yamlList,
  yamlNumber,
  yamlString,
  yamlStringMap,
  yamlStruct,
  type Decoded,
  type Decoder,
} from "../yaml.js";
import { openSeriesLine, parseSeriesLabels, type Sequence } from "./series-notation.js";

/** What promtool prints to stdout and to stderr about one file. */
export function formatPromtestReport({ file, failures, warnings }: PromtestReport): {
  readonly out: string;
  readonly err: string;
} {
  const warned = warnings.map((warning) => `  WARNING: ${warning}\n`).join("");
  const head = `Unit Testing:  ${file}\n`;
  if (failures.length === 0) return { out: `${head}  SUCCESS\n`, err: warned };
  return {
    out: head,
    err: `${warned}  FAILED:\n${failures.map((failure) => `    ${failure}\n`).join("\n")}`,
  };
}

/** One document about all files. */
export function junitXml(reports: readonly PromtestReport[]): string {
  return `<testsuites>${reports.map(suiteXml).join("")}</testsuites>`;
}

function suiteXml({ file, cases, error }: PromtestReport): string {
  const failures = cases.reduce((sum, one) => sum + one.failures.length, 0);
  const tests = error === undefined ? cases.length : 1;
  const body =
    error === undefined
      ? cases
          .map(({ name, failures: texts }) =>
            caseXml(
              name,
              texts.map((text) => element("failure", text)),
            ),
          )
          .join("")
      : caseXml("unknown", [element("error", error)]);
  const counts = `tests="${tests}" failures="${failures}" errors="${error === undefined ? 0 : 1}" skipped="0"`;
  return `<testsuite name="${escapeXml(file)}" ${counts}>${body}</testsuite>`;
}

function caseXml(name: string, inner: readonly string[]): string {
  return `<testcase name="${escapeXml(name)}">${inner.join("")}</testcase>`;
}

function element(name: string, text: string): string {
  return `<${name}>${escapeXml(text)}</${name}>`;
}

function escapeXml(text: string): string {
  const names: Readonly<Record<string, string>> = {
    "&": "&amp;",
    "<": "&lt;",
    ">": "&gt;",
    '"': "&#34;",
    "'": "&#39;",
    "\n": "&#xA;",
    "\t": "&#x9;",
    "\r": "&#xD;",
  };
  // XML has no other control characters.
  return text.replace(/[&<>"'\p{Cc}]/gu, (letter) => names[letter] ?? "\uFFFD");
}

// The input series of a rule test, loaded as far as the rules have been evaluated.

interface SeriesLoader {
  /** Appends what is due up to then. */
  until(timeMs: number): void;
}

interface LoaderOptions {
  readonly storage: Storage;
  readonly engine: Engine;
  /** Moment of the first values. */
  readonly startMs: number;
  /** Zero: version 2 without an interval. */
  readonly intervalMs: number;
}

/** @throws Error for a series that cannot be read. */
function createLoader(
  { input_series: inputs }: Pick<PromtestCase, "input_series">,
  { storage, engine, startMs, intervalMs }: LoaderOptions,
): SeriesLoader {
  // A text of several lines is several series, as in promtool. Of two lines for one series the last one counts.
  const lines = inputs
    .flatMap(({ series, values }) => `${series} ${values}`.split("\n"))
    .map((line) => line.trim());
  const byLabels = new Map<string, { readonly labels: Labels; readonly sequence: Sequence }>();
  for (const line of lines) {
    if (line === "" || line.startsWith("#")) continue;
    const { metric, sequence } = openSeriesLine(line);
    const labels = parseSeriesLabels(metric, engine);
    byLabels.set(labels.key, { labels, sequence });
  }
  let open = [...byLabels.values()];
  if (intervalMs === 0) {
    // Version 2 puts all values at one moment, where only the first one counts.
    for (const { labels, sequence } of open) {
      const value = sequence.next();
      if (typeof value === "number") storage.append(storage.series(labels), startMs, value);
    }
    open = [];
  }
  let next = 0;
  return {
    until(timeMs) {
      for (; open.length > 0 && startMs + next * intervalMs <= timeMs; next += 1) {
        const at = startMs + next * intervalMs;
        open = open.filter(({ labels, sequence }) => {
          const value = sequence.next();
          if (value === "end") return false;
          if (value === "stale") storage.append(storage.series(labels), at, 0, true);
          else if (value !== undefined) storage.append(storage.series(labels), at, value);
          return true;
        });
      }
    },
  };
}

// Differences of two values, as lines of their JSON.

/** @param indent - Before each line. */
function diffOf(wanted: unknown, got: unknown, indent: string): string {
  const [left, right] = [wanted, got].map((value) => JSON.stringify(value, undefined, 2).split("\n")) as [
    string[],
    string[],
  ];
  const lines = commonLines(left, right).map(([mark, line]) => `${indent}${mark} ${line}`);
  return `\n${lines.join("\n")}`;
}

/** Both lists merged by their longest common part: `-` is only in the left one, `+` only in the right one. */
function commonLines(left: readonly string[], right: readonly string[]): (readonly [string, string])[] {
  const lengths = left.map(() => new Uint32Array(right.length + 1));
  lengths.push(new Uint32Array(right.length + 1));
  const at = (row: number, column: number): number => lengths[row]?.[column] ?? 0;
  for (let row = left.length - 1; row >= 0; row -= 1) {
    for (let column = right.length - 1; column >= 0; column -= 1) {
      const length =
        left[row] === right[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
      (lengths[row] as Uint32Array)[column] = length;
    }
  }
  const merged: (readonly [string, string])[] = [];
  let [row, column] = [0, 0];
  while (row < left.length || column < right.length) {
    if (row < left.length && left[row] === right[column]) {
      merged.push([" ", left[row] as string]);
      row += 1;
      column += 1;
    } else if (row < left.length && (column === right.length || at(row + 1, column) >= at(row, column + 1))) {
      merged.push(["-", left[row] as string]);
      row += 1;
    } else {
      merged.push(["+", right[column] as string]);
      column += 1;
    }
  }
  return merged;
}

// Compares what rules and expressions gave with what a test expects.

interface CheckOptions {
  readonly engine: Engine;
  readonly storage: Storage;
  /** When the test begins. */
  readonly startMs: number;
  /** Whether the nearest other number is equal, too. */
  readonly fuzzy: boolean;
  readonly diff: boolean;
  /** Of the test; empty when it has none. */
  readonly name: string;
}

/** Names and values, sorted by name; empty values count. */
type Texts = readonly (readonly [string, string])[];

interface AlertTexts {
  readonly labels: Texts;
  readonly annotations: Texts;
}

/** @returns What is wrong with the alerts of that name that fire now. */
function checkAlerts(
  { alertname, eval_time: evalTime, exp_alerts: wanted }: AlertTest,
  evaluators: readonly GroupEvaluator[],
  { diff, name }: CheckOptions,
): string[] {
  const got = evaluators
    .flatMap(({ rules }) => rules)
    .filter(({ rule }) => rule.kind === "alerting" && rule.name === alertname)
    .flatMap(({ alerts }) => [...alerts.values()].filter(({ state }) => state === "firing"))
    .map(({ labels, annotations }) => ({ labels: [...labels.entries()], annotations }));
  const expected = wanted.map(({ exp_labels: labels, exp_annotations: annotations }) => ({
    labels: sorted(Object.entries({ ...labels, alertname })),
    annotations: sorted(Object.entries(annotations)),
  }));
  const [ours, theirs] = [sortedAlerts(got), sortedAlerts(expected)];
  if (JSON.stringify(ours) === JSON.stringify(theirs)) return [];
  const head = name === "" ? "" : `name: ${name},\n    `;
  const where = `${head}alertname: ${alertname}, time: ${formatDuration(evalTime ?? 0)}, `;
  if (diff)
    return [`${where}\n        diff: ${diffOf(theirs.map(objectOf), ours.map(objectOf), "        ")}`];
  return [`${where}\n        exp:${alertList(theirs)}, \n        got:${alertList(ours)}`];
}

function sorted(entries: Iterable<readonly [string, string]>): Texts {
  return [...entries].sort(([left], [right]) => compareText(left, right));
}

function sortedAlerts(alerts: readonly AlertTexts[]): AlertTexts[] {
  const key = (alert: AlertTexts): string =>
    [...alert.labels, ["\u0000", ""], ...alert.annotations].flat().join("\u0000");
  return [...alerts].sort((left, right) => compareText(key(left), key(right)));
}

function objectOf({ labels, annotations }: AlertTexts): unknown {
  return { Labels: Object.fromEntries(labels), Annotations: Object.fromEntries(annotations) };
}

function alertList(alerts: readonly AlertTexts[]): string {
  if (alerts.length === 0) return "[]";
  const shown = (texts: Texts): string =>
    `{${texts.map(([name, value]) => `${name}=${goQuote(value)}`).join(", ")}}`;
  const lines = alerts.map(
    ({ labels, annotations }, index) =>
      `\n            ${index}:\n              Labels:${shown(labels)}\n              Annotations:${shown(annotations)}`,
  );
  return `[${lines.join(",")}\n            ]`;
}

interface Sample {
  readonly labels: Labels;
  readonly value: number;
}

/** @returns What is wrong with the value of the expression. */
function checkExpression(test: ExprTest, options: CheckOptions): string[] {
  const where = `expr: ${goQuote(test.expr)}, time: ${formatDuration(test.eval_time ?? 0)}`;
  let got: Sample[];
  let expected: Sample[];
  try {
    got = samplesAt(test, options);
    expected = test.exp_samples.map((sample) => expectedSample(sample, options.engine));
  } catch (error) {
    return [`${where}, err: ${error instanceof Error ? error.message : String(error)}`];
  }
  const byLabels = (left: Sample, right: Sample): number => compareLabels(left.labels, right.labels);
  got.sort(byLabels);
  expected.sort(byLabels);
  const same =
    got.length === expected.length &&
    got.every((sample, index) => {
      const wanted = expected[index];
      return wanted?.labels.key === sample.labels.key && sameValue(wanted.value, sample.value, options.fuzzy);
    });
  return same ? [] : [`${where},\n        exp: ${samplesText(expected)}\n        got: ${samplesText(got)}`];
}

function expectedSample(
  { labels, value, histogram = "" }: ExprTest["exp_samples"][number],
  engine: Engine,
): Sample {
  if (histogram !== "") throw new Error("native histograms are not supported in rule tests");
  try {
    return { labels: parseSeriesLabels(labels, engine), value };
  } catch (error) {
    throw new Error(`labels ${goQuote(labels)}: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function samplesAt(
  { expr, eval_time: evalTime }: ExprTest,
  { engine, storage, startMs }: CheckOptions,
): Sample[] {
  const result = engine.instant(storage, expr, startMs + (evalTime ?? 0));
  if (result.type === "vector") return [...result.samples];
  if (result.type === "scalar") return [{ labels: labelsOf([]), value: result.value }];
  throw new Error("rule result is not a vector or scalar");
}

/** As Go compares: NaN equals nothing. */
function sameValue(left: number, right: number, fuzzy: boolean): boolean {
  return left === right || (fuzzy && areNeighbours(left, right));
}

/** Whether no other number stands between the two. */
function areNeighbours(left: number, right: number): boolean {
  if (Number.isNaN(left) || Number.isNaN(right)) return false;
  const difference = orderOf(left) - orderOf(right);
  return difference >= -1n && difference <= 1n;
}

/** Numbers counted from the smallest to the largest. */
function orderOf(value: number): bigint {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigInt64(0);
  return bits >= 0n ? bits : -(bits & 0x7fffffffffffffffn);
}

function samplesText(samples: readonly Sample[]): string {
  if (samples.length === 0) return "nil";
  return samples.map(({ labels, value }) => `${labels.toString()} ${exponentText(value)}`).join(", ");
}

/** Go's `E` format with as many digits as needed. */
function exponentText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return value
    .toExponential()
    .replace(/e([+-])(\d)$/, "e$10$2")
    .toUpperCase();
}

// The test files of `promtool test rules`.

const alert = yamlStruct("main.alert", { exp_labels: yamlStringMap, exp_annotations: yamlStringMap });
const alertTest = yamlStruct("main.alertTestCase", {
  eval_time: yamlDuration,
  alertname: yamlString,
  exp_alerts: yamlList("[]main.alert", alert),
});
const sampleFields = { labels: yamlString, value: yamlNumber };
const series = yamlStruct("main.series", { series: yamlString, values: yamlString });

/** Milliseconds since the epoch of seconds or of a date. */
const startTimestamp: Decoder<number | undefined> = (node, context) => {
  const text = yamlString(node, context);
  if (node === undefined || text === "") return undefined;
  const timeMs = parseTime(text);
  if (timeMs !== undefined) return timeMs;
  const message = `cannot parse ${JSON.stringify(text)} to a valid timestamp`;
  throw new YamlError(message, [{ message, place: node.place }]);
};

function testFields<Sample>(sample: Decoder<Sample>) {
  return {
    interval: yamlDuration,
    input_series: yamlList("[]main.series", series),
    alert_rule_test: yamlList("[]main.alertTestCase", alertTest),
    promql_expr_test: yamlList(
      "[]main.promqlTestCase",
      yamlStruct("main.promqlTestCase", {
        expr: yamlString,
        eval_time: yamlDuration,
        exp_samples: yamlList("[]main.sample", sample),
      }),
    ),
    external_labels: yamlStringMap,
    external_url: yamlString,
    name: yamlString,
  };
}

const commonFields = {
  rule_files: yamlList("[]string", yamlString),
  evaluation_interval: yamlDuration,
  group_eval_order: yamlList("[]string", yamlString),
};

const version2 = yamlStruct("main.unitTestFile", {
  ...commonFields,
  tests: yamlList(
    "[]main.testGroup",
    yamlStruct("main.testGroup", testFields(yamlStruct("main.sample", sampleFields))),
  ),
});

const version3 = yamlStruct("main.unitTestFile", {
  ...commonFields,
  tests: yamlList(
    "[]main.testGroup",
    yamlStruct("main.testGroup", {
      ...testFields(yamlStruct("main.sample", { ...sampleFields, histogram: yamlString })),
      start_timestamp: startTimestamp,
    }),
  ),
  fuzzy_compare: yamlBoolean,
});

/** A whole file. Times are milliseconds; what is missing is empty or zero. */
type PromtestFile = Omit<Decoded<typeof version2>, "tests"> & {
  readonly tests: readonly PromtestCase[];
  readonly fuzzy_compare?: boolean;
};

/** One test of a file. */
type PromtestCase = Omit<Decoded<typeof version2>["tests"][number], "promql_expr_test"> & {
  readonly promql_expr_test: readonly ExprTest[];
  readonly start_timestamp?: number | undefined;
};

/** Alerts that must fire at one moment. */
type AlertTest = PromtestCase["alert_rule_test"][number];

/** What an expression must give at one moment. */
type ExprTest = Omit<Decoded<typeof version2>["tests"][number]["promql_expr_test"][number], "exp_samples"> & {
  readonly exp_samples: readonly {
    readonly labels: string;
    readonly value: number;
    readonly histogram?: string;
  }[];
};

/** @throws YamlError for a file that promtool would refuse. */
function parsePromtestFile(text: string, dialect: Dialect): PromtestFile {
  const options = { version: 2, ignoreUnknownFields: false } as const;
  return dialect === 3 ? decodeYaml(text, version3, options) : decodeYaml(text, version2, options);
}

// Runs rule tests: loads series, evaluates the rules step by step, and compares alerts and expressions.

/** What one test gave. */
interface PromtestCaseReport {
  /** `unnamed#1` for the second one, when it has no name. */
  readonly name: string;
  /** One text for each expectation that did not hold. */
  readonly failures: readonly string[];
}

/** What the tests of one file gave. */
export interface PromtestReport {
  /** The file as it was given. */
  readonly file: string;
  /** The tests that were run. */
  readonly cases: readonly PromtestCaseReport[];
  /** Why the file could not be run at all. */
  readonly error: string | undefined;
  /** Patterns that matched nothing. */
  readonly warnings: readonly string[];
  /** The error, or what failed in all tests. Empty: success. */
  readonly failures: readonly string[];
}

export interface PromtestOptions {
  /** The test file, for messages. */
  readonly file: string;
  /** @throws Error when the file cannot be read. */
  readFile(name: string): string;
  /**
   * The files that a pattern of `rule_files` names, in order.
   *
   * @default the pattern itself
   * @throws Error for a pattern that is malformed.
   */
  findFiles?(pattern: string): readonly string[];
  /** 2 has the rules of Prometheus 2.42. @default 3 */
  readonly dialect?: Dialect;
  /** Which tests are run, by name. @default all */
  matches?(name: string): boolean;
  /** Whether differences of alerts are shown line by line. @default false */
  readonly diff?: boolean;
  /** Whether keys of rule files that are not known are passed over. @default false */
  readonly ignoreUnknownFields?: boolean;
  /** Whether functions behind the server's flag are known. @default false */
  readonly experimentalFunctions?: boolean;
}

const DEFAULT_INTERVAL_MS = 60_000;
// As many as the engine of promtool may load.
const SAMPLES_MAX = 10_000;

/**
 * Runs every test of a file as `promtool test rules` does. A file that cannot be run gives a report as well.
 *
 * @param text - The YAML of the test file.
 */
export function runPromtest(text: string, options: PromtestOptions): PromtestReport {
  const { file } = options;
  const warnings: string[] = [];
  const cases: PromtestCaseReport[] = [];
  let error: string | undefined;
  try {
    const { dialect = 3, findFiles = (pattern: string) => [pattern] } = options;
    const test = parsePromtestFile(text, dialect);
    const ruleFiles = test.rule_files.flatMap((pattern) => {
      const found = foundBy(findFiles, pattern);
      if (found.length === 0) warnings.push(`no file match pattern ${pattern}`);
      return found;
    });
    cases.push(...runCases(test, ruleFiles, dialect, options));
  } catch (cause) {
    if (!(cause instanceof YamlError) && !(cause instanceof TestFileError)) throw cause;
    const place = cause instanceof YamlError ? `:${cause.place.line}:${cause.place.column}` : "";
    error = `${file}${place}: ${cause.message}`;
  }
  const failures = error === undefined ? cases.flatMap((one) => one.failures) : [error];
  return { file, cases, error, warnings, failures };
}

function foundBy(findFiles: (pattern: string) => readonly string[], pattern: string): readonly string[] {
  try {
    return findFiles(pattern);
  } catch (error) {
    throw new TestFileError(error instanceof Error ? error.message : String(error));
  }
}

/** A file that is read and still cannot be run. */
class TestFileError extends Error {
  override readonly name = "TestFileError";
}

function runCases(
  file: PromtestFile,
  ruleFiles: readonly string[],
  dialect: Dialect,
  options: PromtestOptions,
): PromtestCaseReport[] {
  const order = file.group_eval_order;
  const twice = order.find((name, index) => order.indexOf(name) !== index);
  if (twice !== undefined) throw new TestFileError(`group name repeated in evaluation order: ${twice}`);
  // Groups that are not named count as the first one.
  const rank = ({ name }: RuleGroup): number => Math.max(0, order.indexOf(name));
  const { matches = () => true } = options;
  const chosen = file.tests
    .map((test, index) => ({ test, name: test.name === "" ? `unnamed#${index}` : test.name }))
    .filter(({ test }) => matches(test.name));
  if (chosen.length === 0) return [];
  const { groups, errors } = readRules(ruleFiles, dialect, options);
  groups.sort((left, right) => rank(left) - rank(right));
  const context: CaseContext = {
    dialect,
    groups,
    stepMs: file.evaluation_interval || DEFAULT_INTERVAL_MS,
    fuzzy: file.fuzzy_compare === true,
    diff: options.diff === true,
    experimentalFunctions: options.experimentalFunctions === true,
  };
  return chosen.map(({ test, name }) => {
    if (errors.length > 0) return { name, failures: errors };
    return { name, failures: runCase(test, context) };
  });
}

function readRules(
  files: readonly string[],
  dialect: Dialect,
  { readFile, ignoreUnknownFields = false, experimentalFunctions = false }: PromtestOptions,
): { readonly groups: RuleGroup[]; readonly errors: readonly string[] } {
  const groups: RuleGroup[] = [];
  const errors: string[] = [];
  for (const file of files) {
    let text: string;
    try {
      text = readFile(file);
    } catch (error) {
      errors.push(`${file}: ${error instanceof Error ? error.message : String(error)}`);
      continue;
    }
    const reading = readRuleFile(text, { file, dialect, ignoreUnknownFields, experimentalFunctions });
    groups.push(...reading.groups);
    errors.push(...reading.errors);
  }
  return { groups, errors };
}

interface CaseContext {
  readonly dialect: Dialect;
  readonly groups: readonly RuleGroup[];
  readonly stepMs: number;
  readonly fuzzy: boolean;
  readonly diff: boolean;
  readonly experimentalFunctions: boolean;
}

function runCase(test: PromtestCase, context: CaseContext): string[] {
  const { stepMs, dialect } = context;
  const missing = test.alert_rule_test.find(({ alertname }) => alertname === "");
  if (missing !== undefined) {
    const where = test.name === "" ? "" : ` (in TestGroup ${test.name})`;
    const time = formatDuration(missing.eval_time ?? 0);
    return [`an item under alert_rule_test misses required attribute alertname at eval_time ${time}${where}`];
  }
  const engine = createEngine({
    dialect,
    samplesMax: SAMPLES_MAX,
    defaultStepMs: stepMs,
    experimentalFunctions: context.experimentalFunctions,
  });
  const storage = createStorage({ retentionMs: Infinity });
  const startMs = test.start_timestamp ?? 0;
  let loader: ReturnType<typeof createLoader>;
  try {
    loader = createLoader(test, {
      storage,
      engine,
      startMs,
      intervalMs: test.interval || (dialect === 3 ? stepMs : 0),
    });
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
  const evaluators = context.groups.map((group) =>
    createGroupEvaluator(group, {
      engine,
      storage,
      externalLabels: test.external_labels,
      externalUrl: test.external_url,
      restore: false,
    }),
  );
  const options: CheckOptions = {
    engine,
    storage,
    startMs,
    fuzzy: context.fuzzy,
    diff: context.diff,
    name: test.name,
  };
  const failures: string[] = [];
  const times = [...test.alert_rule_test, ...test.promql_expr_test].map(({ eval_time: time }) => time ?? 0);
  const endMs = Math.max(0, ...times);
  for (let timeMs = 0; timeMs <= endMs; timeMs += stepMs) {
    loader.until(startMs + timeMs);
    for (const evaluator of evaluators) evaluator.evaluate(startMs + timeMs);
    const errors = ruleErrors(evaluators, timeMs);
    // What comes after a rule that failed means nothing.
    if (errors.length > 0) return [...failures, ...errors];
    for (const alertTest of test.alert_rule_test) {
      const at = alertTest.eval_time ?? 0;
      if (at >= timeMs && at < timeMs + stepMs) failures.push(...checkAlerts(alertTest, evaluators, options));
    }
  }
  for (const exprTest of test.promql_expr_test) failures.push(...checkExpression(exprTest, options));
  return failures;
}

function ruleErrors(evaluators: readonly GroupEvaluator[], timeMs: number): string[] {
  return evaluators.flatMap(({ rules }) =>
    rules
      .filter(({ health }) => health === "err")
      .map(({ rule, lastError }) => `rule: ${rule.name}, time: ${formatDuration(timeMs)}, err: ${lastError}`),
  );
}
