/**
 * Mutants: small changes of one place of a source file that some test ought to notice.
 *
 * All mutants of a file are compiled into it, each behind a switch, so that one process can try one after the other
 * ("mutant schemata": Untch, Offutt and Harrold, ISSTA 1993).
 */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { parseSync } from "rolldown/utils";

export interface Mutant {
  /** Switches it on. */
  readonly id: number;
  readonly file: string;
  readonly line: number;
  /** The file, the text before and after, and a number where the same change is possible more than once. */
  readonly key: string;
  readonly start: number;
  readonly end: number;
  readonly before: string;
  readonly after: string;
  /** The change, for people. */
  readonly shown: string;
  readonly form: "expression" | "statement";
  /** Whether the place is evaluated while the module loads: such a mutant needs a process of its own. */
  readonly atLoad: boolean;
}

type Place = Omit<Mutant, "id" | "file" | "key" | "line">;

/** As much of an ESTree node as is read here. */
interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
}

const swaps: Readonly<Record<string, string>> = {
  "<": "<=",
  "<=": "<",
  ">": ">=",
  ">=": ">",
  "===": "!==",
  "!==": "===",
  "+": "-",
  "-": "+",
  "*": "/",
  "/": "*",
  "%": "*",
  "**": "*",
  ">>": "<<",
  "&&": "||",
  "||": "&&",
  "+=": "-=",
  "-=": "+=",
};

const sqlSwaps: ReadonlyArray<readonly [RegExp, string]> = [
  [/ AND [a-z_]+ (?:= (?:\$\d+|true)|IS NULL)/g, ""],
  [/ OR [a-z_]+ = \$\d+/g, ""],
  [/\+ 1/g, "+ 0"],
  [/\btrue\b/g, "false"],
  [/\bfalse\b/g, "true"],
  [/, [a-z_]+ = (?:NULL|[a-z_]+ \+ 1|true|false|\$\d+)/g, ""],
  [/COALESCE\(\$(\d+), [^)]*\)\s*\+[^)]*\)/g, "$$$1"],
  [/COALESCE\([a-z_]+, (\$\d+)\)/g, "$1"],
];

const isNode = (value: unknown): value is Node =>
  typeof value === "object" && value !== null && typeof (value as Node).type === "string";

function childrenOf(node: Node): readonly Node[] {
  return Object.values(node)
    .flatMap((value) => (Array.isArray(value) ? value : [value]))
    .filter(isNode);
}

