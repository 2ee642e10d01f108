/** Runs a template over the data of an alert. */
import { compareText, goQuote } from "../../labels.js";
import type { Dialect } from "../../promql/index.js";
import { GoDuration, GoMap, GoStruct, GoTime, formatValue, isTrue, stringMap, typeOf } from "./go-format.js";
import { parseTemplate } from "./parse-template.js";
import {
  hasTemplateFunction,
  templateFunction,
  type ParamType,
  type TemplateFunction,
  type TemplateWorld,
} from "./template-functions.js";
import {
  GoInt,
  TemplateError,
  type Command,
  type ControlNode,
  type Operand,
  type Pipeline,
  type Template,
  type TemplateNode,
} from "./tree.js";

// What a template of an alert can see.

/** Variables that are there before the text begins. */
const ALERT_VARIABLES = ["$labels", "$externalLabels", "$externalURL", "$value"];

/** One sample of a query. */
interface TemplateSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** What a template can see. */
export interface TemplateData {
  readonly labels: Readonly<Record<string, string>>;
  readonly externalLabels: Readonly<Record<string, string>>;
  /** @default "" */
  readonly externalUrl?: string;
  readonly value: number;
  /** Milliseconds since the epoch. @default 0 */
  readonly nowMs?: number;
  /** Runs a query at the time of the evaluation. */
  query(expr: string): readonly TemplateSample[];
}

/** The dot, and the variables, of a template. */
function rootOf(
  { labels, externalLabels, externalUrl = "", value }: TemplateData,
  dialect: Dialect,
): {
  readonly root: GoStruct;
  readonly variables: Map<string, unknown>;
} {
  const fields = {
    Labels: stringMap(labels),
    ExternalLabels: stringMap(externalLabels),
    ExternalURL: externalUrl,
    Value: value,
  };
  const type = dialect === 2 ? "float64" : "interface {}";
  const root = new GoStruct(
    `struct { Labels map[string]string; ExternalLabels map[string]string; ExternalURL string; Value ${type} }`,
    fields,
  );
  const variables = new Map<string, unknown>([
    ["$", root],
    ["$labels", fields.Labels],
    ["$externalLabels", fields.ExternalLabels],
    ["$externalURL", externalUrl],
    ["$value", value],
  ]);
  return { root, variables };
}

// The methods of Go's times and durations that templates call.

const MONTHS = "January February March April May June July August September October November December".split(
  " ",
);
const DAYS = "Sunday Monday Tuesday Wednesday Thursday Friday Saturday".split(" ");

/** @returns Undefined when there is no such method, or not for these arguments. */
function callMethod(value: GoTime | GoDuration, name: string, args: readonly unknown[]): unknown {
  return value instanceof GoTime ? timeMethod(value, name, args) : durationMethod(value, name, args);
}

function timeMethod(time: GoTime, name: string, [argument, ...more]: readonly unknown[]): unknown {
  const date = new Date(Math.floor(time.seconds) * 1000);
  if (name === "Format" && typeof argument === "string" && more.length === 0)
    return formatTime(date, argument);
  if (name === "Add" && argument instanceof GoDuration) return new GoTime(time.seconds + argument.seconds);
  if (name === "Sub" && argument instanceof GoTime) return new GoDuration(time.seconds - argument.seconds);
  if (argument !== undefined) return undefined;
  const numbers: Readonly<Record<string, number>> = {
    Year: date.getUTCFullYear(),
    Day: date.getUTCDate(),
    Hour: date.getUTCHours(),
    Minute: date.getUTCMinutes(),
    Second: date.getUTCSeconds(),
    Unix: Math.floor(time.seconds),
    UnixMilli: Math.floor(time.seconds * 1000),
    YearDay: Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1,
  };
  if (numbers[name] !== undefined) return new GoInt(numbers[name]);
  if (name === "Month") return MONTHS[date.getUTCMonth()];
  if (name === "Weekday") return DAYS[date.getUTCDay()];
  if (name === "UTC") return time;
  return name === "String" ? time.toString() : undefined;
}

function durationMethod({ seconds }: GoDuration, name: string, args: readonly unknown[]): unknown {
  if (args.length > 0) return undefined;
  switch (name) {
    case "Seconds":
      return seconds;
    case "Minutes":
      return seconds / 60;
    case "Hours":
      return seconds / 3600;
    case "Milliseconds":
      return new GoInt(Math.trunc(seconds * 1000));
    case "String":
      return new GoDuration(seconds).toString();
    default:
      return undefined;
  }
}

