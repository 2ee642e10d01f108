/** Runs a template over the data of an alert. */
import { formatValue } from "./go-format.js";
import { parseTemplate } from "./parse-template.js";
import { isTrue, templateFunctions, type TemplateSample } from "./template-functions.js";
import {
  TemplateError,
  type Command,
  type ControlNode,
  type Operand,
  type Pipeline,
  type TemplateNode,
} from "./tree.js";

/** What a template can see. */
export interface TemplateData {
  readonly labels: Readonly<Record<string, string>>;
  readonly externalLabels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Runs a query at the time of the evaluation. */
  query(expr: string): readonly TemplateSample[];
}

/** @returns The text; a template that fails gives the text that the server puts in its place. */
export function expandAlertTemplate(template: string, data: TemplateData): string {
  if (!template.includes("{{")) return template;
  try {
    return run(parseTemplate(template), data);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return `<error expanding template: error executing template: ${reason}>`;
  }
}

interface Scope {
  readonly dot: unknown;
  readonly variables: Map<string, unknown>;
  readonly parent: Scope | undefined;
}

function run(nodes: readonly TemplateNode[], data: TemplateData): string {
  const functions = templateFunctions(data.query);
  const root = {
    Labels: data.labels,
    ExternalLabels: data.externalLabels,
    ExternalURL: "",
    Value: data.value,
  };
  const variables = new Map<string, unknown>([
    ["$", root],
    ["$labels", data.labels],
    ["$externalLabels", data.externalLabels],
    ["$externalURL", ""],
    ["$value", data.value],
  ]);

  function block(inner: readonly TemplateNode[], scope: Scope): string {
    return inner.map((node) => render(node, scope)).join("");
  }

  function render(node: TemplateNode, scope: Scope): string {
    if (node.kind === "text") return node.text;
    if (node.kind === "action") {
      const value = pipeline(node.pipeline, scope);
      return node.pipeline.variables.length > 0 ? "" : formatValue(value);
    }
    const inner = child(scope, scope.dot);
    const value = pipeline(node.pipeline, inner);
    if (node.kind === "range") return rangeOver(node, value, inner);
    if (!isTrue(value)) return block(node.otherwise, inner);
    return block(node.body, node.kind === "with" ? child(inner, value) : inner);
  }

  function rangeOver(node: ControlNode, value: unknown, scope: Scope): string {
    const entries: [unknown, unknown][] = Array.isArray(value)
      ? value.map((item, index) => [index, item])
      : Object.entries((value ?? {}) as Record<string, unknown>).sort(([left], [right]) =>
          left < right ? -1 : 1,
        );
    if (entries.length === 0) return block(node.otherwise, scope);
    const names = node.pipeline.variables;
    return entries
      .map(([key, item]) => {
        const inner = child(scope, item);
        if (names.length === 2) inner.variables.set(names[0] as string, key);
        if (names.length > 0) inner.variables.set(names.at(-1) as string, item);
        return block(node.body, inner);
      })
      .join("");
  }

  function pipeline({ commands, variables: names, declares }: Pipeline, scope: Scope): unknown {
    let value: unknown;
    commands.forEach((command, index) => {
      value = call(command, scope, index === 0 ? [] : [value]);
    });
    const [name] = names;
    if (name !== undefined) (declares ? scope : owner(name, scope)).variables.set(name, value);
    return value;
  }

  function call([first, ...rest]: Command, scope: Scope, piped: readonly unknown[]): unknown {
    if (first?.kind !== "function") {
      if (rest.length + piped.length > 0) throw new TemplateError("can't give argument to non-function");
      return operand(first, scope);
    }
    const found = functions.get(first.name);
    if (found === undefined) throw new TemplateError(`function "${first.name}" not defined`);
    return found(...rest.map((argument) => operand(argument, scope)), ...piped);
  }

  function operand(source: Operand | undefined, scope: Scope): unknown {
    switch (source?.kind) {
      case "literal":
        return source.value;
      case "function":
        return call([source], scope, []);
      case "pipeline":
        return source.fields.reduce(field, pipeline(source.pipeline, scope));
      case "path": {
        const start = source.root === "." ? scope.dot : owner(source.root, scope).variables.get(source.root);
        return source.fields.reduce(field, start);
      }
      case undefined:
      default:
        throw new TemplateError("missing value for command");
    }
  }

  return block(nodes, { dot: root, variables, parent: undefined });
}

function child(parent: Scope, dot: unknown): Scope {
  return { dot, variables: new Map(), parent };
}

function owner(name: string, scope: Scope): Scope {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    if (at.variables.has(name)) return at;
  }
  throw new TemplateError(`undefined variable "${name}"`);
}

function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null) {
    throw new TemplateError(`can't evaluate field ${name} in type ${typeof value}`);
  }
  return (value as Record<string, unknown>)[name] ?? "";
}
