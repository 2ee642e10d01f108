/** The slow way through one line of exposition text: its name, labels, value and time. */
import { goQuote, METRIC_NAME } from "../labels/index.js";
import { parseGoFloat } from "../promql/index.js";
import { ExpositionError } from "./exposition-error.js";
import type { LabelSet, LabelSets } from "./label-sets.js";

/** The part of a line that names a series. */
export interface SeriesText {
  /** Undefined when it stands in the braces. */
  readonly name: string | undefined;
  readonly set: LabelSet;
  /** Where in the text the value may begin. */
  readonly end: number;
}

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const QUOTED = /"((?:[^"\\\n]|\\[\s\S])*)"/y;
const BLANKS = /[ \t]*/y;

/**
 * Reads name and labels from `text[start..end)`.
 *
 * @param known - Sets that the body has shown; gets those that are new.
 * @throws ExpositionError when they are malformed.
 */
export function readSeriesText(text: string, start: number, lineEnd: number, known: LabelSets): SeriesText {
  NAME.lastIndex = start;
  const [name] = NAME.exec(text) ?? [];
  const open = start + (name?.length ?? 0);
  if (name === undefined || text[open] !== "{") return readAnew(text, start, lineEnd);
  const end = text.lastIndexOf("}", lineEnd - 1) + 1;
  const braces = text.slice(open, end);
  const set = known.find(braces);
  if (set !== undefined) return { name, set, end };
  const read = readAnew(text, start, lineEnd);
  // A later brace belongs to something else than the labels.
  if (read.end === end) known.add(braces, read.set);
  return read;
}

function readAnew(text: string, start: number, lineEnd: number): SeriesText {
  const line = text.slice(start, lineEnd);
  const labels: [string, string][] = [];
  let at = 0;
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(line);
    if (found === null) return undefined;
    at = pattern.lastIndex;
    return found[1] ?? found[0];
  };
  const fail = (expected: string): never => {
    throw new ExpositionError(
      `expected ${expected}, got ${goQuote(line.slice(at, at + 1))} while parsing: ${goQuote(line)}`,
    );
  };
  const name = take(NAME);
  take(BLANKS);
  if (line[at] === "{") {
    at += 1;
    readLabels(name !== undefined);
  }
  if (name === undefined && labels.every(([label]) => label !== METRIC_NAME)) fail("a valid start token");
  return { name, set: { labels }, end: start + at };

  function readLabels(named: boolean): void {
    for (;;) {
      take(BLANKS);
      if (line[at] === "}") break;
      const quoted = line[at] === '"' ? take(QUOTED) : undefined;
      const label = quoted === undefined ? take(LABEL) : unescapeText(quoted);
      if (label === undefined) return fail("label name");
      take(BLANKS);
      if (quoted !== undefined && line[at] !== "=" && !named) labels.push([METRIC_NAME, label]);
      else {
        if (line[at] !== "=") fail("equal");
        at += 1;
        take(BLANKS);
        const value = take(QUOTED);
        if (value === undefined) return fail("label value");
        if ((named && label === METRIC_NAME) || labels.some(([other]) => other === label)) {
          throw new ExpositionError(`label name ${goQuote(label)} is not unique: invalid sample`);
        }
        labels.push([label, unescapeText(value)]);
      }
      take(BLANKS);
      if (line[at] === ",") at += 1;
      else if (line[at] !== "}") fail("comma or brace close");
    }
    at += 1;
    return undefined;
  }
}

/**
 * Reads a number as the formats write it.
 *
 * @throws ExpositionError when it is none.
 */
export function readNumber(text: string, line: () => string): number {
  const value = text.includes("x") || text.includes("X") ? undefined : parseGoFloat(text);
  if (value === undefined)
    throw new ExpositionError(
      `expected value after metric, got ${goQuote(text)} while parsing: ${goQuote(line())}`,
    );
  return value;
}

function unescapeText(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\([\s\S])/g, (whole, letter: string) => {
    if (letter === "n") return "\n";
    return letter === "\\" || letter === '"' ? letter : whole;
  });
}