const LAYOUT = /January|Jan|Monday|Mon|MST|2006|Z07:00|-07:00|-0700|PM|pm|01|02|03|04|05|06|15|_2|1|2|3|4|5/g;

function formatTime(date: Date, layout: string): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const [month, day, hour] = [date.getUTCMonth(), date.getUTCDate(), date.getUTCHours()];
  const hour12 = hour % 12 === 0 ? 12 : hour % 12;
  const parts: Readonly<Record<string, string>> = {
    January: MONTHS[month] ?? "",
    Jan: (MONTHS[month] ?? "").slice(0, 3),
    Monday: DAYS[date.getUTCDay()] ?? "",
    Mon: (DAYS[date.getUTCDay()] ?? "").slice(0, 3),
    MST: "UTC",
    "2006": String(date.getUTCFullYear()),
    "Z07:00": "Z",
    "-07:00": "+00:00",
    "-0700": "+0000",
    PM: hour < 12 ? "AM" : "PM",
    pm: hour < 12 ? "am" : "pm",
    "01": two(month + 1),
    "02": two(day),
    "03": two(hour12),
    "04": two(date.getUTCMinutes()),
    "05": two(date.getUTCSeconds()),
    "06": two(date.getUTCFullYear() % 100),
    "15": two(hour),
    _2: String(day).padStart(2),
    "1": String(month + 1),
    "2": String(day),
    "3": String(hour12),
    "4": String(date.getUTCMinutes()),
    "5": String(date.getUTCSeconds()),
  };
  return layout.replace(LAYOUT, (part) => parts[part] ?? part);
}

// Where a template looks values up: variables, fields, and the items of a list.

/** Variables, and the dot. */
interface Scope {
  readonly dot: unknown;
  readonly variables: Map<string, unknown>;
  readonly parent: Scope | undefined;
}

/** @returns Undefined for what has no items. */
function entriesOf(value: unknown): (readonly [unknown, unknown])[] | undefined {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.map((item: unknown, index) => [new GoInt(index), item] as const);
  if (!(value instanceof GoMap)) return undefined;
  return [...value].sort(([left], [right]) => compareText(left, right));
}

/** @returns A scope inside another one. */
function child(parent: Scope, dot: unknown): Scope {
  return { dot, variables: new Map(), parent };
}

/** The scope that has the variable. */
function owner(name: string, scope: Scope): Scope {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    if (at.variables.has(name)) return at;
  }
  throw new TemplateError(`undefined variable: ${name}`);
}

/** A field, a key of a map, or what a method gives. @throws TemplateError when there is none. */
function fieldOf(value: unknown, field: string, args: readonly unknown[]): unknown {
  if (value === undefined) return undefined;
  if (value instanceof GoTime || value instanceof GoDuration) {
    const result = callMethod(value, field, args);
    if (result !== undefined) return result;
  }
  if (value instanceof GoStruct && Object.hasOwn(value.fields, field)) {
    if (args.length > 0) throw new TemplateError(`${field} has arguments but cannot be invoked as function`);
    return value.fields[field];
  }
  if (value instanceof GoMap) {
    if (args.length > 0) throw new TemplateError(`${field} is not a method but has arguments`);
    return value.has(field) ? value.get(field) : value.zero;
  }
  if (value === null) throw new TemplateError(`nil pointer evaluating interface {}.${field}`);
  throw new TemplateError(`can't evaluate field ${field} in type ${typeOf(value)}`);
}

// The server puts these before each text, and counts columns with them.
const DEFINITIONS =
  "{{$labels := .Labels}}{{$externalLabels := .ExternalLabels}}{{$externalURL := .ExternalURL}}{{$value := .Value}}";
const DEPTH_MAX = 1_000;

/**
 * @param alert - Name of the alert.
 * @throws TemplateError when the text is not a template.
 */
export function parseAlertTemplate(text: string, alert: string, dialect: Dialect = 3): Template {
  return parseTemplate(text, {
    name: `__alert_${alert}`,
    variables: ALERT_VARIABLES,
    hasFunction: (name) => hasTemplateFunction(name, dialect),
  });
}

