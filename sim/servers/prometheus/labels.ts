/** One condition on a label, as written between the braces of a selector. */
import { RE2JS } from "re2js";

// Label sets: sorted and immutable. Not a metric store; see storage.

// Texts as Go holds them: bytes, usually UTF-8, but not always. A byte that is not part of UTF-8 stands in a text of
// ours as a lone surrogate, U+DC00 plus the byte, which no UTF-8 can stand for.

const LONE_SURROGATE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;
const SURROGATE = /[\ud800-\udfff]/;

/** Whether a text holds no byte that is not UTF-8. */
export function isUtf8(text: string): boolean {
  return !SURROGATE.test(text) || !LONE_SURROGATE.test(text);
}

/** @returns The bytes that a text of ours stands for. */
export function bytesOf(text: string): Uint8Array {
  if (isUtf8(text)) return new TextEncoder().encode(text);
  const bytes: number[] = [];
  for (const character of text) {
    const code = character.codePointAt(0) as number;
    if (code >= 0xdc_80 && code <= 0xdc_ff) bytes.push(code & 0xff);
    else bytes.push(...new TextEncoder().encode(character));
  }
  return Uint8Array.from(bytes);
}

/** @returns The text that bytes stand for. */
export function textOfBytes(bytes: Uint8Array): string {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const decoded = text.toString("utf8");
  if (!decoded.includes("\uFFFD")) return decoded;
  let result = "";
  for (let at = 0; at < bytes.length;) {
    const length = utf8Length(bytes, at);
    result +=
      length === 0
        ? String.fromCharCode(0xdc_00 + (bytes[at] as number))
        : text.toString("utf8", at, at + length);
    at += Math.max(1, length);
  }
  return result;
}

/** Bytes of the character that begins there; 0 when none does. */
function utf8Length(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] as number;
  if (lead < 0x80) return 1;
  const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || at + length > bytes.length) return 0;
  const second = bytes[at + 1] as number;
  const lowest = { 0xe0: 0xa0, 0xf0: 0x90 }[lead] ?? 0x80;
  const highest = { 0xed: 0x9f, 0xf4: 0x8f }[lead] ?? 0xbf;
  if (second < lowest || second > highest) return 0;
  for (let index = 2; index < length; index += 1) {
    if (((bytes[at + index] as number) & 0xc0) !== 0x80) return 0;
  }
  return length;
}

/** The label that holds the metric's name. */
export const METRIC_NAME = "__name__";

const SEPARATOR = "\u0000";
const GROUPS_MAX = 8;

/** One immutable label set. Labels with an empty value do not exist. */
export class Labels {
  /** Name and value by turns, sorted by name. */
  readonly pairs: readonly string[];
  #key: string | undefined;
  #nameless: Labels | undefined;
  /** Ids of groupings and what they give, by turns: few, in millions of sets, where a Map would weigh too much. */
  #groups: readonly (string | Labels)[] | undefined;

  /** @param pairs - Name and value by turns, already sorted by name, without empty values. */
  constructor(pairs: readonly string[]) {
    this.pairs = pairs;
  }

  /** Equal for equal sets. Made at the first use and remembered: it takes more memory than all else of a set. */
  get key(): string {
    this.#key ??= keyOf(this.pairs);
    return this.#key;
  }

  /** The value of a label, or the empty string. */
  get(name: string): string {
    const { pairs } = this;
    for (let index = 0; index < pairs.length; index += 2) {
      if (pairs[index] === name) return pairs[index + 1] as string;
    }
    return "";
  }

  /** The same set without the metric name. */
  withoutName(): Labels {
    this.#nameless ??= this.get(METRIC_NAME) === "" ? this : this.without([METRIC_NAME]);
    return this.#nameless;
  }

  /** The same set without the labels named. */
  without(names: readonly string[]): Labels {
    return this.#filter((name) => !names.includes(name));
  }

  /** Only the labels named. */
  keep(names: readonly string[]): Labels {
    return this.#filter((name) => names.includes(name));
  }

