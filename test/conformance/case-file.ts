/** Reads the test files of the PromQL project: `load`, `eval`, `clear` and what a case expects. */
import { parseSeriesLine, type SeriesLine } from "../../sim/servers/prometheus/promtest/index.js";
import { parseDuration, parseGoFloat } from "../../sim/servers/prometheus/promql/index.js";

export interface LoadCommand {
  readonly kind: "load";
  readonly intervalMs: number;
  readonly series: readonly SeriesLine[];
}

/** A demand on the error or on the annotations of a case. */
interface Expectation {
  readonly what: "fail" | "warn" | "info" | "no_warn" | "no_info" | "ordered";
  readonly message?: string;
  readonly pattern?: string;
}

export interface EvalCommand {
  readonly kind: "eval";
  readonly line: number;
  readonly query: string;
  /** Equal start and end, and no step, for an instant query. */
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly expectations: readonly Expectation[];
  readonly text: string | undefined;
  readonly scalar: number | undefined;
  readonly series: readonly SeriesLine[];
  /** Whether native histograms are expected. */
  readonly needsHistograms: boolean;
  /** Set when an instant query yields samples over time. */
  readonly rangeStepMs: number | undefined;
  readonly rangeStartMs: number;
}

export type Command = LoadCommand | EvalCommand | { readonly kind: "clear" };

/** @throws Error when a line is not understood, naming it. */
export function parseCaseFile(text: string): Command[] {
  const lines = text.split("\n").map((line) => (line.trim().startsWith("#") ? "" : line.trim()));
  const commands: Command[] = [];
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at] as string;
    if (line === "") continue;
    const word = line.split(/\s/)[0]?.toLowerCase() ?? "";
    if (word === "clear") {
      commands.push({ kind: "clear" });
      continue;
    }
    const body: string[] = [];
    const first = at;
    while (at + 1 < lines.length && lines[at + 1] !== "") {
      at += 1;
      body.push(lines[at] as string);
    }
    if (word === "load" || word === "load_with_nhcb") commands.push(parseLoad(line, body));
    else if (word.startsWith("eval")) commands.push(parseEval(line, body, first + 1));
    else throw new Error(`line ${first + 1}: unknown command ${JSON.stringify(line)}`);
  }
  return commands;
}

function parseLoad(line: string, body: readonly string[]): LoadCommand {
  const intervalMs = duration(line.split(/\s+/)[1] ?? "");
  return { kind: "load", intervalMs, series: body.filter(isFloatSeries).map(parseSeriesLine) };
}

const INSTANT = /^eval(?:_(fail|warn|ordered|info))?\s+instant\s+(?:at\s+(.+?))?\s+(.+)$/i;
const RANGE = /^eval(?:_(fail|warn|info))?\s+range\s+from\s+(.+)\s+to\s+(.+)\s+step\s+(.+?)\s+(.+)$/i;

function parseEval(line: string, body: readonly string[], number: number): EvalCommand {
  const instant = INSTANT.exec(line);
  const range = RANGE.exec(line);
  const found = instant ?? range;
  if (found === null) throw new Error(`line ${number}: cannot read ${JSON.stringify(line)}`);
  const startMs = duration(found[2] ?? "0");
  const expectations: Expectation[] = [];
  if (found[1] !== undefined) expectations.push({ what: found[1] as Expectation["what"] });
  let text: string | undefined;
  let scalar: number | undefined;
  let rangeStepMs: number | undefined;
  let rangeStartMs = 0;
  const series: SeriesLine[] = [];
  let needsHistograms = false;
  for (const entry of body) {
    const string = /^expect\s+string\s+(.*)$/.exec(entry);
    const vector = /^expect\s+range\s+vector\s+from\s+(\S+)\s+to\s+(\S+)\s+step\s+(\S+)$/.exec(entry);
    const fail = /^expected_fail_(message|regexp)\s+(.*)$/.exec(entry);
    if (string !== null) text = unquoteGo(string[1] as string);
    else if (vector !== null) {
      rangeStartMs = duration(vector[1] as string);
      rangeStepMs = duration(vector[3] as string);
    } else if (fail !== null) {
      const wanted = fail[2] as string;
      expectations.push(
        fail[1] === "message" ? { what: "fail", message: wanted } : { what: "fail", pattern: wanted },
      );
    } else if (/^expect\s/.test(entry)) expectations.push(parseExpectation(entry));
    else if (entry.includes("{{")) needsHistograms = true;
    else if (parseGoFloat(entry) === undefined) series.push(parseSeriesLine(entry));
    else scalar = parseGoFloat(entry);
  }
  return {
    kind: "eval",
    line: number,
    query: (instant === null ? found[5] : found[3]) as string,
    startMs,
    endMs: instant === null ? duration(found[3] as string) : startMs,
    stepMs: instant === null ? duration(found[4] as string) : 0,
    expectations,
    text,
    scalar,
    series,
    needsHistograms,
    rangeStepMs,
    rangeStartMs,
  };
}

function parseExpectation(line: string): Expectation {
  const found = /^expect\s+(fail|warn|info|no_warn|no_info|ordered)(?:\s+(msg|regex):\s*(.*))?$/.exec(line);
  if (found === null) throw new Error(`cannot read expectation ${JSON.stringify(line)}`);
  const what = found[1] as Expectation["what"];
  const detail = (found[3] ?? "").trim();
  if (found[2] === "msg") return { what, message: detail };
  return found[2] === "regex" ? { what, pattern: detail } : { what };
}

// Native histograms and start timestamps are left out; the floats beside them still count.
function isFloatSeries(line: string): boolean {
  return !line.includes("{{") && !/^[^\s{]*(?:\{[^}]*\})?@st\b/.test(line);
}

function duration(text: string): number {
  const size = text.replace(/^[-+]/, "");
  const known = (parseDuration(size) ?? Number(size) * 1000) * (text.startsWith("-") ? -1 : 1);
  if (Number.isNaN(known)) throw new Error(`cannot read duration ${JSON.stringify(text)}`);
  return known;
}

function unquoteGo(text: string): string {
  return text.startsWith("`") ? text.slice(1, -1) : String(JSON.parse(text));
}
