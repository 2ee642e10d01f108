/** From a request to its route. */
import type { HttpHandler, HttpReply, HttpRequest } from "../../../src/ports/index.js";
import type { PrometheusConfig } from "../config/index.js";
import type { Engine } from "../promql/index.js";
import type { RuleManager } from "../rules/index.js";
import type { ScrapePool } from "../scrape/index.js";
import type { Storage } from "../storage/index.js";
import { disabledRoute } from "./disabled-routes.js";
import { ApiError, failure, text } from "./envelope.js";
import { codingHeaders, corsHeaders, withHeaders } from "./headers.js";
import { readParams } from "./params.js";
import { createQueryRoutes } from "./query-routes.js";
import { createRuleRoutes } from "./rule-routes.js";
import { createSeriesRoutes } from "./series-routes.js";
import { createStatusRoutes } from "./status-routes.js";
import { createTargetRoutes } from "./target-routes.js";

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