  /**
   * What {@link Labels.keep} or {@link Labels.without} gives, remembered: rules group the same series by the same
   * labels again and again.
   *
   * @param id - Names the grouping; equal for equal `names` and `without`.
   * @param share - Gives the set to remember for one that is equal to it.
   */
  group(
    id: string,
    names: readonly string[],
    without: boolean,
    share: (group: Labels) => Labels = (group) => group,
  ): Labels {
    const groups = this.#groups ?? [];
    for (let index = 0; index < groups.length; index += 2) {
      if (groups[index] === id) return groups[index + 1] as Labels;
    }
    const group = share(without ? this.without(names) : this.keep(names));
    // Spreading would leave room to grow, several times what is needed.
    this.#groups =
      groups.length === 0 || groups.length === 2 * GROUPS_MAX ? [id, group] : groups.concat([id, group]);
    return group;
  }

  /** The same set with one label changed; an empty value removes it. */
  with(name: string, value: string): Labels {
    return this.withAll([[name, value]]);
  }

  /** The same set with labels changed in order; an empty value removes the label. */
  withAll(changes: Iterable<readonly [string, string]>): Labels {
    const merged = new Map<string, string>(this.entries());
    for (const [name, value] of changes) merged.set(name, value);
    return labelsOf(merged);
  }

  /** Name and value of each label, sorted by name. */
  *entries(): Generator<[string, string]> {
    const { pairs } = this;
    for (let index = 0; index < pairs.length; index += 2) {
      yield [pairs[index] as string, pairs[index + 1] as string];
    }
  }

  /** As the HTTP API shows it. */
  toObject(): Record<string, string> {
    return Object.fromEntries(this.entries());
  }

  /** As error messages show it: `{a="b", c="d"}`. */
  toString(): string {
    const parts: string[] = [];
    for (const [name, value] of this.entries()) parts.push(`${quoteNameIfNeeded(name)}=${goQuote(value)}`);
    return `{${parts.join(", ")}}`;
  }

  #filter(wanted: (name: string) => boolean): Labels {
    const { pairs } = this;
    const kept: string[] = [];
    for (let index = 0; index < pairs.length; index += 2) {
      const name = pairs[index] as string;
      if (wanted(name)) kept.push(name, pairs[index + 1] as string);
    }
    return kept.length === pairs.length ? this : new Labels(kept.slice());
  }
}

/** The set without labels. */
export const EMPTY_LABELS = new Labels([]);

/** Builds a set from names and values in any order; the last of a repeated name wins, empty values vanish. */
export function labelsOf(
  source: Iterable<readonly [string, string]> | Readonly<Record<string, string>>,
): Labels {
  const entries = Symbol.iterator in source ? source : Object.entries(source);
  const unique = new Map<string, string>();
  for (const [name, value] of entries) unique.set(name, value);
  const names = [...unique.keys()].sort(compareText);
  const pairs: string[] = [];
  for (const name of names) {
    const value = unique.get(name);
    if (value !== undefined && value !== "") pairs.push(name, value);
  }
  // A copy has no room to grow, which would be as large again.
  return new Labels(pairs.slice());
}

/** The same set under another metric name. @param name - Not empty. */
export function withName({ pairs }: Labels, name: string): Labels {
  let place = 0;
  while (place < pairs.length && compareText(pairs[place] as string, METRIC_NAME) < 0) place += 2;
  const rest = pairs[place] === METRIC_NAME ? place + 2 : place;
  const named = Array<string>(place + 2 + pairs.length - rest);
  for (let index = 0; index < place; index += 1) named[index] = pairs[index] as string;
  named[place] = METRIC_NAME;
  named[place + 1] = name;
  for (let index = rest, to = place + 2; index < pairs.length; index += 1, to += 1)
    named[to] = pairs[index] as string;
  return new Labels(named);
}

