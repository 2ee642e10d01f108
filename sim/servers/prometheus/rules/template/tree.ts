/** The tree of a template: Go's text/template. */

/** A value to compute. */
export type Operand =
  | { readonly kind: "dot" | "nil"; readonly at: number; readonly text: string }
  | { readonly kind: "literal"; readonly at: number; readonly text: string; readonly value: Constant }
  /** `.A.B`, or `$name.A.B`. */
  | {
      readonly kind: "path";
      readonly at: number;
      readonly text: string;
      /** A variable; undefined for the dot. */
      readonly variable: string | undefined;
      readonly fields: readonly string[];
    }
  /** Fields of something else. */
  | {
      readonly kind: "chain";
      readonly at: number;
      readonly text: string;
      readonly operand: Operand;
      readonly fields: readonly string[];
    }
  | { readonly kind: "pipeline"; readonly at: number; readonly text: string; readonly pipeline: Pipeline }
  | { readonly kind: "function"; readonly at: number; readonly text: string; readonly name: string };

/** Integers are apart from floats: Go does not compare the two. */
export type Constant = string | number | boolean | GoInt;

/** A value of Go's type `int`. */
export class GoInt {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

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
  | {
      readonly kind: "template";
      readonly at: number;
      readonly name: string;
      readonly pipeline: Pipeline | undefined;
    }
  | { readonly kind: "break" | "continue" }
  | ControlNode;

/** A part that runs none, one or many times. */
export interface ControlNode {
  readonly kind: "if" | "with" | "range";
  readonly pipeline: Pipeline;
  readonly body: readonly TemplateNode[];
  readonly otherwise: readonly TemplateNode[];
}

/** What a text holds. */
export interface Template {
  readonly nodes: readonly TemplateNode[];
  /** The bodies of `define` and `block`, by name. */
  readonly defined: ReadonlyMap<string, readonly TemplateNode[]>;
}

/** A template that cannot be read or run. */
export class TemplateError extends Error {
  override readonly name = "TemplateError";
}
