/** `LIKE`, `SIMILAR TO` and regular expressions, as JavaScript's. */
import { DatabaseError } from "../../database-error.js";
import type { Value } from "../../types/value.js";
import { unsupported } from "../execution-context.js";
import { define } from "../resolution.js";

const escaped = (character: string): string => character.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&");

/** A pattern is usually the same for every row. */
function kept<T>(build: (...parts: string[]) => T): (...parts: string[]) => T {
  const known = new Map<string, T>();
  return (...parts) => {
    const key = parts.join("\u0000");
    let found = known.get(key);
    if (found === undefined) {
      if (known.size >= 500) known.clear();
      found = build(...parts);
      known.set(key, found);
    }
    return found;
  };
}

const likePattern = kept((pattern: string, flags = ""): { test(text: string): boolean } => {
  let source = "";
  const points = Array.from(pattern);
  for (let at = 0; at < points.length; at += 1) {
    const next = points[at] ?? "";
    if (next === "\\") {
      at += 1;
      if (at >= points.length) {
        // Only a text that gets that far finds it.
        const before = new RegExp(`^${source}[^]`, `${flags}u`);
        return {
          test(text) {
            if (!before.test(text)) return false;
            throw new DatabaseError("22025", "LIKE pattern must not end with escape character");
          },
        };
      }
      source += escaped(points[at] ?? "");
    } else source += next === "%" ? "[^]*" : next === "_" ? "[^]" : escaped(next);
  }
  return new RegExp(`^${source}$`, `${flags}u`);
});

/** Rewrites a pattern with its own escape character to one with backslashes. */
export function likeEscape(pattern: string, escape: string): string {
  const marks = Array.from(escape);
  if (marks.length > 1)
    throw new DatabaseError("22025", "invalid escape string", {
      hint: "Escape string must be empty or one character.",
    });
  const [mark] = marks;
  if (mark === "\\") return pattern;
  let result = "";
  const points = Array.from(pattern);
  for (let at = 0; at < points.length; at += 1) {
    const point = points[at] ?? "";
    if (point === mark) {
      at += 1;
      result += `\\${points[at] ?? ""}`;
    } else result += point === "\\" ? "\\\\" : point;
  }
  return result;
}

function similarEscape(pattern: string, escape = "\\"): string {
  let result = "";
  let inClass = false;
  for (let at = 0; at < pattern.length; at += 1) {
    const next = pattern[at] ?? "";
    if (next === escape && escape !== "") {
      at += 1;
      result += `\\${pattern[at] ?? ""}`;
    } else if (inClass) {
      inClass = next !== "]";
      result += next === "\\" ? "\\\\" : next;
    } else if (next === "[") {
      inClass = true;
      result += next;
    } else if (next === "%") result += ".*";
    else if (next === "_") result += ".";
    else if (next === "(") result += "(?:";
    else result += /[\\.^$]/.test(next) ? `\\${next}` : next;
  }
  return `^(?:${result})$`;
}

const classes: Readonly<Record<string, string>> = {
  alpha: "A-Za-z",
  digit: "0-9",
  alnum: "A-Za-z0-9",
  upper: "A-Z",
  lower: "a-z",
  space: "\\s",
  blank: " \\t",
  word: "\\w",
  punct: "!-\\/:-@\\[-`{-~",
  xdigit: "0-9A-Fa-f",
  cntrl: "\\x00-\\x1f\\x7f",
  print: " -~",
  graph: "!-~",
};
const letterEscapes: Readonly<Record<string, string>> = {
  m: "\\b(?=\\w)",
  M: "\\b(?<=\\w)",
  y: "\\b",
  Y: "\\B",
  A: "(?<![^])",
  Z: "(?![^])",
  a: "\\x07",
  b: "\\x08",
  B: "\\\\",
  e: "\\x1b",
  d: "[0-9]",
  D: "[^0-9]",
  s: "\\s",
  S: "\\S",
  w: "[A-Za-z0-9_]",
  W: "[^A-Za-z0-9_]",
  n: "\\n",
  r: "\\r",
  t: "\\t",
  f: "\\f",
  v: "\\v",
  "0": "\\x00",
};

const invalid = (reason: string): DatabaseError =>
  new DatabaseError("2201B", `invalid regular expression: ${reason}`);

