/** /query, /query_range and /format_query. */
import type { HttpReply } from "../../../../src/ports/index.js";
import type { Labels } from "../labels.js";
import {
  PromqlExecutionError,
  PromqlParseError,
  formatFixed,
  formatSample,
  prettyExpr,
  type Engine,
  type QueryResult,
  type QuerySource,
} from "../promql/index.js";
import { ApiError, badParam, durationParam, limitParam, requiredTime, success, timeParam } from "./params.js";

// Query results as the JSON of the API: times in seconds, values as text.

/** The `data` of a query's answer. */
function renderResult(result: QueryResult): string {
  switch (result.type) {
    case "scalar":
      return data("scalar", `[${result.timeMs / 1000},"${formatFixed(result.value)}"]`);
    case "string":
      return data("string", `[${result.timeMs / 1000},${JSON.stringify(result.text)}]`);
    case "vector":
      return data(
        "vector",
        list(
          result.samples,
          ({ labels, value }) => `{"metric":${metric(labels)},"value":${point(result.timeMs, value)}}`,
        ),
      );
    case "matrix":
    default:
      return data(
        "matrix",
        list(result.series, ({ labels, timestamps, values }) => {
          const points = list(timestamps, (timeMs, index) => point(timeMs, values[index] ?? NaN));
          return `{"metric":${metric(labels)},"values":${points}}`;
        }),
      );
  }
}

function data(type: QueryResult["type"], result: string): string {
  return `{"resultType":"${type}","result":${result}}`;
}

function list<Item>(items: readonly Item[], render: (item: Item, index: number) => string): string {
  return `[${items.map(render).join(",")}]`;
}

function metric(labels: Labels): string {
  return JSON.stringify(labels.toObject());
}

function point(timeMs: number, value: number): string {
  return `[${renderSeconds(timeMs)},"${formatSample(value)}"]`;
}

/** Seconds, with exactly three decimals where they are not whole. */
function renderSeconds(timeMs: number): string {
  return timeMs % 1000 === 0 ? String(timeMs / 1000) : (timeMs / 1000).toFixed(3);
}

export interface QueryRoutes {
  query(params: URLSearchParams): HttpReply;
  queryRange(params: URLSearchParams): HttpReply;
  queryExemplars(params: URLSearchParams): HttpReply;
  formatQuery(params: URLSearchParams): HttpReply;
}

const POINTS_MAX = 11_000;

/** @param now - Milliseconds since the epoch, for queries that name no time. */
export function createQueryRoutes(engine: Engine, source: QuerySource, now: () => number): QueryRoutes {
  return {
    query(params) {
      const limit = engine.dialect === 3 ? limitParam(params) : undefined;
      const timeMs = timeParam(params, "time") ?? Math.round(now());
      checkTimeout(params);
      return answer(() => engine.instant(source, params.get("query") ?? "", timeMs), limit);
    },
    queryRange(params) {
      const limit = engine.dialect === 3 ? limitParam(params) : undefined;
      const startMs = requiredTime(params, "start");
      const endMs = requiredTime(params, "end");
      if (endMs < startMs) throw badParam("end", "end timestamp must not be before start time");
      const stepMs = Math.trunc(durationParam(params, "step"));
      if (stepMs <= 0) {
        throw badParam(
          "step",
          "zero or negative query resolution step widths are not accepted. Try a positive integer",
        );
      }
      if ((endMs - startMs) / stepMs > POINTS_MAX) {
        throw new ApiError(
          "bad_data",
          "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
        );
      }
      checkTimeout(params);
      return answer(() => engine.range(source, params.get("query") ?? "", startMs, endMs, stepMs), limit);
    },
    queryExemplars(params) {
      const startMs = timeParam(params, "start") ?? -Infinity;
      const endMs = timeParam(params, "end") ?? Infinity;
      if (endMs < startMs) throw new ApiError("bad_data", "end timestamp must not be before start timestamp");
      parsed(engine, params.get("query") ?? "");
      // Exemplars are read over when targets are scraped.
      return success("[]");
    },
    formatQuery: (params) =>
      attempt(() => success(JSON.stringify(prettyExpr(engine.parse(params.get("query") ?? ""))))),
  };
}

/** Turns the errors of the engine into those of the API. @throws ApiError */
function attempt<Result>(run: () => Result): Result {
  try {
    return run();
  } catch (error) {
    if (error instanceof PromqlParseError) throw badParam("query", error.message);
    if (error instanceof PromqlExecutionError) throw new ApiError("execution", error.message);
    throw error;
  }
}

function parsed(engine: Engine, query: string): void {
  try {
    engine.parse(query);
  } catch (error) {
    throw error instanceof PromqlParseError ? new ApiError("bad_data", error.message) : error;
  }
}

function answer(run: () => QueryResult, limit: number | undefined): HttpReply {
  const result = attempt(run);
  const { truncated, cut } = cutResult(result, limit);
  const warnings = cut ? [...result.warnings, "results truncated due to limit"] : result.warnings;
  return success(renderResult(truncated), { warnings, infos: result.infos });
}

function cutResult(
  result: QueryResult,
  limit = 0,
): { readonly truncated: QueryResult; readonly cut: boolean } {
  if (limit === 0) return { truncated: result, cut: false };
  if (result.type === "vector" && result.samples.length > limit) {
    return { truncated: { ...result, samples: result.samples.slice(0, limit) }, cut: true };
  }
  if (result.type === "matrix" && result.series.length > limit) {
    return { truncated: { ...result, series: result.series.slice(0, limit) }, cut: true };
  }
  return { truncated: result, cut: false };
}

function checkTimeout(params: URLSearchParams): void {
  if ((params.get("timeout") ?? "") !== "") durationParam(params, "timeout");
}
