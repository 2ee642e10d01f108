/** One entry of a body, read as the server reads it: metadata, a comment, a sample or the end. */
import { METRIC_NAME, goQuote, isUtf8 } from "../labels.js";
import { parseGoFloat } from "../promql/index.js";

/** A body that is not valid exposition text; the whole scrape fails with it. */
export class ExpositionError extends Error {
  override readonly name = "ExpositionError";
}

// The tokens of the text format and of OpenMetrics, state by state as the server's lexers find them.

type ExpositionToken =
  | "INVALID"
  | "EOF"
  | "LINEBREAK"
  | "WHITESPACE"
  | "HELP"
  | "TYPE"
  | "UNIT"
  | "EOFWORD"
  | "TEXT"
  | "COMMENT"
  | "MNAME"
  | "QSTRING"
  | "BOPEN"
  | "BCLOSE"
  | "LNAME"
  | "LVALUE"
  | "COMMA"
  | "EQUAL"
  | "TIMESTAMP"
  | "VALUE";

type State =
  | "init"
  | "comment"
  | "meta1"
  | "meta2"
  | "labels"
  | "label value"
  | "value"
  | "timestamp"
  | "exemplar"
  | "exemplar value"
  | "exemplar timestamp";

type Rule = readonly [pattern: RegExp, token: ExpositionToken, next?: State];
type Rules = Readonly<Partial<Record<State, readonly Rule[]>>>;

const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL = /[a-zA-Z_][a-zA-Z0-9_]*/y;
const QUOTED = /"(?:\\.|[^\\"])*"/y;
const QUOTED_ON_LINE = /"(?:\\.|[^\\"\n])*"/y;
const NEWLINE = /\n/y;
const BLANKS: Rule = [/[ \t]+/y, "WHITESPACE"];
const WORD = / [^ \n]+/y;

