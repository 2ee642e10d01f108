/** A gateway, controllers, a generator, nodes and a made-up Prometheus, joined in memory. */
import { createController, type Controller, type ControllerParts } from "../../../../src/controller/index.js";
import { createGateway, type Gateway } from "../../../../src/gateway/index.js";
import { createGenerator } from "../../../../src/generator/index.js";
import type { HttpClient, HttpReply, HttpRequest, Logger, Random } from "../../../../src/ports/index.js";
import { createMemoryCache, type MemoryCache } from "./memory-cache.js";
import { createFakeNode, type FakeNode } from "./fake-node.js";
import { createMemoryPool, type MemoryPool } from "./memory-pool.js";
import { createVirtualClock, type VirtualClock } from "./virtual-clock.js";

export interface Platform {
  readonly clock: VirtualClock;
  readonly sql: MemoryPool;
  readonly cache: MemoryCache;
  readonly gateway: Gateway;
  readonly nodes: Map<string, FakeNode>;
  /** Hosts that refuse connections. */
  readonly down: Set<string>;
  readonly logs: string[];
  startController(parts?: Partial<ControllerParts>): Promise<Controller>;
  /** Sends a request as an admin of tenant-001 and reads the JSON of the reply. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  login(username: string, password: string): Promise<string>;
}

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Record<string, unknown> & {
    readonly id: string;
    readonly state: string;
    readonly error: string;
  };
}

/** @param pool - Makes the database, told what time it is. */
export async function createPlatform(pool = createMemoryPool): Promise<Platform> {
  const clock = createVirtualClock(undefined, () => sql.busy());
  const sql = pool(clock.now);
  const cache = createMemoryCache();
  const logs: string[] = [];
  const log = (level: string) => (message: string, fields?: unknown) =>
    void logs.push(`${clock.monotonic()} ${level} ${message} ${JSON.stringify(fields ?? {})}`);
  const logger: Logger = { debug: log("debug"), info: log("info"), warn: log("warn"), error: log("error") };
  let sampled = 0;
  const random: Random = {
    bytes: (length) =>
      Uint8Array.from(
        { length },
        () => ((sampled = (sampled * 1_103_515_245 + 12_345) % 2 ** 31) >> 8) & 255,
      ),
  };
  const nodes = new Map<string, FakeNode>();
  const down = new Set<string>();
  const generator = createGenerator({ clock, logger });
  generator.start();
  const controllers: Controller[] = [];

  async function route(request: HttpRequest): Promise<HttpReply> {
    const { hostname, pathname } = new URL(request.url);
    await Promise.resolve();
    if (down.has(hostname)) throw Object.assign(new Error(`${hostname} refused`), { code: "ECONNREFUSED" });
    if (hostname === "generator") return generator.handle(request);
    if (hostname === "prometheus") return prometheusReply(request, clock.now());
    if (hostname === "controller")
      return controllers[0]?.handle(request) ?? { status: 503, headers: {}, body: "" };
    if (!nodes.has(hostname)) nodes.set(hostname, createFakeNode());
    return nodes.get(hostname)?.handle(request, pathname) ?? { status: 404, headers: {}, body: "" };
  }
  const http: HttpClient = {
    request: (url, { method = "GET", headers = {}, body = "" } = {}) => route({ url, method, headers, body }),
  };
  const gateway = createGateway({ clock, random, sql, cache, http, logger });
  await gateway.start();

  async function send(
    method: string,
    path: string,
    body: unknown,
    headers: Record<string, string>,
  ): Promise<Answer> {
    const text = typeof body === "string" ? body : body === undefined ? "" : JSON.stringify(body);
    const result = await gateway.handle({ method, url: `http://gateway:8080${path}`, headers, body: text });
    const json = (result.headers["content-type"] ?? "").includes("json");
    return {
      status: result.status,
      headers: result.headers,
      body: json ? JSON.parse(result.body) : { text: result.body },
    };
  }
  const login = async (username: string, password: string): Promise<string> =>
    String((await send("POST", "/api/v1/auth/login", { username, password }, {})).body["token"]);
  const token = await login("admin", "admin123");

  return {
    clock,
    sql,
    cache,
    gateway,
    nodes,
    down,
    logs,
    login,
    call: (method, path, body, headers = {}) =>
      send(method, `/api/v1${path}`, body, { authorization: `Bearer ${token}`, ...headers }),
    startController: async (parts) => {
      const controller = createController({
        clock,
        random,
        sql,
        cache,
        http,
        logger,
        ...(parts === undefined ? {} : { parts }),
      });
      controllers.push(controller);
      await controller.start();
      return controller;
    },
  };
}

// The baseline has 100 series, the candidate 40; everything else is the same on both sides.
function prometheusReply(request: HttpRequest, nowMs: number): HttpReply {
  const query = new URL(request.url).searchParams.get("query") ?? "";
  if (query === "vector(time())")
    return answerOf("vector", [{ metric: {}, value: [nowMs / 1000, String(nowMs / 1000)] }]);
  const value = (variant: string): string =>
    query.includes("process_executable_name") || !query.includes("count by")
      ? "1"
      : variant === "baseline"
        ? "100"
        : "40";
  const at = nowMs / 1000;
  const range = request.url.includes("query_range");
  const result = ["baseline", "candidate"].map((variant) => {
    const metric = { variant, node: "node1", node_name: "node1" };
    const point = [at, value(variant)];
    return range ? { metric, values: [point] } : { metric, value: point };
  });
  return answerOf(range ? "matrix" : "vector", result);
}

function answerOf(resultType: string, result: readonly unknown[]): HttpReply {
  const body = JSON.stringify({ status: "success", data: { resultType, result } });
  return { status: 200, headers: { "content-type": "application/json" }, body };
}
