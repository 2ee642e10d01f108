/** The tokens of the text format and of OpenMetrics, state by state as the server's lexers find them. */
import { goQuote } from "../labels/index.js";

export type ExpositionToken =
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
export interface ExpositionLexer {
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
export function createExpositionLexer(body: string, from: number, openMetrics: boolean): ExpositionLexer {
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