const TEXT_RULES: Rules = {
  init: [
    [NEWLINE, "LINEBREAK", "init"],
    [/#[ \t]+/y, "COMMENT", "comment"],
    [/#/y, "COMMENT"],
    [NAME, "MNAME", "value"],
    [/\{/y, "BOPEN", "labels"],
  ],
  comment: [
    [/HELP[\t ]+/y, "HELP", "meta1"],
    [/TYPE[\t ]+/y, "TYPE", "meta1"],
  ],
  meta1: [
    [QUOTED, "MNAME", "meta2"],
    [NAME, "MNAME", "meta2"],
  ],
  meta2: [[/[^\n]*/y, "TEXT", "init"]],
  labels: [
    [LABEL, "LNAME"],
    [QUOTED, "QSTRING"],
    [/\}/y, "BCLOSE", "value"],
    [/=/y, "EQUAL", "label value"],
    [/,/y, "COMMA"],
  ],
  "label value": [[QUOTED, "LVALUE", "labels"]],
  value: [
    [/\{/y, "BOPEN", "labels"],
    [/[^{ \t\n]+/y, "VALUE", "timestamp"],
  ],
  timestamp: [
    [/\d+/y, "TIMESTAMP"],
    [NEWLINE, "LINEBREAK", "init"],
  ],
};

const OPEN_METRICS_RULES: Rules = {
  init: [
    [/# /y, "COMMENT", "comment"],
    [NAME, "MNAME", "value"],
    [/\{/y, "BOPEN", "labels"],
  ],
  comment: [
    [/HELP /y, "HELP", "meta1"],
    [/TYPE /y, "TYPE", "meta1"],
    [/UNIT /y, "UNIT", "meta1"],
    [/EOF\n?/y, "EOFWORD", "init"],
  ],
  meta1: [
    [QUOTED, "MNAME", "meta2"],
    [NAME, "MNAME", "meta2"],
  ],
  meta2: [[/ [^\n]*\n/y, "TEXT", "init"]],
  labels: [
    [LABEL, "LNAME"],
    [QUOTED, "QSTRING"],
    [/\}/y, "BCLOSE", "value"],
    [/=/y, "EQUAL", "label value"],
    [/,/y, "COMMA"],
  ],
  "label value": [[QUOTED_ON_LINE, "LVALUE", "labels"]],
  value: [
    [/\{/y, "BOPEN", "labels"],
    [WORD, "VALUE", "timestamp"],
  ],
  timestamp: [
    [/ # \{/y, "COMMENT", "exemplar"],
    [WORD, "TIMESTAMP"],
    [NEWLINE, "LINEBREAK", "init"],
  ],
  exemplar: [
    [LABEL, "LNAME"],
    [QUOTED_ON_LINE, "QSTRING"],
    [/\}/y, "BCLOSE", "exemplar value"],
    [/=/y, "EQUAL", "exemplar value"],
    [/,/y, "COMMA"],
  ],
  "exemplar value": [
    [QUOTED_ON_LINE, "LVALUE", "exemplar"],
    [WORD, "VALUE", "exemplar timestamp"],
  ],
  "exemplar timestamp": [
    [WORD, "TIMESTAMP"],
    [NEWLINE, "LINEBREAK", "init"],
  ],
};

/** Reads a body token by token. */
interface ExpositionLexer {
  /** The token that was read last, and where it stands. */
  token: ExpositionToken;
  start: number;
  end: number;
  /** Reads the next token; blanks are passed over. */
  next(): ExpositionToken;
  /** The text of the token. */
  text(): string;
  /** The server's words for a token that should be another. @param from - Where the entry begins. */
  problem(expected: string, from: number): string;
  /** Begins anew behind a series. */
  seekValue(at: number): void;
}

/** @param body - Ends with a line break in the text format. */
function createExpositionLexer(body: string, from: number, openMetrics: boolean): ExpositionLexer {
  const rules = openMetrics ? OPEN_METRICS_RULES : TEXT_RULES;
  let state: State = "init";
  const lexer: ExpositionLexer = {
    token: "EOF",
    start: from,
    end: from,
    next() {
      do {
        lexer.start = lexer.end;
        read();
      } while (lexer.token === "WHITESPACE");
      return lexer.token;
    },
    text: () => body.slice(lexer.start, lexer.end),
    problem(expected, at) {
      const further = firstByte(body.codePointAt(lexer.end));
      const [token, entry] = [lexer.start, at].map((from) => goQuote(body.slice(from, lexer.end) + further));
      return `${expected}, got ${token} ("${lexer.token}") while parsing: ${entry}`;
    },
    seekValue(at) {
      lexer.end = at;
      state = "value";
    },
  };

  function read(): void {
    const from = lexer.end;
    if (from >= body.length && state !== "meta2" && !(openMetrics && state === "comment"))
      return take("EOF", from);
    let best: Rule | undefined;
    let bestEnd = -1;
    for (const rule of rules[state] ?? []) {
      const end = matchEnd(rule[0], from);
      if (end > bestEnd) [best, bestEnd] = [rule, end];
    }
    const blanks = openMetrics ? -1 : matchEnd(BLANKS[0], from);
    if (blanks >= bestEnd && blanks > from) return take("WHITESPACE", blanks);
    if (best === undefined)
      return openMetrics || state !== "comment" ? take("INVALID", from + partial(from)) : comment();
    const [, token, following] = best;
    take(token, bestEnd);
    if (!openMetrics && token === "COMMENT" && following === undefined) return comment();
    if (following !== undefined) state = following;
    // `# ` is no token: it only leads to what follows.
    if (following === "comment") read();
  }

  /** A comment of the text format goes on to the end of its line. */
  function comment(): void {
    const newline = body.indexOf("\n", lexer.end);
    if (newline === -1) return take("EOF", body.length);
    take("COMMENT", newline);
    state = "init";
  }

  function take(token: ExpositionToken, end: number): void {
    lexer.token = token;
    lexer.end = end;
  }

  function matchEnd(pattern: RegExp, at: number): number {
    pattern.lastIndex = at;
    return pattern.test(body) ? pattern.lastIndex : -1;
  }

  /** How many characters the lexer takes in before it gives up. */
  function partial(from: number): number {
    const pattern = PARTIAL[openMetrics ? "openmetrics" : "text"][state];
    return pattern === undefined ? 0 : Math.max(0, matchEnd(pattern, from) - from);
  }

  return lexer;
}

const PARTIAL_QUOTED = /"(?:\\.|[^\\"])*\\?/y;
const PARTIAL_QUOTED_ON_LINE = /"(?:\\.|[^\\"\n])*\\?/y;

/** Beginnings of what a state takes in. */
const PARTIAL: Readonly<Record<"text" | "openmetrics", Readonly<Partial<Record<State, RegExp>>>>> = {
  text: { meta1: PARTIAL_QUOTED, labels: PARTIAL_QUOTED, "label value": PARTIAL_QUOTED },
  openmetrics: {
    init: /#?/y,
    comment: /H(?:E(?:LP?)?)?|T(?:Y(?:PE?)?)?|U(?:N(?:IT?)?)?|E(?:O)?|/y,
    meta1: PARTIAL_QUOTED,
    meta2: / ?[^\n]*/y,
    labels: PARTIAL_QUOTED,
    "label value": PARTIAL_QUOTED_ON_LINE,
    value: / ?/y,
    timestamp: / ?/y,
    exemplar: PARTIAL_QUOTED_ON_LINE,
    "exemplar value": /"(?:\\.|[^\\"\n])*\\?| ?/y,
    "exemplar timestamp": / ?/y,
  },
};

