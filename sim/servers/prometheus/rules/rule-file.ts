/** Rule files: groups of recording and alerting rules, read as the server and promtool read them. */
import { SimError } from "../../../errors.js";
import { isPlainLabelName, isPlainMetricName, isUtf8, METRIC_NAME } from "../labels.js";
import { createEngine, printExpr, PromqlParseError, type Dialect, type Engine } from "../promql/index.js";
import {
  decodeYaml,
  YamlError,
  yamlDuration,
  yamlInteger,
  yamlList,
  yamlString,
  yamlStringMap,
  yamlStruct,
  type Decoded,
  type Decoder,
  type YamlPlace,
} from "../yaml.js";
import { parseAlertTemplate, TemplateError } from "./template/index.js";

/** One rule. Durations are milliseconds; `expr` is printed, as the server evaluates and shows it. */
export type Rule =
  | { readonly kind: "recording"; readonly name: string; readonly expr: string; readonly labels: RuleLabels }
  | {
      readonly kind: "alerting";
      readonly name: string;
      readonly expr: string;
      readonly labels: RuleLabels;
      readonly annotations: RuleLabels;
      readonly forMs: number;
      readonly keepFiringForMs: number;
    };

/** Names and values, in the order of the file; values may be templates. */
type RuleLabels = Readonly<Record<string, string>>;

/** Rules that are evaluated one after the other. */
export interface RuleGroup {
  readonly name: string;
  readonly file: string;
  /** Undefined: the global evaluation interval. */
  readonly intervalMs: number | undefined;
  readonly limit: number;
  /** How far back its queries look. */
  readonly queryOffsetMs: number;
  readonly rules: readonly Rule[];
}

/** The content of one rule file. */
export interface RuleFile {
  readonly groups: readonly RuleGroup[];
}

export interface RuleFileOptions {
  /** Shown by the rules API and in messages. @default "rules.yml" */
  readonly file?: string;
  /** @default 3 */
  readonly dialect?: Dialect;
  /** Whether keys that are not known are passed over. @default false */
  readonly ignoreUnknownFields?: boolean;
  /** Whether functions behind the server's flag are known. @default false */
  readonly experimentalFunctions?: boolean;
}

/** @param type - Go's name of the type of a rule, for messages. */
function ruleDecoder(type: string) {
  return yamlStruct(type, {
    record: yamlString,
    alert: yamlString,
    expr: yamlString,
    for: yamlDuration,
    keep_firing_for: yamlDuration,
    labels: yamlStringMap,
    annotations: yamlStringMap,
  });
}

type RuleInput = Decoded<ReturnType<typeof ruleDecoder>>;

function groupsDecoder<Group>(group: Decoder<Group>) {
  return yamlStruct("rulefmt.RuleGroups", { groups: yamlList("[]rulefmt.RuleGroup", group) });
}

const version3 = groupsDecoder(
  yamlStruct("rulefmt.RuleGroup", {
    name: yamlString,
    interval: yamlDuration,
    query_offset: yamlDuration,
    limit: yamlInteger,
    rules: yamlList("[]rulefmt.Rule", ruleDecoder("rulefmt.Rule")),
    labels: yamlStringMap,
  }),
);

const version2 = groupsDecoder(
  yamlStruct("rulefmt.RuleGroup", {
    name: yamlString,
    interval: yamlDuration,
    limit: yamlInteger,
    rules: yamlList("[]rulefmt.RuleNode", ruleDecoder("rulefmt.RuleNode")),
  }),
);

/** Groups, and everything that promtool would refuse in them, each with file, line and column. */
export interface RuleFileReading extends RuleFile {
  readonly errors: readonly string[];
}

/** @param text - YAML. */
export function readRuleFile(text: string, options: RuleFileOptions = {}): RuleFileReading {
  const { file = "rules.yml", dialect = 3, ignoreUnknownFields = false, experimentalFunctions } = options;
  const engine = createEngine({ dialect, experimentalFunctions: experimentalFunctions === true });
  const settings = { version: 3, ignoreUnknownFields } as const;
  try {
    const { groups } =
      dialect === 3 ? decodeYaml(text, version3, settings) : decodeYaml(text, version2, settings);
    return completeGroups(groups, file, engine);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    const { line, column } = error.place;
    return { groups: [], errors: [`${file}: ${line}:${column}: ${error.message}`] };
  }
}

/**
 * Rule files as JSON, by the text that they are read from.
 *
 * Empty in the sources. The build puts those of the platform here, because reading them takes a good part of the first
 * world of a process; see tools/prepared-rules.mjs.
 */
const preparedRuleFiles: ReadonlyMap<string, string> = new Map();

/**
 * @param source - YAML text, or the same as an object.
 * @throws SimError `SIM_OPTION_INVALID` for anything promtool would refuse.
 */
export function parseRuleFile(
  source: string | Readonly<Record<string, unknown>>,
  options: RuleFileOptions = {},
): RuleFile {
  const text = typeof source === "string" ? source : JSON.stringify(source);
  const prepared = Object.keys(options).length === 0 ? preparedRuleFiles.get(text) : undefined;
  if (prepared !== undefined) return JSON.parse(prepared) as RuleFile;
  const { groups, errors } = readRuleFile(text, options);
  if (errors.length === 0) return { groups };
  throw new SimError(
    "SIM_OPTION_INVALID",
    `Cannot read the rules of ${errors.join("\n")}.`,
    "Rule files have the form that promtool check rules accepts.",
  );
}

