/** Regular expressions as Go has them (RE2), remembered: patterns are few and names repeat. */
import { RE2JS } from "re2js";
import type { RegexCompiler } from "./ottl/index.js";
import { ConfigProblem } from "./processors/index.js";

// A high-cardinality load has thousands of names; beyond this the memory starts afresh.
const rememberedNamesMax = 20_000;
const rememberedPatternsMax = 5000;

/** @returns A compiler that finds a match anywhere in a text, and compiles each pattern once. */
export function createRegexCompiler(): RegexCompiler {
  const compiled = new Map<string, (text: string) => boolean>();
  return (pattern) => {
    const known = compiled.get(pattern);
    if (known !== undefined) return known;
    const test = remember(compile(pattern));
    if (compiled.size >= rememberedPatternsMax) compiled.clear();
    compiled.set(pattern, test);
    return test;
  };
}

function compile(pattern: string): (text: string) => boolean {
  try {
    const regex = RE2JS.compile(pattern);
    return (text) => regex.matcher(text).find();
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new ConfigProblem(`"${pattern}" is no regular expression: ${reason}`);
  }
}

function remember(test: (text: string) => boolean): (text: string) => boolean {
  const results = new Map<string, boolean>();
  return (text) => {
    const known = results.get(text);
    if (known !== undefined) return known;
    const result = test(text);
    if (results.size >= rememberedNamesMax) results.clear();
    results.set(text, result);
    return result;
  };
}
