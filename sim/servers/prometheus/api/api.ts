/** From a request to its route. */
import type { HttpHandler, HttpReply, HttpRequest } from "../../../../src/ports/index.js";
import type { PrometheusConfig } from "../config.js";
import { METRIC_NAME, goQuote, isPlainLabelName, isUtf8, type Matcher } from "../labels.js";
import { formatDuration, type Engine } from "../promql/index.js";
import type { Alert, GroupEvaluator, RuleManager, RuleState } from "../rules/index.js";
import type { MetricMetadata, ScrapePool, TargetStatus } from "../scrape/index.js";
import { labelNamesOf, labelValuesOf, type Series, type Storage } from "../storage.js";
import {
  ApiError,
  SelectorError,
  badParam,
  failure,
  limitParam,
  readParams,
  selectorOf,
  selectorsOf,
  success,
  text,
  timeParam,
} from "./params.js";
import { createQueryRoutes } from "./query-routes.js";

// What a server without flags refuses, and what is not simulated, by name.

/** @returns Undefined for every other path. */
function disabledRoute({ method }: HttpRequest, path: string): HttpReply | undefined {
  const writes = method === "POST" || method === "PUT";
  if (path === "/api/v1/write" && method === "POST")
    return text(404, "remote write receiver needs to be enabled with --web.enable-remote-write-receiver\n");
  if (path === "/api/v1/otlp/v1/metrics" && method === "POST")
    return text(404, "otlp write receiver needs to be enabled with --web.enable-otlp-receiver\n");
  if (path === "/api/v1/read") return text(501, "remote read is not simulated\n");
  if (path.startsWith("/api/v1/admin/tsdb/") && writes)
    return { ...failure(new ApiError("unavailable", "admin APIs disabled")), status: 500 };
  if ((path === "/-/reload" || path === "/-/quit") && writes)
    return text(403, "Lifecycle API is not enabled.");
  return undefined;
}

// Headers that every answer of the API gets: for pages of other origins, and for compression.

/** For a page of another origin; none without `Origin`. */
function corsHeaders({ headers }: HttpRequest): Record<string, string> {
  if ((headers["origin"] ?? "") === "") return {};
  return {
    "access-control-allow-headers": "Accept, Authorization, Content-Type, Origin",
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-origin": "*",
    "access-control-expose-headers": "Date",
    vary: "Origin",
  };
}

/** Bodies are texts here; who writes bytes compresses them as this says. */
function codingHeaders({ headers }: HttpRequest, { body }: HttpReply): Record<string, string> {
  const codings = (headers["accept-encoding"] ?? "").split(",").map((coding) => coding.split(";")[0]?.trim());
  return codings.includes("gzip") && body !== "" ? { "content-encoding": "gzip" } : {};
}

/** The same reply with more headers. */
function withHeaders(reply: HttpReply, more: Readonly<Record<string, string>>): HttpReply {
  return { ...reply, headers: { ...reply.headers, ...more } };
}

// /series, /labels and /label/<name>/values.

interface SeriesRoutes {
  series(params: URLSearchParams): HttpReply;
  labels(params: URLSearchParams): HttpReply;
  labelValues(name: string, params: URLSearchParams): HttpReply;
}

