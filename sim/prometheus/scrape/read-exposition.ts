/** Walks a body of exposition text or OpenMetrics, by way of the cache of what the target exposed before. */
import { goQuote } from "../labels/index.js";
import type { Series } from "../storage/index.js";
import { ExpositionError } from "./exposition-error.js";
import { createLabelSets, type LabelSet, type LabelSets } from "./label-sets.js";
import { readComment, type MetadataByFamily } from "./metadata.js";
import type { CachedLine, ScrapeCache } from "./scrape-cache.js";
import { readNumber, readSeriesText } from "./series-line.js";
import { ownText } from "./text-pool.js";

/**
 * The samples of one body, index by index. Reused from scrape to scrape and never emptied: what lies beyond the
 * counts is left over from earlier bodies.
 */
export interface Staging {
  readonly lines: CachedLine[];
  readonly values: number[];
  /** NaN where the sample has no time of its own. */
  readonly timesMs: number[];
  sampleCount: number;
  /** Comments and samples, in order: the next cache. */
  readonly order: CachedLine[];
  lineCount: number;
  /** Lines that were not known before. */
  fresh: number;
  /** Whether the lines are those of the scrape before, one by one. */
  asBefore: boolean;
  /** Of the body being read. */
  readonly labelSets: LabelSets;
}

export interface ReadOptions {
  readonly openMetrics: boolean;
  readonly cache: ScrapeCache;
  readonly metadata: MetadataByFamily;
  /** Finds the stored series of a sample; undefined when relabelling drops it. */
  seriesFor(name: string | undefined, set: LabelSet): Series | undefined;
}

const BLANK = 32;
const TAB = 9;
const HASH = 35;
// A carriage return is none of these: the server does not take it for a blank either.
const BLANKS_AROUND = /^[ \t]+|[ \t]+$/g;
const ZERO = 48;
const NINE = 57;
const SMALL_E = 101;

/** @returns An empty staging area. */
export function createStaging(): Staging {
  return {
    lines: [],
    values: [],
    timesMs: [],
    sampleCount: 0,
    order: [],
    lineCount: 0,
    fresh: 0,
    asBefore: false,
    labelSets: createLabelSets(),
  };
}

/**
 * Reads a whole body into `staging`.
 *
 * @throws ExpositionError at the first malformed line; what was read before it stays in `staging`.
 */
export function readExposition(body: string, staging: Staging, options: ReadOptions): void {
  reset(staging);
  try {
    readLines(body, staging, options);
  } finally {
    staging.labelSets.forgetAll();
  }
}

function readLines(body: string, staging: Staging, options: ReadOptions): void {
  const { lines } = options.cache;
  let guess = 0;
  let ended = false;
  for (let at = 0; at < body.length;) {
    const newline = body.indexOf("\n", at);
    const lineEnd = newline === -1 ? body.length : newline;
    const expected = lines[guess];
    if (ended) throw new ExpositionError("unexpected data after # EOF");
    if (expected !== undefined && isLine(body, at, lineEnd, expected)) {
      guess += 1;
      if (expected.isComment) {
        addLine(expected, staging);
        ended = options.openMetrics && expected.text === "# EOF";
      } else addSample(body, at + expected.text.length, lineEnd, expected, staging, options);
    } else {
      staging.asBefore = false;
      const line = readLine(body, at, lineEnd, staging, options);
      ended = options.openMetrics && line?.text === "# EOF";
      // Lines may have come or gone: go on after the one found, if it was known.
      if (line !== undefined && lines[line.position] === line) guess = line.position + 1;
    }
    at = lineEnd + 1;
  }
  if (options.openMetrics && !ended) throw new ExpositionError("data does not end with # EOF");
  if (guess !== lines.length) staging.asBefore = false;
}

function reset(staging: Staging): void {
  staging.sampleCount = 0;
  staging.lineCount = 0;
  staging.fresh = 0;
  staging.asBefore = true;
}

