/** The notation of test files for series: `metric{a="b"} 1 2+3x4 _ stale`. */
import { labelsOf, type Labels } from "../labels/index.js";
import { parseGoFloat, type Engine } from "../promql/index.js";

/** One series; a gap is undefined. */
export interface SeriesLine {
  readonly metric: string;
  readonly values: readonly SequenceValue[];
}

/** A value, a staleness mark or a gap. */
export type SequenceValue = number | "stale" | undefined;

// More values than this in one item are a slip of the pen.
const REPEAT_MAX = 1_000_000;

/** @throws Error naming the item that cannot be read. */
export function parseSeriesLine(line: string): SeriesLine {
  // Braces and blanks may stand inside quotes.
  const found = /^[^\s{]*\s*(?:\{(?:[^"'`}]|"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|`[^`]*`)*\})?/.exec(line);
  const metric = found?.[0] ?? "";
  return { metric: metric.trim(), values: parseSequence(line.slice(metric.length)) };
}

/** Values separated by blanks. @throws Error naming the item that cannot be read. */
export function parseSequence(text: string): SequenceValue[] {
  if (text.includes("{{")) throw new Error("native histograms are not supported in series");
  return text
    .trim()
    .split(/\s+/)
    .filter((item) => item !== "")
    .flatMap(parseItem);
}

/** The labels of a series written as a selector with `=` only. @throws Error when it is none. */
export function parseSeriesLabels(metric: string, engine: Engine): Labels {
  if (metric === "" || metric === "{}") return labelsOf([]);
  const expr = engine.parse(metric);
  if (expr.kind !== "selector" || expr.matchers.some(({ operator }) => operator !== "=")) {
    throw new Error(`not a series: ${metric}`);
  }
  return labelsOf(expr.matchers.map(({ name, value }) => [name, value] as const));
}

const ITEM =
  /^([+-]?(?:Inf|NaN|[\d.]+(?:[eE][+-]?\d+)?))(?:([+-])((?:Inf|NaN|[\d.]+(?:[eE][+-]?\d+)?)))?(?:x(\d+))?$/i;

/** `5`, `_`, `_x3`, `stale`, `1x4`, `1+2x3`, `3-1x2`. */
function parseItem(item: string): SequenceValue[] {
  const gap = /^_(?:x(\d+))?$/.exec(item);
  if (gap !== null) return repeat(undefined, Number(gap[1] ?? 1));
  const stale = /^stale(?:x(\d+))?$/.exec(item);
  if (stale !== null) return repeat("stale", stale[1] === undefined ? 1 : Number(stale[1]) + 1);
  const found = ITEM.exec(item);
  const start = parseGoFloat(found?.[1] ?? "");
  if (found === null || start === undefined)
    throw new Error(`cannot read value ${JSON.stringify(item)} of a series`);
  const times = Number(found[4] ?? 0);
  if (found[3] === undefined) return repeat(start, times + 1);
  // Built by repeated addition, as the original does.
  const step = (parseGoFloat(found[3]) ?? 0) * (found[2] === "-" ? -1 : 1);
  const values = repeat(start, times + 1);
  for (let index = 1; index < values.length; index += 1) values[index] = (values[index - 1] as number) + step;
  return values;
}

function repeat<Item>(item: Item, times: number): Item[] {
  if (times > REPEAT_MAX)
    throw new Error(`a series repeats a value ${times} times; at most ${REPEAT_MAX} are allowed`);
  return Array.from({ length: times }, () => item);
}
