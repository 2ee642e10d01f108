/** Parameters of API requests: where they stand, and how times and durations are written. */
import type { HttpReply, HttpRequest } from "../../../../src/ports/index.js";
import { goQuote, type Matcher } from "../labels.js";
import { parseTime } from "../parse-time.js";
import { PromqlParseError, parseDuration, parseGoFloat, type Engine } from "../promql/index.js";

// The answers of the HTTP API: one envelope for success and failure.

/** Kinds of failure, named as the API names them. */
export type ApiErrorType = "bad_data" | "execution" | "timeout" | "internal" | "unavailable" | "not_found";

const STATUS: Readonly<Record<ApiErrorType, number>> = {
  bad_data: 400,
  not_found: 404,
  execution: 422,
  internal: 500,
  unavailable: 503,
  timeout: 503,
};

/** A request that cannot be answered. */
export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly type: ApiErrorType;

  constructor(type: ApiErrorType, message: string) {
    super(message);
    this.type = type;
  }
}

/** What a query remarked beside its result. */
export interface Notes {
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

/** @param data - Already as JSON. */
export function success(data: string, { warnings = [], infos = [] }: Notes = {}): HttpReply {
  const notes =
    (warnings.length > 0 ? `,"warnings":${JSON.stringify(limited(warnings, "warning"))}` : "") +
    (infos.length > 0 ? `,"infos":${JSON.stringify(limited(infos, "info"))}` : "");
  return json(200, `{"status":"success","data":${data}${notes}}`);
}

/** The envelope of a failure. */
export function failure(error: ApiError): HttpReply {
  const body = { status: "error", errorType: error.type, error: error.message };
  return json(STATUS[error.type], JSON.stringify(body));
}

/** A plain page. */
export function text(status: number, body: string, contentType = "text/plain; charset=utf-8"): HttpReply {
  return { status, headers: { "content-type": contentType }, body };
}

const NOTES_MAX = 10;

function limited(notes: readonly string[], kind: string): string[] {
  if (notes.length <= NOTES_MAX) return [...notes];
  return [...notes.slice(0, NOTES_MAX), `${notes.length - NOTES_MAX} more ${kind} annotations omitted`];
}

// JSON.stringify escapes lone surrogates, which stand for bytes that are not UTF-8.
const STRAY_BYTES = /(?<!\\)((?:\\\\)*)\\ud[89a-f][0-9a-f]{2}/g;

function json(status: number, body: string): HttpReply {
  return {
    status,
    headers: { "content-type": "application/json" },
    body: body.replace(STRAY_BYTES, "$1\\ufffd"),
  };
}

/** Query parameters; those of a form body come first. */
export function readParams(request: HttpRequest, url: URL): URLSearchParams {
  const params = new URLSearchParams(url.search);
  const isForm = request.headers["content-type"]?.startsWith("application/x-www-form-urlencoded") ?? false;
  if (request.method !== "POST" || !isForm) return params;
  const form = new URLSearchParams(request.body);
  for (const [name, value] of params) form.append(name, value);
  return form;
}

/** @throws ApiError when the parameter is no time. */
export function timeParam(params: URLSearchParams, name: string): number | undefined {
  const text = params.get(name);
  if (text === null || text === "") return undefined;
  const timeMs = parseTime(text);
  if (timeMs === undefined) throw badParam(name, `cannot parse ${goQuote(text)} to a valid timestamp`);
  return timeMs;
}

/** @throws ApiError when the parameter is missing. */
export function requiredTime(params: URLSearchParams, name: string): number {
  const timeMs = timeParam(params, name);
  if (timeMs === undefined) throw badParam(name, 'cannot parse "" to a valid timestamp');
  return timeMs;
}

/** Milliseconds of a duration parameter: seconds, or like `5m`. @throws ApiError when it is none. */
export function durationParam(params: URLSearchParams, name: string): number {
  const text = params.get(name) ?? "";
  const seconds = parseGoFloat(text);
  const durationMs = seconds === undefined ? parseDuration(text) : seconds * 1000;
  if (durationMs === undefined) throw badParam(name, `cannot parse ${goQuote(text)} to a valid duration`);
  if (!(Math.abs(durationMs) <= 9_223_372_036_854)) {
    throw badParam(name, `cannot parse ${goQuote(text)} to a valid duration. It overflows int64`);
  }
  return durationMs;
}

/** A count; undefined when the parameter is missing. @throws ApiError when it is none. */
export function limitParam(params: URLSearchParams, name = "limit"): number | undefined {
  const text = params.get(name);
  if (text === null || text === "") return undefined;
  const limit = Number(text);
  if (!/^[+-]?\d+$/.test(text)) {
    throw badParam(name, `strconv.Atoi: parsing ${goQuote(text)}: invalid syntax`);
  }
  if (limit < 0) throw badParam(name, "limit must be non-negative");
  return limit;
}

/** The error for one parameter. */
export function badParam(name: string, problem: string): ApiError {
  return new ApiError("bad_data", `invalid parameter ${goQuote(name)}: ${problem}`);
}

// Selectors as parameters: `match[]` and `match_target`.

/** A text that selects no series, in the words of the server. */
export class SelectorError extends Error {
  override readonly name = "SelectorError";
}

/** @throws SelectorError for what is no selector, or selects everything. */
export function selectorsOf(engine: Engine, texts: readonly string[]): (readonly Matcher[])[] {
  const sets = texts.map((text) => selectorOf(engine, text));
  if (sets.some((matchers) => matchers.every((matcher) => matcher.matches(""))))
    throw new SelectorError("match[] must contain at least one non-empty matcher");
  return sets;
}

/** @throws SelectorError for what is no selector. */
export function selectorOf(engine: Engine, text: string): readonly Matcher[] {
  try {
    return engine.parseSelector(text);
  } catch (error) {
    throw error instanceof PromqlParseError ? new SelectorError(error.message) : error;
  }
}
