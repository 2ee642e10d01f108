/** Where a template looks values up: variables, fields, and the items of a list. */
import { compareText } from "../../labels/index.js";
import { GoDuration, GoMap, GoStruct, GoTime, typeOf } from "./go-value.js";
import { callMethod } from "./time-methods.js";
import { GoInt, TemplateError } from "./tree.js";

/** Variables, and the dot. */
export interface Scope {
  readonly dot: unknown;
  readonly variables: Map<string, unknown>;
  readonly parent: Scope | undefined;
}

/** @returns Undefined for what has no items. */
export function entriesOf(value: unknown): (readonly [unknown, unknown])[] | undefined {
  if (value === undefined || value === null) return [];
  if (Array.isArray(value)) return value.map((item: unknown, index) => [new GoInt(index), item] as const);
  if (!(value instanceof GoMap)) return undefined;
  return [...value].sort(([left], [right]) => compareText(left, right));
}

/** @returns A scope inside another one. */
export function child(parent: Scope, dot: unknown): Scope {
  return { dot, variables: new Map(), parent };
}

/** The scope that has the variable. */
export function owner(name: string, scope: Scope): Scope {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    if (at.variables.has(name)) return at;
  }
  throw new TemplateError(`undefined variable: ${name}`);
}

/** A field, a key of a map, or what a method gives. @throws TemplateError when there is none. */
export function fieldOf(value: unknown, field: string, args: readonly unknown[]): unknown {
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