type GroupInput = Omit<Decoded<typeof version2>["groups"][number], "rules"> & {
  readonly rules: readonly RuleInput[];
  readonly query_offset?: number | undefined;
  readonly labels?: RuleLabels;
};

function completeGroups(inputs: readonly GroupInput[], file: string, engine: Engine): RuleFileReading {
  const { dialect } = engine;
  const errors: string[] = [];
  const names = new Set<string>();
  const groups = inputs.map((group): RuleGroup => {
    const { name, rules, labels: groupLabels = {}, place } = group;
    const fail = (problem: string, at?: YamlPlace): void => {
      errors.push(`${file}: ${at === undefined ? "" : `${at.line}:${at.column}: `}${problem}`);
    };
    if (name === "") fail("Groupname must not be empty", place);
    if (names.has(name)) fail(`groupname: "${name}" is repeated in the same file`, place);
    names.add(name);
    for (const label of Object.keys(groupLabels)) {
      if (!isLabel(label, dialect)) fail(`invalid label name: ${label}`);
    }
    return {
      name,
      file,
      intervalMs: group.interval === 0 ? undefined : group.interval,
      limit: group.limit,
      queryOffsetMs: group.query_offset ?? 0,
      rules: rules.map((rule, index) => {
        const where = `group ${JSON.stringify(name)}, rule ${index + 1}, ${JSON.stringify(rule.alert || rule.record)}`;
        for (const { problem, at } of ruleProblems(rule, engine)) fail(`${where}: ${problem}`, at);
        return completeRule(rule, groupLabels, engine);
      }),
    };
  });
  return { groups: errors.length === 0 ? groups : [], errors };
}

interface RuleProblem {
  readonly problem: string;
  readonly at?: YamlPlace | undefined;
}

function ruleProblems(rule: RuleInput, engine: Engine): RuleProblem[] {
  const { record, alert, expr, places, place } = rule;
  const found: RuleProblem[] = [];
  if (record !== "" && alert !== "")
    found.push({ problem: "only one of 'record' and 'alert' must be set", at: places["record"] });
  if (record === "" && alert === "")
    found.push({ problem: "one of 'record' or 'alert' must be set", at: place });
  if (expr === "") found.push({ problem: "field 'expr' must be set in rule", at: places["expr"] ?? place });
  else {
    const problem = exprProblem(expr, engine);
    if (problem !== undefined) found.push({ problem, at: places["expr"] });
  }
  if (record !== "") found.push(...recordProblems(rule, engine.dialect));
  for (const name of Object.keys(rule.labels)) {
    if (!isLabel(name, engine.dialect)) found.push({ problem: `invalid label name: ${name}` });
  }
  for (const name of Object.keys(rule.annotations)) {
    if (!isName(name, engine.dialect)) found.push({ problem: `invalid annotation name: ${name}` });
  }
  if (alert !== "") found.push(...templateProblems(rule, engine.dialect));
  return found;
}

function exprProblem(expr: string, engine: Engine): string | undefined {
  try {
    engine.parse(expr);
    return undefined;
  } catch (error) {
    if (error instanceof PromqlParseError) return `could not parse expression: ${error.message}`;
    throw error;
  }
}

function recordProblems(rule: RuleInput, dialect: Dialect): RuleProblem[] {
  const at = rule.places["record"];
  const { record } = rule;
  const found: RuleProblem[] = [];
  if (Object.keys(rule.annotations).length > 0)
    found.push({ problem: "invalid field 'annotations' in recording rule", at });
  for (const field of ["for", "keep_firing_for"] as const) {
    if ((rule[field] ?? 0) !== 0) found.push({ problem: `invalid field '${field}' in recording rule`, at });
  }
  const isValid = dialect === 3 ? isUtf8(record) : isPlainMetricName(record);
  if (!isValid) found.push({ problem: `invalid recording rule name: ${record}`, at });
  if (dialect === 3 && /[{}]/.test(record)) {
    found.push({
      problem: `braces present in the recording rule name; should it be in expr?: ${record}`,
      at,
    });
  }
  return found;
}

function templateProblems({ alert, labels, annotations }: RuleInput, dialect: Dialect): RuleProblem[] {
  const problemsOf = (what: string, texts: RuleLabels): RuleProblem[] =>
    Object.entries(texts).flatMap(([name, text]) => {
      try {
        if (text.includes("{{")) parseAlertTemplate(text, alert, dialect);
        return [];
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        return [{ problem: `${what} ${JSON.stringify(name)}: ${error.message}` }];
      }
    });
  return [...problemsOf("label", labels), ...problemsOf("annotation", annotations)];
}

function isName(name: string, dialect: Dialect): boolean {
  return dialect === 3 ? name !== "" && isUtf8(name) : isPlainLabelName(name);
}

function isLabel(name: string, dialect: Dialect): boolean {
  return isName(name, dialect) && name !== METRIC_NAME;
}

function completeRule(rule: RuleInput, groupLabels: RuleLabels, engine: Engine): Rule {
  const labels = { ...groupLabels, ...rule.labels };
  const expr = exprProblem(rule.expr, engine) === undefined ? printExpr(engine.parse(rule.expr)) : rule.expr;
  if (rule.record !== "") return { kind: "recording", name: rule.record, expr, labels };
  return {
    kind: "alerting",
    name: rule.alert,
    expr,
    labels,
    annotations: rule.annotations,
    forMs: rule.for ?? 0,
    keepFiringForMs: rule.keep_firing_for ?? 0,
  };
}