/** @returns The text; a template that fails gives the text that the server puts in its place. */
export function expandAlertTemplate(
  text: string,
  data: TemplateData,
  alert = "",
  dialect: Dialect = 3,
): string {
  if (!text.includes("{{")) return text;
  let step = "parsing";
  try {
    const template = parseAlertTemplate(text, alert, dialect);
    step = "executing";
    return run(template, text, `__alert_${alert}`, data, dialect);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `<error expanding template: error ${step} template __alert_${alert}: ${reason}>`;
  }
}

/** What a node does to the loop around it. */
type Flow = "go on" | "break" | "continue";

function run(
  { nodes, defined }: Template,
  text: string,
  templateName: string,
  data: TemplateData,
  dialect: Dialect,
): string {
  const sampleOf = ({ labels, value }: TemplateSample): GoStruct =>
    new GoStruct("*template.sample", { Labels: stringMap(labels), Value: value });
  const world: TemplateWorld = {
    query: (expr) => data.query(expr).map(sampleOf),
    nowMs: data.nowMs ?? 0,
    externalUrl: data.externalUrl ?? "",
  };
  const { root, variables } = rootOf(data, dialect);
  const output: string[] = [];
  let depth = 0;

  function fail(problem: string, { at, text: shown }: Pick<Operand, "at" | "text">): never {
    const before = text.slice(0, at);
    const line = before.split("\n").length;
    const column =
      Buffer.byteLength(before.slice(before.lastIndexOf("\n") + 1)) + (line === 1 ? DEFINITIONS.length : 0);
    throw new TemplateError(
      `template: ${templateName}:${line}:${column}: executing ${goQuote(templateName)} at <${shown}>: ${problem}`,
    );
  }

  function block(inner: readonly TemplateNode[], scope: Scope): Flow {
    for (const node of inner) {
      const flow = render(node, scope);
      if (flow !== "go on") return flow;
    }
    return "go on";
  }

  function render(node: TemplateNode, scope: Scope): Flow {
    switch (node.kind) {
      case "text":
        output.push(node.text);
        return "go on";
      case "action": {
        const value = pipeline(node.pipeline, scope);
        if (node.pipeline.variables.length === 0) output.push(formatValue(value));
        return "go on";
      }
      case "break":
      case "continue":
        return node.kind;
      case "template":
        return invoke(node, scope);
      case "if":
      case "with":
      case "range":
      default:
        return control(node, scope);
    }
  }

  function invoke(node: Extract<TemplateNode, { kind: "template" }>, scope: Scope): Flow {
    const place = { at: node.at, text: `{{template ${goQuote(node.name)}}}` };
    const body = defined.get(node.name) ?? fail(`template ${goQuote(node.name)} not defined`, place);
    if (depth >= DEPTH_MAX) fail("exceeded maximum template depth (100000)", place);
    const dot = node.pipeline === undefined ? undefined : pipeline(node.pipeline, scope);
    depth += 1;
    block(body, { dot, variables: new Map([["$", dot]]), parent: undefined });
    depth -= 1;
    return "go on";
  }

  function control(node: ControlNode, scope: Scope): Flow {
    const inner = child(scope, scope.dot);
    const value = pipeline(node.pipeline, inner);
    if (node.kind === "range") return rangeOver(node, value, inner);
    if (!isTrue(value)) return block(node.otherwise, inner);
    return block(node.body, node.kind === "with" ? child(inner, value) : inner);
  }

  function rangeOver(node: ControlNode, value: unknown, scope: Scope): Flow {
    const entries = entriesOf(value);
    if (entries === undefined)
      return fail(
        `range can't iterate over ${formatValue(value)}`,
        node.pipeline.commands[0]?.[0] as Operand,
      );
    if (entries.length === 0) return block(node.otherwise, scope);
    const names = node.pipeline.variables;
    for (const [key, item] of entries) {
      const inner = child(scope, item);
      if (names.length === 2) inner.variables.set(names[0] as string, key);
      if (names.length > 0) inner.variables.set(names.at(-1) as string, item);
      if (block(node.body, inner) === "break") break;
    }
    return "go on";
  }

  function pipeline({ commands, variables: names, declares }: Pipeline, scope: Scope): unknown {
    let value: unknown;
    commands.forEach((one, index) => {
      value = command(one, scope, index === 0 ? [] : [value]);
    });
    for (const variable of names) (declares ? scope : owner(variable, scope)).variables.set(variable, value);
    return value;
  }

  function command(operands: Command, scope: Scope, piped: readonly unknown[]): unknown {
    const [first, ...rest] = operands as readonly [Operand, ...Operand[]];
    if (first.kind === "function") return call(first, rest, scope, piped);
    const hasArguments = rest.length + piped.length > 0;
    if (first.kind === "path" || first.kind === "chain") {
      const args = [...rest.map((one) => argument(one, "any", scope)), ...piped];
      return fieldsOf(first, scope, args);
    }
    if (hasArguments) fail(`can't give argument to non-function ${first.text}`, first);
    if (first.kind === "nil") fail("nil is not a command", first);
    return operand(first, scope);
  }

  function call(
    source: Extract<Operand, { kind: "function" }>,
    rest: readonly Operand[],
    scope: Scope,
    piped: readonly unknown[],
  ): unknown {
    const { name } = source;
    const found = templateFunction(name, world) as TemplateFunction;
    const place = { at: source.at, text: [source, ...rest].map(({ text: shown }) => shown).join(" ") };
    const { params, rest: restType } = found;
    const count = rest.length + piped.length;
    if (restType === undefined ? count !== params.length : count < params.length) {
      const wanted = restType === undefined ? params.length : `at least ${params.length}`;
      fail(
        `wrong number of args for ${name}: want ${wanted} got ${restType === undefined ? count : rest.length}`,
        place,
      );
    }
    const typeAt = (index: number): ParamType => params[index] ?? restType ?? "any";
    if (name === "and" || name === "or") return shortCircuit(name, rest, scope, piped);
    const args = rest.map((one, index) => argument(one, typeAt(index), scope));
    for (const value of piped) args.push(typed(value, typeAt(args.length), place));
    return attempt(() => found.call(...args), place, `error calling ${name}: `);
  }

  /** Says where an error happened. */
  function attempt<Result>(action: () => Result, place: Pick<Operand, "at" | "text">, prefix = ""): Result {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return fail(`${prefix}${error.message}`, place);
    }
  }

  function shortCircuit(
    kind: "and" | "or",
    rest: readonly Operand[],
    scope: Scope,
    piped: readonly unknown[],
  ): unknown {
    let value: unknown;
    for (const one of rest) {
      value = argument(one, "any", scope);
      if (isTrue(value) === (kind === "or")) return value;
    }
    return piped.length > 0 ? piped[0] : value;
  }

  function argument(source: Operand, type: ParamType, scope: Scope): unknown {
    if (source.kind === "literal" && type !== "any" && typeof source.value !== type)
      return fail(`expected ${type}; found ${source.text}`, source);
    if (source.kind === "nil" && type === "string") return fail("cannot assign nil to string", source);
    return typed(operand(source, scope), type, source);
  }

  function typed(value: unknown, type: ParamType, place: Pick<Operand, "at" | "text">): unknown {
    if (type === "any" || typeOf(value) === type) return value;
    if (value === undefined) return fail(`invalid value; expected ${type}`, place);
    return fail(`wrong type for value; expected ${type}; got ${typeOf(value)}`, place);
  }

  function operand(source: Operand, scope: Scope): unknown {
    switch (source.kind) {
      case "literal":
        return source.value;
      case "dot":
        return scope.dot;
      case "nil":
        return null;
      case "function":
        return call(source, [], scope, []);
      case "pipeline":
        return pipeline(source.pipeline, scope);
      case "path":
      case "chain":
      default:
        return fieldsOf(source, scope, []);
    }
  }

  function fieldsOf(
    source: Extract<Operand, { kind: "path" | "chain" }>,
    scope: Scope,
    args: readonly unknown[],
  ): unknown {
    const { fields } = source;
    let value: unknown;
    if (source.kind === "chain") value = operand(source.operand, scope);
    else
      value =
        source.variable === undefined
          ? scope.dot
          : owner(source.variable, scope).variables.get(source.variable);
    if (fields.length === 0 && args.length > 0)
      return fail(`can't give argument to non-function ${source.text}`, source);
    fields.forEach((name, index) => {
      const given = index === fields.length - 1 ? args : [];
      value = attempt(() => fieldOf(value, name, given), source);
    });
    return value;
  }

  block(nodes, { dot: root, variables, parent: undefined });
  return output.join("");
}
