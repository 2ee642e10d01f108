/** /series, /labels and /label/<name>/values. */
import type { HttpReply } from "../../../src/ports/index.js";
import { goQuote, isPlainLabelName, isUtf8, type Matcher } from "../labels/index.js";
import type { Engine } from "../promql/index.js";
import { labelNamesOf, labelValuesOf, type Series, type Storage } from "../storage/index.js";
import { ApiError, success } from "./envelope.js";
import { badParam, limitParam, timeParam } from "./params.js";
import { SelectorError, selectorsOf } from "./selector-param.js";

export interface SeriesRoutes {
  series(params: URLSearchParams): HttpReply;
  labels(params: URLSearchParams): HttpReply;
  labelValues(name: string, params: URLSearchParams): HttpReply;
}

/** @returns Routes that read `storage`. */
export function createSeriesRoutes(engine: Engine, storage: Storage): SeriesRoutes {
  /** @param refusal - The error for what is wrong with `match[]`. */
  function selected(params: URLSearchParams, refusal: (problem: string) => ApiError): Series[] {
    const fromMs = timeParam(params, "start") ?? -Infinity;
    const toMs = timeParam(params, "end") ?? Infinity;
    let selectors: (readonly Matcher[])[];
    try {
      selectors = selectorsOf(engine, params.getAll("match[]"));
    } catch (error) {
      throw error instanceof SelectorError ? refusal(error.message) : error;
    }
    const sets = selectors.length === 0 ? [[]] : selectors;
    const found = new Set(sets.flatMap((matchers) => storage.select(matchers)));
    return [...found].filter((series) => hasSamples(series, fromMs, toMs));
  }
  const plain = (problem: string): ApiError => new ApiError("bad_data", problem);
  return {
    series(params) {
      if (!params.has("match[]")) throw plain("no match[] parameter provided");
      const limit = limitParam(params);
      const found = selected(params, (problem) => badParam("match[]", problem));
      return list(
        found.map(({ labels }) => labels.toObject()),
        limit,
      );
    },
    labels(params) {
      const limit = limitParam(params);
      return list(labelNamesOf(selected(params, plain)), limit);
    },
    labelValues(name, params) {
      const valid = engine.dialect === 3 ? name !== "" && isUtf8(name) : isPlainLabelName(name);
      if (!valid) throw plain(`invalid label name: ${goQuote(name)}`);
      const limit = limitParam(params);
      return list(labelValuesOf(selected(params, plain), name), limit);
    },
  };
}

function list(items: readonly unknown[], limit = 0): HttpReply {
  const cut = limit > 0 && items.length > limit;
  return success(JSON.stringify(cut ? items.slice(0, limit) : items), {
    warnings: cut ? ["results truncated due to limit"] : [],
  });
}

function hasSamples(series: Series, fromMs: number, toMs: number): boolean {
  const first = series.firstAfter(fromMs - 1);
  return first < series.count && series.timeAt(first) <= toMs;
}
