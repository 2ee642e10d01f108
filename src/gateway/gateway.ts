/** The API gateway: ports in, handlers out. */
import { createPrometheusClient } from "../analysis/index.js";
import type {
  Cache,
  Clock,
  HttpClient,
  HttpReply,
  HttpRequest,
  Logger,
  Random,
  ServerSocket,
  SocketRequest,
  SqlPool,
} from "../ports/index.js";
import {
  createDatabaseTime,
  createGeneratorClient,
  createIds,
  type DatabaseTime,
  type GeneratorClient,
  type Ids,
} from "../shared/index.js";
import { transitionExperiment, type TransitionExperiment } from "../store/index.js";
import { checkPassword, createTokens, sameTenant, type TenantGuard, type Tokens } from "./access.js";
import { createApp } from "./app.js";
import {
  createAnnouncer,
  createGatewayMetrics,
  resolveGatewayOptions,
  type Announcer,
  type GatewayContext,
  type GatewayOptions,
} from "./context.js";
import { createEventFeed, createHub, type EventFeed, type WrapSocket } from "./live/index.js";
import type { Route } from "./route.js";
import { authRoutes } from "./routes/auth.js";
import { controlRoutes } from "./routes/control.js";
import { experimentDataRoutes } from "./routes/experiment-data.js";
import { experimentRoutes } from "./routes/experiments.js";
import { generatorRoutes } from "./routes/generator.js";
import { loadRoutes } from "./routes/loads.js";
import { pipelineRoutes } from "./routes/pipelines.js";

// The table of routes. Where two patterns match one path, the first wins.

/** Every route below `/api/v1`. */
export const routes: readonly Route[] = [
  ...authRoutes,
  ...experimentRoutes,
  ...experimentDataRoutes,
  ...loadRoutes,
  ...pipelineRoutes,
  ...generatorRoutes,
  ...controlRoutes,
];

/** The pieces of a gateway that can be exchanged one by one. */
export interface GatewayParts {
  readonly ids: Ids;
  readonly guard: TenantGuard;
  readonly tokens: Tokens;
  readonly checkPassword: typeof checkPassword;
  readonly announcer: Announcer;
  readonly generator: GeneratorClient;
  readonly transition: TransitionExperiment;
  readonly time: DatabaseTime;
  readonly feed: EventFeed;
  /** Routes that are matched before the standard ones. */
  readonly routes: readonly Route[];
}

export interface GatewayPortsAndOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly sql: SqlPool;
  readonly cache: Cache;
  readonly http: HttpClient;
  readonly logger: Logger;
  readonly options?: GatewayOptions;
  /** Changes what sockets receive and send. @default as it is */
  readonly wrapSocket?: WrapSocket;
  /** Replaces single pieces, as tests do. */
  readonly parts?: Partial<GatewayParts>;
}

export interface Gateway {
  /** Answers one request. */
  handle(request: HttpRequest): Promise<HttpReply>;
  /** Takes over a socket that was just opened. */
  openSocket(socket: ServerSocket, request: SocketRequest): void;
  start(): Promise<void>;
  /** Closes every socket. */
  stop(): Promise<void>;
}

/**
 * Creates a gateway. Any number of them may share a database.
 *
 * @throws RangeError when an option is out of range.
 */
export function createGateway(given: GatewayPortsAndOptions): Gateway {
  const { clock, random, sql, cache, http, logger, parts = {} } = given;
  const options = resolveGatewayOptions(given.options);
  const context: GatewayContext = {
    clock,
    random,
    sql,
    http,
    logger,
    options,
    time: parts.time ?? createDatabaseTime(clock, sql),
    prometheus: createPrometheusClient(http, options),
    metrics: createGatewayMetrics(),
    ids: parts.ids ?? createIds(random),
    checkPassword: parts.checkPassword ?? checkPassword,
    tokens: parts.tokens ?? createTokens({ clock, ...options }),
    guard: parts.guard ?? sameTenant,
    announcer: parts.announcer ?? createAnnouncer(clock, cache, http, options.controllerUrl),
    generator: parts.generator ?? createGeneratorClient(http, options),
    transition: parts.transition ?? transitionExperiment,
  };
  const feed = parts.feed ?? createEventFeed({ clock, sql, cache, logger, options });
  const hub = createHub(context, feed, given.wrapSocket ?? ((socket) => socket));
  const table = parts.routes === undefined ? routes : [...parts.routes, ...routes];
  const app = createApp(context, table, hub.poll);
  return {
    handle: app,
    openSocket: hub.open,
    start: async () => {
      // Asked early, so that the first request and the first socket need not wait; later ones ask again.
      await context.time.now().catch(() => undefined);
    },
    stop: async () => hub.stop(),
  };
}