/** The first byte of a character, as a text that stands for it. */
function firstByte(code: number | undefined): string {
  if (code === undefined) return "";
  if (code < 0x80 || (code >= 0xdc_80 && code <= 0xdc_ff)) return String.fromCodePoint(code);
  const [byte = 0] = new TextEncoder().encode(String.fromCodePoint(code));
  return String.fromCharCode(0xdc_00 + byte);
}

/** `end` is where the next entry begins. */
export type ExpositionEntry =
  | { readonly kind: "blank" | "comment" | "eof"; readonly end: number }
  | {
      readonly kind: "metadata";
      readonly what: "HELP" | "TYPE" | "UNIT";
      readonly family: string;
      readonly text: string;
      readonly end: number;
    }
  | ({ readonly kind: "sample" } & SampleEntry);

interface SampleEntry extends SampleValue {
  /** Undefined when it stands in the braces. */
  readonly name: string | undefined;
  readonly labels: readonly (readonly [name: string, value: string])[];
  /** Where the text that names the series ends. */
  readonly seriesEnd: number;
}

/** What stands behind a series. */
export interface SampleValue {
  readonly value: number;
  /** NaN when there is none. */
  readonly timeMs: number;
  readonly end: number;
}

const TYPES: Readonly<Record<"text" | "openmetrics", ReadonlySet<string>>> = {
  text: new Set("counter gauge histogram summary untyped".split(" ")),
  openmetrics: new Set("counter gauge histogram gaugehistogram summary info stateset unknown".split(" ")),
};

/**
 * @param body - In the text format with a line break at its end.
 * @throws ExpositionError in the words of the server.
 */
export function readEntry(body: string, from: number, openMetrics: boolean): ExpositionEntry {
  const lexer = createExpositionLexer(body, from, openMetrics);
  const token = lexer.next();
  if (token === "HELP" || token === "TYPE" || token === "UNIT")
    return readMetadata(body, lexer, token, from, openMetrics);
  if (token === "BOPEN" || token === "MNAME") return readSample(body, lexer, from, openMetrics);
  if (token === "LINEBREAK") return { kind: "blank", end: lexer.end };
  if (token === "COMMENT") {
    if (lexer.next() !== "LINEBREAK") fail(lexer.problem("linebreak expected after comment", from));
    return { kind: "comment", end: lexer.end };
  }
  if (token === "EOFWORD" && lexer.end < body.length) fail("unexpected data after # EOF");
  if (token === "EOF" && openMetrics) fail("data does not end with # EOF");
  if (token === "EOFWORD" || token === "EOF") return { kind: "eof", end: lexer.end };
  return fail(lexer.problem("expected a valid start token", from));
}

/** Reads what stands behind a series that is known. */
export function readSampleValue(
  body: string,
  from: number,
  seriesEnd: number,
  openMetrics: boolean,
): SampleValue {
  const lexer = createExpositionLexer(body, from, openMetrics);
  lexer.seekValue(seriesEnd);
  lexer.next();
  return readValue(body, lexer, from, openMetrics);
}

function readMetadata(
  body: string,
  lexer: ExpositionLexer,
  what: "HELP" | "TYPE" | "UNIT",
  from: number,
  openMetrics: boolean,
): ExpositionEntry {
  if (lexer.next() !== "MNAME") fail(lexer.problem(`expected metric name after ${what}`, from));
  const name = lexer.text();
  const family = name.startsWith('"') ? name.slice(1, -1) : name;
  const token = lexer.next();
  if (token !== "TEXT") fail(`expected text in ${what}${openMetrics ? "" : `, got ${token}`}`);
  const text = openMetrics ? lexer.text().slice(1, -1) : lexer.text().slice(1);
  if (what === "TYPE" && !TYPES[openMetrics ? "openmetrics" : "text"].has(text))
    fail(`invalid metric type ${goQuote(text)}`);
  if (what === "HELP" && !isUtf8(text)) fail(`help text ${goQuote(text)} is not a valid utf8 string`);
  if (what === "UNIT" && text !== "" && !family.endsWith(`_${text}`))
    fail(`unit ${goQuote(text)} not a suffix of metric ${goQuote(family)}`);
  if (!openMetrics && lexer.next() !== "LINEBREAK")
    fail(lexer.problem("linebreak expected after metadata", from));
  return { kind: "metadata", what, family, text, end: lexer.end };
}

