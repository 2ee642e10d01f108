/** Runs rule tests: loads series, evaluates the rules step by step, and compares alerts and expressions. */
import { createEngine, formatDuration, type Dialect } from "../promql/index.js";
import { createGroupEvaluator, readRuleFile, type GroupEvaluator, type RuleGroup } from "../rules/index.js";
import { createStorage } from "../storage/index.js";
import { YamlError } from "../yaml/index.js";
import { checkAlerts, checkExpression, type CheckOptions } from "./check.js";
import { createLoader } from "./load-series.js";
import { parsePromtestFile, type PromtestCase, type PromtestFile } from "./test-file.js";

/** What one test gave. */
export interface PromtestCaseReport {
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
