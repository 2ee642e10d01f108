/**
 * Regular expressions with RE2's meaning, always matched against the whole text, as matchers and relabelling
 * do. The common shapes (a literal, a choice of literals, anything, a prefix) never reach the engine.
 */
import { RE2JS } from "re2js";

/** A compiled, fully anchored expression. */
export interface AnchoredRegExp {
  readonly source: string;
  /** The texts it matches, when they are a short list; undefined otherwise. */
  readonly literals: readonly string[] | undefined;
  test(text: string): boolean;
  /** The groups of a match (0 is the whole text, undefined if a group took no part), or undefined. */
  groups(text: string): (string | undefined)[] | undefined;
  /** Index of each named group. */
  readonly names: Readonly<Record<string, number>>;
}

/** The expression is not valid RE2. The message is the one of Go's package. */
export class RegExpSyntaxError extends Error {
  override readonly name = "RegExpSyntaxError";
}

/** Compiled expressions, kept so that a repeated query does not compile again. */
export interface RegExpCache {
  /** @throws RegExpSyntaxError when `source` is not valid RE2. */
  compile(source: string): AnchoredRegExp;
}

const VERDICTS_MAX = 10_000;
const COMPILED_MAX = 1_000;

/** @param dotMatchesNewline - True from Prometheus 3.0 on. */
export function createRegExpCache(dotMatchesNewline: boolean): RegExpCache {
  const compiled = new Map<string, AnchoredRegExp>();
  return {
    compile(source) {
      const known = compiled.get(source);
      if (known !== undefined) return known;
      const fresh = compileAnchored(source, dotMatchesNewline);
      if (compiled.size >= COMPILED_MAX) compiled.clear();
      compiled.set(source, fresh);
      return fresh;
    },
  };
}

function compileAnchored(source: string, dotMatchesNewline: boolean): AnchoredRegExp {
  const engine = compileEngine(source, dotMatchesNewline);
  const literals = literalChoices(source);
  return {
    source,
    literals,
    names: engine.namedGroups(),
    test:
      literals === undefined
        ? shortcut(source, dotMatchesNewline, engine)
        : (text) => literals.includes(text),
    groups(text) {
      const matcher = engine.matcher(text);
      if (!matcher.matches()) return undefined;
      return Array.from(
        { length: matcher.groupCount() + 1 },
        (_, group) => matcher.group(group) ?? undefined,
      );
    },
  };
}

function compileEngine(source: string, dotMatchesNewline: boolean): RE2JS {
  // Wrapped as the server wraps it, so that messages quote the same text.
  const anchored = dotMatchesNewline ? `^(?s:${source})$` : `^(?:${source})$`;
  try {
    return RE2JS.compile(anchored);
  } catch (error) {
    const text = error instanceof Error ? error.message : String(error);
    throw new RegExpSyntaxError(
      text.startsWith("error parsing regexp") ? text : `error parsing regexp: ${text}: \`${anchored}\``,
      { cause: error },
    );
  }
}

/** `a|b|c` without any special character is a list of texts. */
function literalChoices(source: string): string[] | undefined {
  return /[\\^$.*+?()[\]{}]/.test(source) ? undefined : source.split("|");
}

function shortcut(source: string, dotMatchesNewline: boolean, engine: RE2JS): (text: string) => boolean {
  const plainText = (text: string): boolean => dotMatchesNewline || !text.includes("\n");
  if (source === ".*") return plainText;
  if (source === ".+") return (text) => text !== "" && plainText(text);
  const prefix = /^([^\\^$.*+?()[\]{}|]+)\.\*$/.exec(source)?.[1];
  if (prefix !== undefined) return (text) => text.startsWith(prefix) && plainText(text);
  const verdicts = new Map<string, boolean>();
  return (text) => {
    const known = verdicts.get(text);
    if (known !== undefined) return known;
    const verdict = engine.matches(text);
    if (verdicts.size >= VERDICTS_MAX) verdicts.clear();
    verdicts.set(text, verdict);
    return verdict;
  };
}