function readSample(
  body: string,
  lexer: ExpositionLexer,
  from: number,
  openMetrics: boolean,
): ExpositionEntry {
  const labels: [string, string][] = [];
  let seriesEnd = lexer.end;
  // Blanks before a name are part of it.
  const name = lexer.token === "MNAME" ? body.slice(from, lexer.end) : undefined;
  if (name !== undefined) lexer.next();
  if (lexer.token === "BOPEN") {
    readLabels(body, lexer, { from, openMetrics, isNamed: name !== undefined, isExemplar: false }, labels);
    seriesEnd = lexer.end;
    lexer.next();
  }
  if (name === undefined && labels.every(([label]) => label !== METRIC_NAME))
    fail(`metric name not set while parsing: ${goQuote(body.slice(from, lexer.end))}`);
  const repeated = labels.find(
    ([label], index) =>
      (name !== undefined && label === METRIC_NAME) ||
      labels.findIndex(([other]) => other === label) !== index,
  );
  const value = readValue(body, lexer, from, openMetrics);
  if (repeated !== undefined) fail(`label name ${goQuote(repeated[0])} is not unique: invalid sample`);
  return { kind: "sample", name, labels, seriesEnd, ...value };
}

interface LabelContext {
  readonly from: number;
  readonly openMetrics: boolean;
  /** Whether the metric has a name before the braces. */
  readonly isNamed: boolean;
  readonly isExemplar: boolean;
}

/** Reads up to the closing brace. */
function readLabels(
  body: string,
  lexer: ExpositionLexer,
  context: LabelContext,
  labels: [string, string][],
): void {
  const { from, openMetrics, isExemplar } = context;
  let isNamed = context.isNamed;
  lexer.next();
  while (lexer.token !== "BCLOSE") {
    const isQuoted = lexer.token === "QSTRING";
    if (!isQuoted && lexer.token !== "LNAME") fail(lexer.problem("expected label name", from));
    const label = isQuoted ? unescapeText(lexer.text().slice(1, -1)) : lexer.text();
    const after = lexer.next();
    if (isQuoted && (after === "COMMA" || after === "BCLOSE")) {
      if (isExemplar) fail(lexer.problem("expected label name", from));
      if (isNamed) fail(`metric name already set while parsing: ${goQuote(body.slice(from, lexer.end))}`);
      isNamed = true;
      labels.push([METRIC_NAME, label]);
      if (after === "BCLOSE") return;
      lexer.next();
      continue;
    }
    if (after !== "EQUAL") fail(lexer.problem("expected equal", from));
    if (lexer.next() !== "LVALUE") fail(lexer.problem("expected label value", from));
    if (!isUtf8(lexer.text())) fail(`invalid UTF-8 label value: ${goQuote(lexer.text())}`);
    labels.push([label, unescapeText(lexer.text().slice(1, -1))]);
    if (lexer.next() === "COMMA") lexer.next();
    else if (openMetrics && (lexer.token as string) !== "BCLOSE")
      fail(lexer.problem("expected comma or brace close", from));
  }
}

/** Reads from the value to the end of the line; the lexer is at the value. */
function readValue(body: string, lexer: ExpositionLexer, from: number, openMetrics: boolean): SampleValue {
  const value = readFloat(body, lexer, from, openMetrics, "metric");
  const after = lexer.next();
  let timeMs = NaN;
  if (after === "TIMESTAMP") {
    timeMs = openMetrics ? readSeconds(body, lexer, from, "timestamp") : readMillis(body, lexer, from);
    const next = lexer.next();
    if (openMetrics && next === "COMMENT") readExemplar(body, lexer, from);
    else if (next !== "LINEBREAK") fail(lexer.problem("expected next entry after timestamp", from));
  } else if (openMetrics && after === "COMMENT") readExemplar(body, lexer, from);
  else if (openMetrics && after === "EOF") fail("data does not end with # EOF");
  else if (after !== "LINEBREAK") {
    // What the server finds there it takes for the next entry.
    fail(
      openMetrics
        ? lexer.problem("expected a valid start token", lexer.end)
        : lexer.problem("expected timestamp or new record", from),
    );
  }
  return { value, timeMs, end: lexer.end };
}