/** @returns Routes that read `storage`. */
function createSeriesRoutes(engine: Engine, storage: Storage): SeriesRoutes {
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

// /targets, /targets/metadata and /metadata.

interface TargetRoutes {
  targets(params: URLSearchParams): HttpReply;
  metadata(params: URLSearchParams): HttpReply;
  targetMetadata(params: URLSearchParams): HttpReply;
}

/** @param pools - The jobs, in the order of the configuration. */
function createTargetRoutes(pools: readonly ScrapePool[], engine: Engine): TargetRoutes {
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
function renderTime(timeMs: number | undefined): string {
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

// /rules and /alerts.

interface RuleRoutes {
  rules(params: URLSearchParams): HttpReply;
  alerts(): HttpReply;
}

/** @returns Routes that show the state of `manager`. */
function createRuleRoutes(manager: RuleManager): RuleRoutes {
  return {
    rules(params) {
      const type = (params.get("type") ?? "").toLowerCase();
      if (type !== "" && type !== "alert" && type !== "record")
        throw badParam("type", `not supported value "${type}"`);
      const filters = {
        type,
        names: params.getAll("rule_name[]"),
        withAlerts: params.get("exclude_alerts") !== "true",
      };
      const groups = manager.groups
        .filter(({ group }) => includes(params.getAll("rule_group[]"), group.name))
        .filter(({ group }) => includes(params.getAll("file[]"), group.file))
        .map((group) => renderGroup(group, manager.intervalMs(group) / 1000, filters));
      const filtered = type !== "" || filters.names.length > 0;
      return success(
        JSON.stringify({ groups: filtered ? groups.filter(({ rules }) => rules.length > 0) : groups }),
      );
    },
    alerts() {
      const alerts = manager.groups.flatMap(({ rules }) => rules.flatMap(renderAlerts));
      return success(JSON.stringify({ alerts }));
    },
  };
}

interface Filters {
  readonly type: string;
  readonly names: readonly string[];
  readonly withAlerts: boolean;
}

function renderGroup(evaluator: GroupEvaluator, interval: number, { type, names, withAlerts }: Filters) {
  const { group, rules, lastEvaluationMs } = evaluator;
  const shown = rules.filter(
    ({ rule }) =>
      includes(names, rule.name) && (type === "" || (type === "alert") === (rule.kind === "alerting")),
  );
  return {
    name: group.name,
    file: group.file,
    rules: shown.map((state) => renderRule(state, withAlerts)),
    interval,
    limit: group.limit,
    evaluationTime: 0,
    lastEvaluation: renderTime(lastEvaluationMs),
  };
}

function renderRule(state: RuleState, withAlerts: boolean): Record<string, unknown> {
  const { rule, health, lastError, lastEvaluationMs } = state;
  const common = {
    name: rule.name,
    query: rule.expr,
    labels: rule.labels,
    health,
    ...(lastError === "" ? {} : { lastError }),
    evaluationTime: 0,
    lastEvaluation: renderTime(lastEvaluationMs),
  };
  if (rule.kind === "recording") return { ...common, type: "recording" };
  return {
    state: worstState(state),
    ...common,
    duration: rule.forMs / 1000,
    keepFiringFor: rule.keepFiringForMs / 1000,
    annotations: rule.annotations,
    alerts: withAlerts ? renderAlerts(state) : [],
    type: "alerting",
  };
}

function worstState({ alerts }: RuleState): Alert["state"] {
  const states = new Set([...alerts.values()].map(({ state }) => state));
  if (states.has("firing")) return "firing";
  return states.has("pending") ? "pending" : "inactive";
}

function renderAlerts({ alerts }: RuleState): Record<string, unknown>[] {
  return [...alerts.values()]
    .filter(({ state }) => state !== "inactive")
    .map(({ labels, annotations, state, activeAtMs, value, keepFiringSinceMs }) => ({
      labels: labels.toObject(),
      annotations: Object.fromEntries(annotations),
      state,
      activeAt: renderTime(activeAtMs),
      keepFiringSince: keepFiringSinceMs === undefined ? undefined : renderTime(keepFiringSinceMs),
      value: exponentForm(value),
    }));
}

/** Go's `%e` with as many digits as needed. */
function exponentForm(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return value.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
}

function includes(wanted: readonly string[], name: string): boolean {
  return wanted.length === 0 || wanted.includes(name);
}

// What /status/tsdb says about the series that are stored.

interface Stat {
  readonly name: string;
  readonly value: number;
}

/** @param limit - How many entries each list has at most. */
function tsdbStatus(storage: Storage, limit: number): Record<string, unknown> {
  const series = storage.select([]);
  // Series by value, by label.
  const byLabel = new Map<string, Map<string, number>>();
  let [minTime, maxTime] = [Infinity, -Infinity];
  for (const one of series) {
    for (const [name, value] of one.labels.entries()) {
      const values = byLabel.get(name) ?? new Map<string, number>();
      byLabel.set(name, values);
      values.set(value, (values.get(value) ?? 0) + 1);
    }
    if (one.count === 0) continue;
    minTime = Math.min(minTime, one.timeAt(0));
    maxTime = Math.max(maxTime, one.timeAt(one.count - 1));
  }
  const labels = [...byLabel];
  const stats = (entries: readonly (readonly [string, number])[]): Stat[] =>
    entries
      .map(([name, value]) => ({ name, value }))
      .sort((left, right) => right.value - left.value)
      .slice(0, limit);
  const bytes = (values: ReadonlyMap<string, number>): number =>
    [...values].reduce((sum, [value, count]) => sum + Buffer.byteLength(value) * count, 0);
  return {
    headStats: {
      numSeries: series.length,
      numLabelPairs: labels.reduce((sum, [, values]) => sum + values.size, 0),
      chunkCount: series.length,
      minTime: Number.isFinite(minTime) ? minTime : 0,
      maxTime: Number.isFinite(maxTime) ? maxTime : 0,
    },
    seriesCountByMetricName: stats([...(byLabel.get(METRIC_NAME) ?? [])]),
    labelValueCountByLabelName: stats(labels.map(([name, values]) => [name, values.size])),
    memoryInBytesByLabelName: stats(labels.map(([name, values]) => [name, bytes(values)])),
    seriesCountByLabelValuePair: stats(
      labels.flatMap(([name, values]) =>
        [...values].map(([value, count]) => [`${name}=${value}`, count] as const),
      ),
    ),
  };
}

// /status/*, the health pages and the server's own metrics.

interface StatusOptions {
  readonly config: PrometheusConfig;
  readonly storage: Storage;
  readonly pools: readonly ScrapePool[];
  readonly version: string;
  readonly startedMs: number;
}

type StatusRoute = (params: URLSearchParams) => HttpReply;

/** Pages about the server itself, by path. */
function createStatusRoutes(options: StatusOptions): ReadonlyMap<string, StatusRoute> {
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

export interface ApiOptions {
  readonly config: PrometheusConfig;
  readonly engine: Engine;
  readonly storage: Storage;
  readonly pools: readonly ScrapePool[];
  readonly rules: RuleManager;
  readonly version: string;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
}

interface Route {
  /** Methods beside OPTIONS, as the `Allow` of a refusal shows them. */
  readonly methods: readonly string[];
  run(params: URLSearchParams): HttpReply;
}

const GET = ["GET"];
const GET_AND_HEAD = ["GET", "HEAD"];
const GET_AND_POST = ["GET", "POST"];

/** @returns A handler for every path that the server answers. */
export function createApi(options: ApiOptions): HttpHandler {
  const { engine, storage, pools, rules, now } = options;
  const query = createQueryRoutes(engine, storage, now);
  const series = createSeriesRoutes(engine, storage);
  const targets = createTargetRoutes(pools, engine);
  const ruleRoutes = createRuleRoutes(rules);
  const routes = new Map<string, Route>([
    ["/api/v1/query", { methods: GET_AND_POST, run: query.query }],
    ["/api/v1/query_range", { methods: GET_AND_POST, run: query.queryRange }],
    ["/api/v1/format_query", { methods: GET_AND_POST, run: query.formatQuery }],
    ["/api/v1/series", { methods: GET_AND_POST, run: series.series }],
    ["/api/v1/labels", { methods: GET_AND_POST, run: series.labels }],
    ["/api/v1/query_exemplars", { methods: GET_AND_POST, run: query.queryExemplars }],
    ["/api/v1/targets", { methods: GET, run: targets.targets }],
    ["/api/v1/targets/metadata", { methods: GET, run: targets.targetMetadata }],
    ["/api/v1/metadata", { methods: GET, run: targets.metadata }],
    ["/api/v1/rules", { methods: GET, run: ruleRoutes.rules }],
    ["/api/v1/alerts", { methods: GET, run: () => ruleRoutes.alerts() }],
  ]);
  for (const [path, run] of createStatusRoutes({ ...options, startedMs: now() }))
    routes.set(path, { methods: path.startsWith("/-/") ? GET_AND_HEAD : GET, run });

  function routeFor(path: string): Route | undefined {
    const values = /^\/api\/v1\/label\/([^/]+)\/values$/.exec(path);
    if (values === null) return routes.get(path);
    const name = decodeLabel(values[1] as string);
    return { methods: GET, run: (params) => series.labelValues(name, params) };
  }

  function respond(request: HttpRequest, url: URL): HttpReply {
    const refusal = disabledRoute(request, url.pathname);
    if (refusal !== undefined) return refusal;
    const route = routeFor(url.pathname);
    if (route === undefined) return text(404, "404 page not found\n");
    if (request.method === "OPTIONS") return { status: 204, headers: {}, body: "" };
    if (!route.methods.includes(request.method)) {
      const allow = [...route.methods, "OPTIONS"].sort().join(", ");
      const reply = text(405, "Method Not Allowed\n");
      return { ...reply, headers: { ...reply.headers, allow } };
    }
    try {
      return route.run(readParams(request, url));
    } catch (error) {
      if (error instanceof ApiError) return failure(error);
      throw error;
    }
  }

  return (request: HttpRequest): HttpReply => {
    const url = new URL(request.url, "http://prometheus");
    const reply = respond(request, url);
    if (!url.pathname.startsWith("/api/")) return reply;
    return withHeaders(reply, { ...corsHeaders(request), ...codingHeaders(request, reply) });
  };
}

/** Names that are no plain labels come percent-encoded or, since version 3, as `U__..._`. */
function decodeLabel(text: string): string {
  const name = decodeURIComponent(text);
  if (!name.startsWith("U__")) return name;
  return name
    .slice(3)
    .replaceAll("__", "\u0000")
    .replace(/_([0-9a-fA-F]+)_/g, (_, code: string) => String.fromCodePoint(Number.parseInt(code, 16)))
    .replaceAll("\u0000", "_");
}
