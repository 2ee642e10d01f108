/** /status/*, the health pages and the server's own metrics. */
import type { HttpReply } from "../../../src/ports/index.js";
import type { PrometheusConfig } from "../config/index.js";
import type { ScrapePool } from "../scrape/index.js";
import type { Storage } from "../storage/index.js";
import { ApiError, success, text } from "./envelope.js";
import { tsdbStatus } from "./tsdb-status.js";
import { renderTime } from "./target-routes.js";

export interface StatusOptions {
  readonly config: PrometheusConfig;
  readonly storage: Storage;
  readonly pools: readonly ScrapePool[];
  readonly version: string;
  readonly startedMs: number;
}

type StatusRoute = (params: URLSearchParams) => HttpReply;

/** Pages about the server itself, by path. */
export function createStatusRoutes(options: StatusOptions): ReadonlyMap<string, StatusRoute> {
  const { config, storage, pools, version, startedMs } = options;
  const build = {
    version,
    revision: "phoenix-sim",
    branch: "HEAD",
    buildUser: "",
    buildDate: "",
    goVersion: "",
  };
  const flags = {
    "storage.tsdb.retention.time": "15d",
    "query.lookback-delta": "5m",
    "web.enable-lifecycle": "false",
  };
  return new Map<string, StatusRoute>([
    ["/-/healthy", () => text(200, "Prometheus Server is Healthy.\n")],
    ["/-/ready", () => text(200, "Prometheus Server is Ready.\n")],
    ["/metrics", () => text(200, ownMetrics(options), "text/plain; version=0.0.4; charset=utf-8")],
    ["/api/v1/status/buildinfo", () => success(JSON.stringify(build))],
    ["/api/v1/status/config", () => success(JSON.stringify({ yaml: config.yaml }))],
    ["/api/v1/status/flags", () => success(JSON.stringify(flags))],
    [
      "/api/v1/status/runtimeinfo",
      () =>
        success(
          JSON.stringify({
            startTime: renderTime(startedMs),
            reloadConfigSuccess: true,
            lastConfigTime: renderTime(startedMs),
            timeSeriesCount: storage.seriesCount,
            storageRetention: "15d",
          }),
        ),
    ],
    ["/api/v1/status/tsdb", (params) => success(JSON.stringify(tsdbStatus(storage, statusLimit(params))))],
    ["/api/v1/status/walreplay", () => success('{"min":0,"max":0,"current":0}')],
    ["/api/v1/scrape_pools", () => success(JSON.stringify({ scrapePools: pools.map(({ job }) => job) }))],
    ["/api/v1/alertmanagers", () => success('{"activeAlertmanagers":[],"droppedAlertmanagers":[]}')],
  ]);
}

const TSDB_LIMIT_MAX = 10_000;

function statusLimit(params: URLSearchParams): number {
  const text = params.get("limit") ?? "";
  if (text === "") return 10;
  const limit = /^[+-]?\d+$/.test(text) ? Number(text) : 0;
  if (limit < 1) throw new ApiError("bad_data", "limit must be a positive number");
  if (limit > TSDB_LIMIT_MAX) throw new ApiError("bad_data", `limit must not exceed ${TSDB_LIMIT_MAX}`);
  return limit;
}

function ownMetrics({ storage, pools, version }: StatusOptions): string {
  const targets = pools.map(
    (pool) => `prometheus_sd_discovered_targets{config="${pool.job}",name="scrape"} ${pool.targets().length}`,
  );
  return [
    family("prometheus_build_info", "gauge", "Version of this server.", [
      `prometheus_build_info{version="${version}"} 1`,
    ]),
    family("prometheus_ready", "gauge", "Whether startup is finished.", ["prometheus_ready 1"]),
    family("prometheus_tsdb_head_series", "gauge", "Total number of series in the head block.", [
      `prometheus_tsdb_head_series ${storage.seriesCount}`,
    ]),
    family("prometheus_tsdb_head_samples_appended_total", "counter", "Total number of appended samples.", [
      `prometheus_tsdb_head_samples_appended_total ${storage.samplesAppended}`,
    ]),
    family("prometheus_sd_discovered_targets", "gauge", "Current number of discovered targets.", targets),
  ].join("");
}

function family(name: string, type: string, help: string, lines: readonly string[]): string {
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.map((line) => `${line}\n`).join("")}`;
}