function readExemplar(body: string, lexer: ExpositionLexer, from: number): void {
  readLabels(body, lexer, { from, openMetrics: true, isNamed: false, isExemplar: true }, []);
  lexer.next();
  readFloat(body, lexer, from, true, "exemplar labels");
  const after = lexer.next();
  if (after === "EOF") fail("data does not end with # EOF");
  if (after === "LINEBREAK") return;
  if (after !== "TIMESTAMP") fail(lexer.problem("expected timestamp or comment", from));
  readSeconds(body, lexer, from, "exemplar timestamp");
  if (lexer.next() !== "LINEBREAK") fail(lexer.problem("expected next entry after exemplar timestamp", from));
}

function readFloat(
  body: string,
  lexer: ExpositionLexer,
  from: number,
  openMetrics: boolean,
  after: string,
): number {
  if (lexer.token !== "VALUE") fail(lexer.problem(`expected value after ${after}`, from));
  const text = openMetrics ? lexer.text().slice(1) : lexer.text();
  return goFloat(text, () => body.slice(from, lexer.end));
}

function goFloat(text: string, entry: () => string): number {
  const refuse = (problem: string): never => fail(`${problem} while parsing: ${goQuote(entry())}`);
  if (/[pP_]/.test(text)) return refuse("unsupported character in float");
  const value = /x/i.test(text) ? undefined : parseGoFloat(text);
  if (value === undefined) return refuse(`strconv.ParseFloat: parsing ${goQuote(text)}: invalid syntax`);
  if (Math.abs(value) === Infinity && /\d/.test(text))
    return refuse(`strconv.ParseFloat: parsing ${goQuote(text)}: value out of range`);
  return value;
}

function readSeconds(body: string, lexer: ExpositionLexer, from: number, what: string): number {
  const seconds = goFloat(lexer.text().slice(1), () => body.slice(from, lexer.end));
  if (!Number.isFinite(seconds)) {
    const shown = Number.isNaN(seconds) ? "NaN" : seconds > 0 ? "+Inf" : "-Inf";
    fail(`invalid ${what} ${shown}`);
  }
  return Math.trunc(seconds * 1000);
}

function readMillis(body: string, lexer: ExpositionLexer, from: number): number {
  const text = lexer.text();
  if (BigInt(text) < 2n ** 63n) return Number(text);
  return fail(
    `strconv.ParseInt: parsing ${goQuote(text)}: value out of range while parsing: ${goQuote(body.slice(from, lexer.end))}`,
  );
}

function unescapeText(text: string): string {
  if (!text.includes("\\")) return text;
  return text.replace(/\\([\s\S])/g, (whole, letter: string) => {
    if (letter === "n") return "\n";
    return letter === "\\" || letter === '"' ? letter : whole;
  });
}

function fail(problem: string): never {
  throw new ExpositionError(problem);
}

// What HELP, TYPE and UNIT lines say about the metrics of a target.

export interface MetricMetadata {
  type: string;
  help: string;
  unit: string;
}

/** By metric family. */
export type MetadataByFamily = Map<string, MetricMetadata>;

/** The type of the family that a sample belongs to, `unknown` when nothing was said. */
export function typeOf(metadata: MetadataByFamily, metric: string): string {
  const family =
    metadata.get(metric) ?? metadata.get(metric.replace(/_(?:bucket|sum|count|total|info|created)$/, ""));
  return family?.type ?? "unknown";
}

/** Takes in what a metadata line says. */
export function addMetadata(
  metadata: MetadataByFamily,
  what: "HELP" | "TYPE" | "UNIT",
  family: string,
  text: string,
): void {
  const known = metadata.get(family) ?? { type: "unknown", help: "", unit: "" };
  metadata.set(family, known);
  if (what === "TYPE") known.type = text === "untyped" ? "unknown" : text;
  else if (what === "UNIT") known.unit = text;
  else known.help = text.replace(/\\([n\\"])/g, (_, letter: string) => (letter === "n" ? "\n" : letter));
}