/** @returns What can be changed in a file, in the order of the text. */
export function mutantsOf(file: string, text: string): readonly Omit<Mutant, "id">[] {
  const places: Place[] = [];
  const textOf = ({ start, end }: Node): string => text.slice(start, end);

  function visit(node: Node, inFunction: boolean): void {
    if (node.type.startsWith("TS") && !/^TS(?:As|NonNull|Satisfies)/.test(node.type)) return;
    const add = (target: Node, after: string, form: Place["form"] = "expression"): void => {
      if (inFunction)
        places.push({
          start: target.start,
          end: target.end,
          before: textOf(target),
          after,
          shown: `${textOf(target)} => ${after}`,
          form,
          atLoad: false,
        });
    };
    changesAt(node, textOf, add);
    if (!inFunction) sqlChangesAt(node);
    const inner = inFunction || /Function/.test(node.type);
    for (const child of childrenOf(node)) visit(child, inner);
  }

  function sqlChangesAt(node: Node): void {
    if (node.type !== "Literal" && node.type !== "TemplateLiteral") return;
    const before = textOf(node);
    if (!/^["`](?:UPDATE|SELECT|INSERT|DELETE) /.test(before)) return;
    for (const [pattern, replacement] of sqlSwaps) {
      for (const match of before.matchAll(pattern)) {
        const changed = match[0].replace(new RegExp(pattern.source), replacement);
        const after = before.slice(0, match.index) + changed + before.slice(match.index + match[0].length);
        const shown = `${match[0].trim()} => ${changed.trim()}`;
        places.push({
          start: node.start,
          end: node.end,
          before,
          after,
          shown,
          form: "expression",
          atLoad: true,
        });
      }
    }
  }

  visit(parseSync(file, text).program as unknown as Node, false);
  places.sort((a, b) => a.start - b.start || b.end - a.end);
  const seen = new Map<string, number>();
  return places.map((place) => {
    const change = `${place.before} => ${place.after}`.replaceAll(/\s+/g, " ");
    const number = (seen.get(change) ?? 0) + 1;
    seen.set(change, number);
    const line = text.slice(0, place.start).split("\n").length;
    return Object.assign(place, {
      file,
      line,
      key: `${file}: ${change}${number === 1 ? "" : ` #${number}`}`,
    });
  });
}

type Add = (target: Node, after: string, form?: Place["form"]) => void;

function changesAt(node: Node, textOf: (node: Node) => string, add: Add): void {
  const part = (field: string): Node => node[field] as Node;
  switch (node.type) {
    case "IfStatement":
    case "ConditionalExpression":
    case "WhileStatement": {
      const test = part("test");
      // Those of two values are changed as a comparison already.
      if (!/^[!=]==$/.test(String(test["operator"]))) add(test, `!(${textOf(test)})`);
      break;
    }
    case "BinaryExpression":
    case "LogicalExpression":
    case "AssignmentExpression": {
      const [left, right, operator] = [part("left"), part("right"), String(node["operator"])];
      const ofText = [left, right].some(
        ({ type, value }) => type === "TemplateLiteral" || typeof value === "string",
      );
      const swapped = swaps[operator];
      if (swapped !== undefined && !(operator === "+" && ofText))
        add(node, `${textOf(left)} ${swapped} ${textOf(right)}`);
      break;
    }
    case "UpdateExpression": {
      const other = node["operator"] === "++" ? "--" : "++";
      add(
        node,
        node["prefix"] === true
          ? `${other}${textOf(part("argument"))}`
          : `${textOf(part("argument"))}${other}`,
      );
      break;
    }
    case "ExpressionStatement": {
      let inner = part("expression");
      while (
        inner.type === "AwaitExpression" ||
        (inner.type === "UnaryExpression" && inner["operator"] === "void")
      )
        inner = inner["argument"] as Node;
      if (/^(?:Call|Assignment|Chain)Expression$/.test(inner.type)) add(node, "", "statement");
      break;
    }
    case "ReturnStatement": {
      const argument = node["argument"];
      if (isNode(argument) && !/^(?:undefined|true|false|null)$/.test(textOf(argument)))
        add(argument, "undefined");
      break;
    }
    case "ArrowFunctionExpression": {
      const body = part("body");
      if (body.type !== "BlockStatement" && textOf(body) !== "undefined") add(body, "undefined");
      break;
    }
    case "Literal":
      if (typeof node["value"] === "boolean") add(node, String(!node["value"]));
      if (typeof node["value"] === "number") add(node, String(node["value"] + 1));
      break;
    default:
  }
}

/**
 * @param seed - Other seeds take other samples.
 * @returns So many of the mutants of these files, the same each time; a change of one place leaves the others in.
 */
export function sampleMutants(files: readonly string[], count: number, seed: string): readonly Mutant[] {
  const rank = ({ key }: { readonly key: string }): string =>
    createHash("sha256").update(`${seed}\n${key}`).digest("hex");
  return files
    .flatMap((file) => mutantsOf(file, readFileSync(file, "utf8")))
    .map((mutant) => ({ mutant, rank: rank(mutant) }))
    .sort((a, b) => (a.rank < b.rank ? -1 : 1))
    .slice(0, count)
    .map(({ mutant }) => mutant)
    .sort((a, b) => a.file.localeCompare(b.file) || a.start - b.start || b.end - a.end)
    .map((mutant, index) => Object.assign(mutant, { id: index + 1 }));
}

/** @returns The text with each mutant behind its switch. */
export function compileMutants(text: string, mutants: readonly Mutant[]): string {
  const sorted = mutants.toSorted((a, b) => a.start - b.start || b.end - a.end);
  let next = 0;

  function upTo(from: number, end: number): string {
    let [result, at] = ["", from];
    for (let mutant = sorted[next]; mutant !== undefined && mutant.start < end; mutant = sorted[next]) {
      result += text.slice(at, mutant.start) + whole(mutant);
      at = mutant.end;
    }
    return result + text.slice(at, end);
  }

  function whole(mutant: Mutant): string {
    next += 1;
    const same = sorted[next];
    const inner =
      same !== undefined && same.start === mutant.start && same.end === mutant.end
        ? whole(same)
        : upTo(mutant.start, mutant.end);
    const on = `globalThis.isMutant(${mutant.id})`;
    return mutant.form === "statement" ? `{if(!${on}){${inner}}}` : `(${on}?(${mutant.after}):(${inner}))`;
  }

  return upTo(0, text.length);
}
