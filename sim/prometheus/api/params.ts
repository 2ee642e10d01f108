/** Parameters of API requests: where they stand, and how times and durations are written. */
import type { HttpRequest } from "../../../src/ports/index.js";
import { goQuote } from "../labels/index.js";
import { parseDuration, parseGoFloat } from "../promql/index.js";
import { parseTime } from "../time/parse-time.js";
import { ApiError } from "./envelope.js";

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