function isLine(body: string, at: number, lineEnd: number, expected: CachedLine): boolean {
  const end = at + expected.text.length;
  if (expected.isComment ? end !== lineEnd : body.charCodeAt(end) !== BLANK) return false;
  // Eight times faster than startsWith, which compares letter by letter.
  return body.slice(at, end) === expected.text;
}

function readLine(
  body: string,
  start: number,
  lineEnd: number,
  staging: Staging,
  options: ReadOptions,
): CachedLine | undefined {
  let at = start;
  while (at < lineEnd && (body.charCodeAt(at) === BLANK || body.charCodeAt(at) === TAB)) at += 1;
  if (at === lineEnd) {
    if (options.openMetrics)
      throw new ExpositionError(
        `unexpected empty line while parsing: ${goQuote(body.slice(start, lineEnd))}`,
      );
    return undefined;
  }
  const { byText } = options.cache;
  if (body.charCodeAt(at) === HASH) {
    const text = body.slice(start, lineEnd);
    const known = byText.get(text);
    const line = known ?? {
      text: ownText(text),
      isComment: true,
      series: undefined,
      position: -1,
      seenIn: 0,
      ownTime: false,
    };
    if (known === undefined) {
      readComment(line.text.trim(), options.metadata);
      byText.set(line.text, line);
    }
    addLine(line, staging);
    return line;
  }
  // Blanks before a name would become part of it.
  const { name, set, end } = readSeriesText(body, start, lineEnd, staging.labelSets);
  const text = body.slice(start, end);
  const known = byText.get(text);
  const line = known ?? {
    text: ownText(text),
    isComment: false,
    series: options.seriesFor(name, set),
    position: -1,
    seenIn: 0,
    ownTime: false,
  };
  addSample(body, end, lineEnd, line, staging, options);
  if (known === undefined) {
    byText.set(line.text, line);
    if (line.series !== undefined) staging.fresh += 1;
  }
  return line;
}

function addSample(
  body: string,
  from: number,
  to: number,
  line: CachedLine,
  staging: Staging,
  options: ReadOptions,
): void {
  const text = body.slice(from, to);
  // Most lines hold a plain decimal number and nothing else; whatever is not one comes out as NaN or is ruled out.
  let value = Number(text);
  let timeMs = NaN;
  if (Number.isNaN(value) || !isDecimal(text)) ({ value, timeMs } = readTail(text, options.openMetrics));
  const index = staging.sampleCount;
  staging.lines[index] = line;
  staging.values[index] = value;
  staging.timesMs[index] = timeMs;
  staging.sampleCount += 1;
  addLine(line, staging);
}

function addLine(line: CachedLine, staging: Staging): void {
  staging.order[staging.lineCount] = line;
  staging.lineCount += 1;
}

/** Whether a text that Number accepts is not blank and has no prefix such as `0x`. */
function isDecimal(text: string): boolean {
  const last = text.charCodeAt(text.length - 1);
  const second = text.charCodeAt(2);
  return last >= ZERO && last <= NINE && (second <= NINE || second === SMALL_E || Number.isNaN(second));
}

/** Value, and time if there is one; an exemplar of OpenMetrics may follow. */
function readTail(tail: string, openMetrics: boolean): { value: number; timeMs: number } {
  const exemplar = openMetrics ? tail.indexOf(" # ") : -1;
  const [value = "", time, extra] = (exemplar === -1 ? tail : tail.slice(0, exemplar))
    .replace(BLANKS_AROUND, "")
    .split(/[ \t]+/);
  const timeMs = time === undefined ? NaN : readTime(time, openMetrics);
  return { value: readNumber(extra === undefined ? value : tail.trim(), () => tail), timeMs };
}

function readTime(text: string, openMetrics: boolean): number {
  const time = Number(text);
  if (text === "" || !(openMetrics ? /^[-+]?[\d.]+(?:[eE][-+]?\d+)?$/ : /^[-+]?\d+$/).test(text)) {
    throw new ExpositionError(`expected timestamp or new record, got ${goQuote(text)}`);
  }
  return openMetrics ? Math.round(time * 1000) : time;
}