/** Orders two texts by their bytes in UTF-8, which is the order of Go. */
export function compareText(left: string, right: string): number {
  if (left === right) return 0;
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index += 1) {
    const [ours, theirs] = [left.charCodeAt(index), right.charCodeAt(index)];
    if (ours === theirs) continue;
    // Only surrogates stand elsewhere among code units than among bytes.
    if (isSurrogate(ours) || isSurrogate(theirs)) return Buffer.compare(bytesOf(left), bytesOf(right));
    return ours - theirs;
  }
  return left.length - right.length;
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd8_00 && unit <= 0xdf_ff;
}

/** Orders two label sets as Prometheus sorts results. */
export function compareLabels(left: Labels, right: Labels): number {
  const [ours, theirs] = [left.pairs, right.pairs];
  const shared = Math.min(ours.length, theirs.length);
  for (let index = 0; index < shared; index += 1) {
    const order = compareText(ours[index] as string, theirs[index] as string);
    if (order !== 0) return order;
  }
  return ours.length - theirs.length;
}

/** Quotes a text as Go's `%q` does. */
export function goQuote(text: string): string {
  if (!/[^ !#-[\]-~]/.test(text)) return `"${text}"`;
  let quoted = "";
  for (const character of text) quoted += quotedCharacter(character);
  return `"${quoted}"`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\u0007": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
  '"': '\\"',
};

function quotedCharacter(character: string): string {
  const escape = ESCAPES[character];
  if (escape !== undefined) return escape;
  const code = character.codePointAt(0) as number;
  const hex = (digits: number): string => code.toString(16).padStart(digits, "0");
  if (code < 0x20 || code === 0x7f) return `\\x${hex(2)}`;
  if (code >= 0xdc_80 && code <= 0xdc_ff) return `\\x${(code & 0xff).toString(16)}`;
  if (code < 0x7f || /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(character)) return character;
  return code > 0xff_ff ? `\\U${hex(8)}` : `\\u${hex(4)}`;
}

/** Whether a text is a label name that needs no quotes. */
export function isPlainLabelName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
}

/** Whether a text is a metric name that needs no quotes. */
export function isPlainMetricName(name: string): boolean {
  return /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
}

function quoteNameIfNeeded(name: string): string {
  return isPlainLabelName(name) ? name : goQuote(name);
}

// NUL separates names and values. A text that holds one itself is escaped, so that no two sets share a key.
function keyOf(pairs: readonly string[]): string {
  const joined = pairs.join(SEPARATOR);
  if (pairs.length === 0) return joined;
  let separators = 0;
  for (let at = joined.indexOf(SEPARATOR); at !== -1; at = joined.indexOf(SEPARATOR, at + 1)) separators += 1;
  return separators === pairs.length - 1
    ? joined
    : pairs.map((text) => text.replaceAll(SEPARATOR, "\u0000\u0001")).join(SEPARATOR);
}

// Regular expressions with RE2's meaning, always matched against the whole text, as matchers and relabelling
// do. The common shapes (a literal, a choice of literals, anything, a prefix) never reach the engine.

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

/** How a matcher compares. */
export type MatchOperator = "=" | "!=" | "=~" | "!~";

/** A compiled condition. A label that is missing counts as empty. */
export interface Matcher {
  readonly name: string;
  readonly operator: MatchOperator;
  readonly value: string;
  /** Present for `=~` and `!~`. */
  readonly pattern: AnchoredRegExp | undefined;
  matches(value: string): boolean;
}

/** @throws RegExpSyntaxError when a regular expression is not valid. */
export function createMatcher(
  name: string,
  operator: MatchOperator,
  value: string,
  expressions: RegExpCache,
): Matcher {
  const wanted = operator === "=" || operator === "=~";
  if (operator === "=" || operator === "!=") {
    return { name, operator, value, pattern: undefined, matches: (text) => (text === value) === wanted };
  }
  const pattern = expressions.compile(value);
  return { name, operator, value, pattern, matches: (text) => pattern.test(text) === wanted };
}

/** As it is written in a query. */
export function formatMatcher(matcher: Matcher): string {
  const name = isPlainLabelName(matcher.name) ? matcher.name : goQuote(matcher.name);
  return `${name}${matcher.operator}${goQuote(matcher.value)}`;
}