/** One escape outside or inside brackets. @returns What it is, and how many characters it took. */
function escapeAt(pattern: string, at: number, inClass: boolean): readonly [string, number] {
  const next = pattern[at + 1];
  if (next === undefined) throw invalid("invalid escape \\ sequence");
  const code = /^\\(?:u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|x([0-9a-fA-F]+))/.exec(pattern.slice(at));
  if (code !== null)
    return [`\\u{${(code[1] ?? code[2] ?? code[3] ?? "0").replace(/^0+(?=.)/, "")}}`, code[0].length];
  if (/[1-9]/.test(next) && !inClass) return [`\\${next}`, 2];
  if (/[A-Za-z0]/.test(next)) {
    const known = letterEscapes[next];
    if (known === undefined || (inClass && "mMyYAZ".includes(next)))
      throw invalid("invalid escape \\ sequence");
    if (!inClass) return [known, 2];
    return [known.startsWith("[^") ? `\\${next}` : known.replace(/^\[(.*)\]$/, "$1"), 2];
  }
  return [escaped(next) === next && next === "-" ? (inClass ? "\\-" : "-") : escaped(next), 2];
}

function bracketAt(pattern: string, from: number, newlines: boolean): readonly [string, number] {
  let at = from + 1;
  let body = "";
  const negate = pattern[at] === "^";
  if (negate) at += 1;
  for (let first = true; first || pattern[at] !== "]"; first = false) {
    if (at >= pattern.length) throw invalid("brackets [] not balanced");
    const named = /^\[:(\w+):\]/.exec(pattern.slice(at));
    if (named !== null) {
      const known = classes[named[1] ?? ""];
      if (known === undefined) throw invalid("invalid character class");
      body += known;
      at += named[0].length;
    } else if (pattern[at] === "\\") {
      const [text, length] = escapeAt(pattern, at, true);
      body += text;
      at += length;
    } else if (/^\[[.=]/.test(pattern.slice(at))) {
      throw unsupported(`the regular expression ${JSON.stringify(pattern)}`);
    } else {
      const point = String.fromCodePoint(pattern.codePointAt(at) ?? 0);
      const isRange = point === "-" && body !== "" && pattern[at + 1] !== "]";
      body += isRange ? "-" : point.replace(/[\\\]^[\-&~|{}()/]/, "\\$&");
      at += point.length;
    }
  }
  return [`[${negate ? "^" : ""}${body}${negate && newlines ? "\\n" : ""}]`, at + 1 - from];
}

/** An advanced regular expression of PostgreSQL. @param flags - Of its functions: i, c, n, m, s, p, w, x, q, g. @throws DatabaseError 2201B */
// oxlint-disable-next-line complexity -- a case for each form of the grammar
const regularExpression = kept((whole: string, flags = ""): RegExp => {
  let pattern = whole;
  const options = new Set<string>();
  const setOption = (letter: string): void => {
    if (letter === "c") options.delete("i");
    else if (letter === "s") options.delete("n");
    else options.add(letter === "m" ? "n" : letter);
  };
  for (const letter of flags) setOption(letter);
  const director = /^\*\*\*([:=])/.exec(pattern);
  if (director !== null) {
    pattern = pattern.slice(4);
    if (director[1] === "=") options.add("q");
  }
  const embedded = /^\(\?([a-z]+)\)/.exec(pattern);
  if (embedded !== null) {
    pattern = pattern.slice(embedded[0].length);
    for (const letter of embedded[1] ?? "") setOption(letter);
  }
  const newlines = options.has("n") || options.has("p");
  const lines = options.has("n") || options.has("w");
  const jsFlags = `u${options.has("i") ? "i" : ""}${lines ? "m" : ""}`;
  if (options.has("q")) return new RegExp(escaped(pattern), jsFlags);
  let source = "";
  for (let at = 0; at < pattern.length;) {
    const rest = pattern.slice(at);
    const next = pattern[at] ?? "";
    let [text, length]: readonly [string, number] = [next, 1];
    if (/^\[\[:[<>]:\]\]/.test(rest)) [text, length] = [rest[3] === "<" ? "\\b(?=\\w)" : "\\b(?<=\\w)", 7];
    else if (next === "[") [text, length] = bracketAt(pattern, at, newlines);
    else if (next === "\\") [text, length] = escapeAt(pattern, at, false);
    else if (next === ".") text = newlines ? "[^\\n]" : "[^]";
    else if (next === "$") text = lines ? "$" : "(?![^])";
    else if (next === "{" && !/^\{\d/.test(rest)) text = "\\{";
    else if (next === "}" && !/\{\d+(?:,\d*)?$/.test(source)) text = "\\}";
    else if (next === "]" || next === "/") text = `\\${next}`;
    else if (options.has("x") && /\s/.test(next)) text = "";
    source += text;
    at += length;
  }
  try {
    return new RegExp(source, jsFlags);
  } catch {
    throw invalid(regexpFault(pattern));
  }
});

function regexpFault(pattern: string): string {
  const bare = pattern.replace(/\\./g, "").replace(/\[[^\]]*\]/g, "");
  if (bare.split("(").length !== bare.split(")").length) return "parentheses () not balanced";
  if (/(^|[(|])[*+?{]|[*+?}][*+]/.test(bare)) return "quantifier operand invalid";
  return /\\\d/.test(pattern) ? "invalid backreference number" : "invalid repetition count(s)";
}

/** Checks the flags of a function and takes out `g`. */
function splitFlags(
  flags: string,
  name: string,
  allowsGlobal: boolean,
): [RegExpFlags: string, isGlobal: boolean] {
  for (const letter of flags) {
    if (!"gicbenmspqtwx".includes(letter))
      throw new DatabaseError("22023", `invalid regular expression option: "${letter}"`);
    if (letter === "g" && !allowsGlobal)
      throw new DatabaseError(
        "22023",
        `${name}() does not support the "global" option`,
        name === "regexp_match" ? { hint: "Use the regexp_matches function instead." } : {},
      );
  }
  return [flags.replaceAll("g", ""), flags.includes("g")];
}

function* matches(text: string, source: string, flags: string, start = 0): Generator<RegExpExecArray> {
  const pattern = regularExpression(source, flags);
  const search = new RegExp(pattern.source, `${pattern.flags}g`);
  search.lastIndex = start;
  for (;;) {
    const match = search.exec(text);
    if (match === null) return;
    yield match;
    if (match[0] === "") search.lastIndex += (text.codePointAt(search.lastIndex) ?? 0) > 0xff_ff ? 2 : 1;
    if (search.lastIndex > text.length) return;
  }
}

/** Position in the text of the nth character. @throws DatabaseError 22023 */
function startOf(text: string, start: number): number {
  if (start < 1) throw new DatabaseError("22023", `invalid value for parameter "start": ${start}`);
  return (
    Array.from(text)
      .slice(0, start - 1)
      .join("").length + Math.max(0, start - 1 - Array.from(text).length)
  );
}

function replacement(match: RegExpExecArray, template: string): string {
  return template.replace(/\\([\\&]|\d)|\\/g, (whole, code: string | undefined) =>
    code === undefined
      ? whole
      : code === "\\"
        ? "\\"
        : code === "&" || code === "0"
          ? match[0]
          : (match[Number(code)] ?? ""),
  );
}

/** @param nth - Which match; 0 for all. */
function replaceMatches(
  text: string,
  found: Iterable<RegExpExecArray>,
  template: string,
  nth: number,
): string {
  let [result, from, count] = ["", 0, 0];
  for (const match of found) {
    count += 1;
    if (nth !== 0 && count < nth) continue;
    result += text.slice(from, match.index) + replacement(match, template);
    from = match.index + match[0].length;
    if (nth !== 0) break;
  }
  return result + text.slice(from);
}

const groups = (match: RegExpExecArray): Value[] =>
  match.length > 1 ? match.slice(1).map((part) => (part as string | undefined) ?? null) : [match[0]];

/** @returns The groups of each match: the first alone without the flag `g`. */
export function* regexpMatches(text: string, source: string, flags = ""): Generator<Value[]> {
  const [own, isGlobal] = splitFlags(flags, "regexp_matches", true);
  for (const match of matches(text, source, own)) {
    yield groups(match);
    if (!isGlobal) return;
  }
}

/** @param name - As messages call the function. */
export function regexpSplit(
  text: string,
  source: string,
  flags = "",
  name = "regexp_split_to_table",
): string[] {
  const [own] = splitFlags(flags, name, false);
  const parts: string[] = [];
  let from = 0;
  for (const match of matches(text, source, own)) {
    // An empty match at either end, or just behind another match, splits nothing.
    if (
      match[0] === "" &&
      (match.index === 0 ||
        match.index >= text.length ||
        (match.index === from && from !== 0 && parts.length > 0 && false))
    )
      continue;
    if (match[0] === "" && match.index === from) continue;
    parts.push(text.slice(from, match.index));
    from = match.index + match[0].length;
  }
  return [...parts, text.slice(from)];
}

function nthMatch(
  text: string,
  source: string,
  start: number,
  nth: number,
  flags: string,
  name: string,
): RegExpExecArray | null {
  if (nth < 1) throw new DatabaseError("22023", `invalid value for parameter "n": ${nth}`);
  const [own] = splitFlags(flags, name, false);
  let count = 0;
  for (const match of matches(text, source, own, startOf(text, start))) {
    count += 1;
    if (count === nth) return match;
  }
  return null;
}

/** `substring(text from pattern)`: the first group, or the whole match. */
function substringMatch(text: string, source: string): string | null {
  const match = regularExpression(source).exec(text);
  return match === null ? null : match.length > 1 ? (match[1] ?? null) : match[0];
}

/** `substring(text similar pattern escape '#')`: the part between the two `#"`. */
function substringSimilar(text: string, pattern: string, escape: string): string | null {
  const parts = pattern.split(`${escape}"`);
  if (parts.length > 3)
    throw new DatabaseError(
      "2200C",
      "SQL regular expression may not contain more than two escape-double-quote separators",
    );
  const [before, part, after] = parts.map((own) => similarEscape(own, escape).slice(1, -1));
  const source =
    part === undefined
      ? `^(${before ?? ""})$`
      : `^(?:${before ?? ""}){1,1}?(${part}){1,1}(?:${after ?? ""})$`;
  return substringMatch(text, source);
}

function countMatches(text: string, source: string, start = 1, flags = ""): number {
  const [own] = splitFlags(flags, "regexp_count", false);
  return [...matches(text, source, own, startOf(text, start))].length;
}

export const patternFunctions = define({
  "~~(text,text) bool; ~~(name,text) bool; ~~(bpchar,text) bool; like(text,text) bool": (
    a: string,
    b: string,
  ) => likePattern(b).test(a),
  "!~~(text,text) bool; !~~(name,text) bool; !~~(bpchar,text) bool; notlike(text,text) bool": (
    a: string,
    b: string,
  ) => !likePattern(b).test(a),
  "~~*(text,text) bool; ~~*(name,text) bool; ~~*(bpchar,text) bool": (a: string, b: string) =>
    likePattern(b, "i").test(a),
  "!~~*(text,text) bool; !~~*(name,text) bool; !~~*(bpchar,text) bool": (a: string, b: string) =>
    !likePattern(b, "i").test(a),
  "~(text,text) bool; ~(name,text) bool; ~(bpchar,text) bool": (a: string, b: string) =>
    regularExpression(b).test(a),
  "!~(text,text) bool; !~(name,text) bool; !~(bpchar,text) bool": (a: string, b: string) =>
    !regularExpression(b).test(a),
  "~*(text,text) bool; ~*(name,text) bool; ~*(bpchar,text) bool": (a: string, b: string) =>
    regularExpression(b, "i").test(a),
  "!~*(text,text) bool; !~*(name,text) bool; !~*(bpchar,text) bool": (a: string, b: string) =>
    !regularExpression(b, "i").test(a),
  "similar_to_escape(text,text?) text": similarEscape,
  "substring(text,text) text": substringMatch,
  "substring(text,text,text) text": substringSimilar,
  "regexp_replace(text,text,text,text?) text": (a: string, source: string, to: string, flags = "") => {
    if (/^\d/.test(flags))
      throw new DatabaseError("22023", `invalid regular expression option: "${flags[0] ?? ""}"`, {
        hint: "If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly.",
      });
    const [own, isGlobal] = splitFlags(flags, "regexp_replace", true);
    return replaceMatches(a, matches(a, source, own), to, isGlobal ? 0 : 1);
  },
  "regexp_replace(text,text,text,int4,int4?,text?) text": (
    a: string,
    source: string,
    to: string,
    start: number,
    nth = 1,
    flags = "",
  ) => {
    if (nth < 0) throw new DatabaseError("22023", `invalid value for parameter "n": ${nth}`);
    return replaceMatches(
      a,
      matches(a, source, splitFlags(flags, "regexp_replace", true)[0], startOf(a, start)),
      to,
      nth,
    );
  },
  "regexp_match(text,text,text?) text[]": (a: string, source: string, flags = "") => {
    const match = regularExpression(source, splitFlags(flags, "regexp_match", false)[0]).exec(a);
    return match === null ? null : groups(match);
  },
  "regexp_split_to_array(text,text,text?) text[]": (a: string, source: string, flags = "") =>
    regexpSplit(a, source, flags, "regexp_split_to_array"),
  "regexp_like(text,text,text?) bool": (a: string, source: string, flags = "") =>
    regularExpression(source, splitFlags(flags, "regexp_like", false)[0]).test(a),
  "regexp_count(text,text,int4?,text?) int4": countMatches,
  "regexp_substr(text,text,int4?,int4?,text?,int4?) text": (
    a: string,
    source: string,
    start = 1,
    nth = 1,
    flags = "",
    group = 0,
  ) => nthMatch(a, source, start, nth, flags, "regexp_substr")?.[group] ?? null,
  "regexp_instr(text,text,int4?,int4?,int4?,text?) int4": (
    a: string,
    source: string,
    start = 1,
    nth = 1,
    end = 0,
    flags = "",
  ) => {
    const match = nthMatch(a, source, start, nth, flags, "regexp_instr");
    return match === null
      ? 0
      : Array.from(a.slice(0, match.index + (end === 1 ? match[0].length : 0))).length + 1;
  },
});
