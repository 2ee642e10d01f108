/** Label sets: sorted and immutable. Not a metric store; see storage. */
import { bytesOf } from "./bytes.js";

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
