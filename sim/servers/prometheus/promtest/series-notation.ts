/** The notation of test files for series: `metric{a="b"} 1 2+3x4 _ stale`. */
import { goQuote, labelsOf, type Labels } from "../labels.js";
import { parseGoFloat, type Engine } from "../promql/index.js";

/** One series; a gap is undefined. */
export interface SeriesLine {
  readonly metric: string;
  readonly values: readonly SequenceValue[];
}

/** A value, a staleness mark or a gap. */
export type SequenceValue = number | "stale" | undefined;

/** Values that are made when they are asked for: a repeat may be millions long. */
export interface Sequence {
  /** The next value; `end` when there is none. */
  next(): SequenceValue | "end";
}

const METRIC =
  /^(?:[a-zA-Z_:][a-zA-Z0-9_:]*)?(?:\{(?:[^"'`}]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)*\})?/;
// Whole series that are held at once; longer ones are read value by value.
const VALUES_MAX = 1_000_000;

/** @throws Error naming the item that cannot be read. */
export function parseSeriesLine(line: string): SeriesLine {
  const { metric, sequence } = openSeriesLine(line);
  const values: SequenceValue[] = [];
  for (let value = sequence.next(); value !== "end"; value = sequence.next()) {
    if (values.length >= VALUES_MAX) throw new Error(`a series has more than ${VALUES_MAX} values`);
    values.push(value);
  }
  return { metric, values };
}

/** Like {@link parseSeriesLine}, without making the values. */
export function openSeriesLine(line: string): { readonly metric: string; readonly sequence: Sequence } {
  // Braces and blanks may stand inside quotes.
  const metric = METRIC.exec(line)?.[0] ?? "";
  const rest = line.slice(metric.length);
  if (rest !== "" && !/^\s/.test(rest)) throw unexpected(rest);
  return { metric, sequence: parseSequence(rest) };
}

/** The labels of a series written as a selector with `=` only. @throws Error when it is none. */
export function parseSeriesLabels(metric: string, engine: Engine): Labels {
  const text = metric.trim();
  if (/^(?:\{\s*\})?$/.test(text)) return labelsOf([]);
  const expr = engine.parse(text);
  if (expr.kind !== "selector" || expr.matchers.some(({ operator }) => operator !== "=")) {
    throw new Error(`not a series: ${metric}`);
  }
  return labelsOf(expr.matchers.map(({ name, value }) => [name, value] as const));
}

/** Values separated by blanks. @throws Error naming the item that cannot be read. */
function parseSequence(text: string): Sequence {
  if (text.includes("{{")) throw new Error("native histograms are not supported in series");
  const items = text
    .trim()
    .split(/\s+/)
    .filter((item) => item !== "")
    .map(parseItem);
  let item = 0;
  let given = 0;
  let value: SequenceValue;
  return {
    next() {
      while (given >= (items[item]?.count ?? Infinity)) {
        item += 1;
        given = 0;
      }
      const current = items[item];
      if (current === undefined) return "end";
      // Built by repeated addition, as the original does.
      value = given === 0 ? current.first : typeof value === "number" ? value + current.step : value;
      given += 1;
      return value;
    },
  };
}

interface Item {
  readonly first: SequenceValue;
  readonly step: number;
  readonly count: number;
}

const NUMBER = String.raw`(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?`;
const REPEATED = new RegExp(
  `^(?:(_)|(stale)|([+-]?(?:${NUMBER}|[iI][nN][fF]|[nN][aA][nN])))(?:([+-])(${NUMBER}|[iI][nN][fF]|[nN][aA][nN]))?(?:x(\\d+))?$`,
);

/** `5`, `_`, `_x3`, `stale`, `1x4`, `1+2x3`, `3-1x2`. */
function parseItem(text: string): Item {
  const found = REPEATED.exec(text);
  if (found === null) throw unexpected(text);
  const [, gap, stale, value = "", sign, size, times] = found;
  const isWord = /[a-zA-Z]$/.test(value);
  // A word takes in what stands behind it.
  if (isWord && sign === undefined && times !== undefined) throw unexpected(text);
  if (sign !== undefined && (times === undefined || gap !== undefined)) throw unexpected(text);
  if (gap !== undefined) return { first: undefined, step: 0, count: Number(times ?? 1) };
  const count = Number(times ?? 0) + 1;
  if (stale !== undefined) {
    if (times !== undefined) throw unexpected(text);
    return { first: "stale", step: 0, count };
  }
  const step = sign === undefined ? 0 : numberOf(size ?? "") * (sign === "-" ? -1 : 1);
  return { first: numberOf(value), step, count };
}

function numberOf(text: string): number {
  const value = parseGoFloat(text.replaceAll("_", ""));
  if (value === undefined) throw unexpected(text);
  return value;
}

function unexpected(text: string): Error {
  return new Error(`unexpected ${goQuote(text)} in series values, expected number or "stale"`);
}
