/** The tree of a template: Go's text/template, as far as alerts use it. */

/** A value to compute: a literal, a field, a variable, a call or a pipeline in parentheses. */
export type Operand =
  | { readonly kind: "literal"; readonly value: string | number | boolean | null }
  | { readonly kind: "path"; readonly root: string; readonly fields: readonly string[] }
  | { readonly kind: "pipeline"; readonly pipeline: Pipeline; readonly fields: readonly string[] }
  | { readonly kind: "function"; readonly name: string };

/** An operand with its arguments. */
export type Command = readonly Operand[];

/** Commands, each the last argument of the next; the result may get a name. */
export interface Pipeline {
  readonly variables: readonly string[];
  readonly declares: boolean;
  readonly commands: readonly Command[];
}

export type TemplateNode =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "action"; readonly pipeline: Pipeline }
  | ControlNode;

/** A part that runs none, one or many times. */
export interface ControlNode {
  readonly kind: "if" | "with" | "range";
  readonly pipeline: Pipeline;
  readonly body: readonly TemplateNode[];
  readonly otherwise: readonly TemplateNode[];
}

/** A template that cannot be read or run. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}
