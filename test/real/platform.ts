/** The platform of src/ on real backends: PostgreSQL, Redis, Prometheus, HTTP and WebSocket ports, the real clock. */

import {
  createIoredisCache,
  createJsonLogger,
  createNodeHttpClient,
  createPgPool,
  createSystemClock,
  createSystemRandom,
  serveHttp,
} from "../../src/adapters/index.js";
import { platformRules } from "../../src/analysis/index.js";
import { createController } from "../../src/controller/index.js";
import { createGateway } from "../../src/gateway/index.js";
import { createGenerator } from "../../src/generator/index.js";
import { migrations } from "../../src/store/index.js";
import { type Client, createClient } from "../../sim/world/client/index.js";
import { startRealServer } from "../parity/postgres/real-server.js";
import { serveDataPlane } from "./data-plane.js";
import { type RunningServer, freePort, startPrometheus, startRedis } from "./servers.js";

export interface RealPlatform {
  readonly client: Client;
  /** Address of the gateway. */
  readonly url: string;
  readonly prometheusUrl: string;
  /** Reads the database beside the platform. */
  query<Row>(text: string, values?: readonly unknown[]): Promise<readonly Row[]>;
  /** Versions of what it stands on. */
  readonly versions: string;
  /** Stops everything, in the order of a shutdown. */
  stop(): Promise<void>;
}

/** Real seconds instead of virtual ones: what waits longest is shortened. */
const controllerOptions = {
  tickMs: 2_000,
  initHoldMs: 500,
  analysisHoldMs: 500,
  retryFirstMs: 200,
  readyPollMs: 300,
};

/** @throws Error when PostgreSQL 15 is not installed. */
export async function startRealPlatform(nodes: readonly string[]): Promise<RealPlatform> {
  const undo: (() => unknown)[] = [];
  const stop = async (): Promise<void> => {
    for (const step of undo.splice(0).toReversed()) await step();
  };
  const postgres = await startRealServer();
  undo.push(() => postgres.stop());
  try {
    const admin = await postgres.connect();
    admin.on("error", () => {});
    undo.push(async () => admin.end());
    for (const statement of migrations) await admin.query(statement);
    const { rows } = await admin.query<{ server_version: string }>("show server_version");
    const backends = await startServices(nodes, postgres.url, undo);
    return {
      ...backends,
      versions: `PostgreSQL ${rows[0]?.server_version ?? "?"}`,
      query: async <Row>(text: string, values: readonly unknown[] = []) =>
        (await admin.query(text, [...values])).rows as Row[],
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startServices(
  nodes: readonly string[],
  databaseUrl: string,
  undo: (() => unknown)[],
): Promise<Pick<RealPlatform, "client" | "url" | "prometheusUrl">> {
  const redis = await startRedis();
  undo.push(async () => redis.stop());
  const [clock, random] = [createSystemClock(), createSystemRandom()];
  const ports = (service: string) => {
    const sql = createPgPool({ connectionString: databaseUrl });
    const cache = createIoredisCache(redis.url);
    const http = createNodeHttpClient({
      resolve: (host) =>
        host.endsWith(":8090") ? { hostname: "127.0.0.1", port: dataPlane.port } : undefined,
    });
    undo.push(async () => {
      cache.close();
      http.close();
      await sql.end();
    });
    return { clock, random, sql, cache, http, logger: createJsonLogger(service, () => {}) };
  };
  const dataPlane = await serveDataPlane(nodes, {
    clock,
    random,
    logger: createJsonLogger("node", () => {}),
  });
  undo.push(async () => dataPlane.close());

  const generator = createGenerator({ clock, logger: createJsonLogger("generator", () => {}) });
  generator.start();
  const generatorServer = await serveHttp({ handler: generator.handle });
  undo.push(async () => generatorServer.close());

  const prometheusPort = await freePort();
  const urls = { generatorUrl: generatorServer.url, prometheusUrl: `http://127.0.0.1:${prometheusPort}` };
  const controller = createController({
    ...ports("controller"),
    options: { ...controllerOptions, ...urls },
  });
  const controllerServer = await serveHttp({ handler: controller.handle });
  undo.push(async () => controllerServer.close());
  await controller.start();
  undo.push(async () => controller.stop());

  const gateway = createGateway({
    ...ports("gateway"),
    options: { ...urls, controllerUrl: controllerServer.url },
  });
  await gateway.start();
  const gatewayServer = await serveHttp({ handler: gateway.handle, onSocket: gateway.openSocket });
  undo.push(async () => {
    await gateway.stop();
    await gatewayServer.close();
  });

  const prometheus: RunningServer = await startPrometheus(prometheusPort, {
    rules: platformRules[0],
    config: scrapeConfig({
      gateway: gatewayServer.port,
      controller: controllerServer.port,
      generator: generatorServer.port,
      proxyUrl: dataPlane.url,
    }),
  });
  undo.push(async () => prometheus.stop());

  const client = createClient({
    auth: { email: "admin@phoenix.io", password: "admin123" },
    send: async (method, path, headers, body) => {
      const response = await fetch(`${gatewayServer.url}${path}`, {
        method,
        headers,
        ...(body === "" ? {} : { body }),
      });
      return {
        status: response.status,
        headers: Object.fromEntries(response.headers),
        body: await response.text(),
      };
    },
  });
  return { client, url: gatewayServer.url, prometheusUrl: prometheus.url };
}

interface Targets {
  readonly gateway: number;
  readonly controller: number;
  readonly generator: number;
  readonly proxyUrl: string;
}

// As in a world, but every second instead of every 15.
function scrapeConfig({ gateway, controller, generator, proxyUrl }: Targets): unknown {
  const job = (name: string, port: number) => ({
    job_name: name,
    static_configs: [{ targets: [`127.0.0.1:${port}`] }],
  });
  return {
    global: { scrape_interval: "1s", evaluation_interval: "5s", scrape_timeout: "1s" },
    rule_files: ["rules.yml"],
    scrape_configs: [
      job("phoenix-api-gateway", gateway),
      job("phoenix-experiment-controller", controller),
      job("phoenix-config-generator", generator),
      {
        job_name: "phoenix-collectors",
        proxy_url: proxyUrl,
        http_sd_configs: [{ url: `http://127.0.0.1:${controller}/sd/collectors`, refresh_interval: "1s" }],
      },
    ],
  };
}
