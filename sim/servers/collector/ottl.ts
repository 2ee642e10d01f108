/** A compiler that remembers: collectors of many nodes, and of many worlds, are configured with the same few texts. */
import {
  parseCondition,
  parseStatement,
  type Expression,
  type RegexCompiler,
  type Statement,
} from "./ottl/parser.js";

export { type RegexCompiler, type Expression, type OttlScope, OttlError } from "./ottl/parser.js";

/** Compiles texts of the transformation language. What it gives has no state, so that anybody may share it. */
export interface OttlCompiler {
  /** @throws OttlError when the text is not a condition of the simulated part of OTTL. */
  condition(text: string): Expression;
  /** @throws OttlError when the text is not a statement of the simulated part of OTTL. */
  statement(text: string): Statement;
  readonly regex: RegexCompiler;
}

const rememberedMax = 5_000;

export function createOttlCompiler(regex: RegexCompiler): OttlCompiler {
  return {
    condition: remembering((text) => parseCondition(text, regex)),
    statement: remembering((text) => parseStatement(text, regex)),
    regex,
  };
}

function remembering<Value>(compile: (text: string) => Value): (text: string) => Value {
  const known = new Map<string, Value>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const value = compile(text);
    if (known.size >= rememberedMax) known.clear();
    known.set(text, value);
    return value;
  };
}
