/** /series, /labels and /label/<name>/values. */
import type { HttpReply } from "../../../src/ports/index.js";
import { goQuote, isPlainLabelName, type Matcher } from "../labels/index.js";
import { PromqlParseError, type Engine } from "../promql/index.js";
import { labelNamesOf, labelValuesOf, type Series, type Storage } from "../storage/index.js";
import { ApiError, success } from "./envelope.js";
import { badParam, limitParam, timeParam } from "./params.js";

export interface SeriesRoutes {
  series(params: URLSearchParams): HttpReply;
  labels(params: URLSearchParams): HttpReply;
  labelValues(name: string, params: URLSearchParams): HttpReply;
}

/** @returns Routes that read `storage`. */
export function createSeriesRoutes(engine: Engine, storage: Storage): SeriesRoutes {
  function selected(params: URLSearchParams): Series[] {
    const fromMs = timeParam(params, "start") ?? -Infinity;
    const toMs = timeParam(params, "end") ?? Infinity;
    if (toMs < fromMs) throw badParam("end", "end timestamp must not be before start time");
    const selectors = params.getAll("match[]").map((text) => selectorOf(engine, text));
    const sets = selectors.length === 0 ? [[]] : selectors;
    const found = new Set(sets.flatMap((matchers) => storage.select(matchers)));
    return [...found].filter((series) => hasSamples(series, fromMs, toMs));
  }
  return {
    series(params) {
      if (!params.has("match[]")) throw new ApiError("bad_data", "no match[] parameter provided");
      return list(
        selected(params).map(({ labels }) => labels.toObject()),
        params,
      );
    },
    labels: (params) => list(labelNamesOf(selected(params)), params),
    labelValues(name, params) {
      const valid = engine.dialect === 3 ? name !== "" : isPlainLabelName(name);
      if (!valid) throw new ApiError("bad_data", `invalid label name: ${goQuote(name)}`);
      return list(labelValuesOf(selected(params), name), params);
    },
  };
}

function list(items: readonly unknown[], params: URLSearchParams): HttpReply {
  const limit = limitParam(params) ?? 0;
  const cut = limit > 0 && items.length > limit;
  return success(JSON.stringify(cut ? items.slice(0, limit) : items), {
    warnings: cut ? ["results truncated due to limit"] : [],
  });
}

function selectorOf(engine: Engine, text: string): readonly Matcher[] {
  try {
    const expr = engine.parse(text);
    if (expr.kind === "selector" && expr.offsetMs === 0 && expr.at === undefined) return expr.matchers;
  } catch (error) {
    if (error instanceof PromqlParseError) throw badParam("match[]", error.message);
    throw error;
  }
  throw badParam("match[]", "1:1: parse error: expected a series selector");
}

function hasSamples(series: Series, fromMs: number, toMs: number): boolean {
  const first = series.firstAfter(fromMs - 1);
  return first < series.count && series.timeAt(first) <= toMs;
}
