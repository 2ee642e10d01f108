/** /targets, /targets/metadata and /metadata. */
import type { HttpReply } from "../../../src/ports/index.js";
import type { Matcher } from "../labels/index.js";
import { formatDuration } from "../promql/index.js";
import type { MetricMetadata, ScrapePool, TargetStatus } from "../scrape/index.js";
import type { Engine } from "../promql/index.js";
import { ApiError, success } from "./envelope.js";
import { badParam } from "./params.js";
import { SelectorError, selectorOf } from "./selector-param.js";

export interface TargetRoutes {
  targets(params: URLSearchParams): HttpReply;
  metadata(params: URLSearchParams): HttpReply;
  targetMetadata(params: URLSearchParams): HttpReply;
}

/** @param pools - The jobs, in the order of the configuration. */
export function createTargetRoutes(pools: readonly ScrapePool[], engine: Engine): TargetRoutes {
  const statuses = (params: URLSearchParams): TargetStatus[] =>
    pools.filter(({ job }) => (params.get("scrapePool") ?? job) === job).flatMap((pool) => pool.targets());
  return {
    targets(params) {
      const state = params.get("state") ?? "any";
      const active = state === "dropped" ? [] : statuses(params).map(renderTarget);
      const dropped = state === "active" ? [] : pools.flatMap((pool) => pool.dropped());
      return success(
        JSON.stringify({
          activeTargets: active,
          droppedTargets: dropped.map((labels) => ({ discoveredLabels: labels.toObject() })),
          droppedTargetCounts: Object.fromEntries(pools.map((pool) => [pool.job, pool.dropped().length])),
        }),
      );
    },
    metadata(params) {
      const limit = numberParam(params, "limit");
      const perMetric = Math.max(0, numberParam(params, "limit_per_metric") ?? 0);
      const wanted = params.get("metric") || null;
      const found = new Map<string, MetricMetadata[]>();
      for (const { metadata } of statuses(params)) {
        for (const [metric, entry] of metadata) {
          if ((wanted ?? metric) !== metric) continue;
          const known = found.get(metric) ?? [];
          found.set(metric, known);
          const isNew = known.every((other) => JSON.stringify(other) !== JSON.stringify(entry));
          if (isNew && (perMetric === 0 || known.length < perMetric)) known.push(entry);
        }
      }
      return success(JSON.stringify(Object.fromEntries([...found].slice(0, atMost(limit)))));
    },
    targetMetadata(params) {
      const limit = numberParam(params, "limit");
      const wanted = params.get("metric") || null;
      const matchers = targetMatchers(engine, params.get("match_target") ?? "");
      const chosen = statuses(params).filter(({ info }) =>
        matchers.every((matcher) => matcher.matches(info.labels.get(matcher.name))),
      );
      const rows = chosen.flatMap(({ info, metadata }) =>
        [...metadata]
          .filter(([metric]) => (wanted ?? metric) === metric)
          .map(([metric, { type, help, unit }]) => ({
            target: info.labels.toObject(),
            metric: wanted === null ? metric : undefined,
            type,
            help,
            unit,
          })),
      );
      return success(JSON.stringify(rows.slice(0, atMost(limit))));
    },
  };
}

function targetMatchers(engine: Engine, text: string): readonly Matcher[] {
  try {
    return text === "" ? [] : selectorOf(engine, text);
  } catch (error) {
    throw error instanceof SelectorError ? badParam("match_target", error.message) : error;
  }
}

/** @throws ApiError when the parameter is no number. */
function numberParam(params: URLSearchParams, name: string): number | undefined {
  const text = params.get(name) ?? "";
  if (text === "") return undefined;
  if (!/^[+-]?\d+$/.test(text)) throw new ApiError("bad_data", `${name} must be a number`);
  return Number(text);
}

/** Below zero there is no limit. */
function atMost(limit: number | undefined): number | undefined {
  return limit === undefined || limit < 0 ? undefined : limit;
}

/** A moment as the API writes it; the zero time of Go when there was none. */
export function renderTime(timeMs: number | undefined): string {
  return timeMs === undefined ? "0001-01-01T00:00:00Z" : new Date(timeMs).toISOString();
}

function renderTarget(status: TargetStatus): Record<string, unknown> {
  const { info, job, lastError, lastScrapeMs, lastDurationSeconds, health, intervalMs, timeoutMs } = status;
  return {
    discoveredLabels: info.discovered.toObject(),
    labels: info.labels.toObject(),
    scrapePool: job,
    scrapeUrl: info.url,
    globalUrl: info.url,
    lastError,
    lastScrape: renderTime(lastScrapeMs),
    lastScrapeDuration: lastDurationSeconds,
    health,
    scrapeInterval: formatDuration(intervalMs),
    scrapeTimeout: formatDuration(timeoutMs),
  };
}
