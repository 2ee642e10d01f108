/** What every route has at hand: the ports, the options of the gateway, its metrics, and the announcer of commits. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";

import type { PrometheusClient } from "../analysis/index.js";
import type { Cache, Clock, HttpClient, Logger, Random, SqlPool } from "../ports/index.js";
import {
  eventsChannel,
  formatHint,
  hintsChannel,
  type DatabaseTime,
  type GeneratorClient,
  type Hint,
  type Ids,
} from "../shared/index.js";
import type { TransitionExperiment } from "../store/index.js";
import type { TenantGuard, Tokens, checkPassword } from "./access.js";

export interface GatewayContext {
  readonly clock: Clock;
  readonly random: Random;
  readonly sql: SqlPool;
  readonly http: HttpClient;
  readonly logger: Logger;
  readonly options: ResolvedGatewayOptions;
  readonly time: DatabaseTime;
  readonly prometheus: PrometheusClient;
  readonly metrics: GatewayMetrics;
  readonly ids: Ids;
  readonly tokens: Tokens;
  readonly checkPassword: typeof checkPassword;
  readonly guard: TenantGuard;
  readonly announcer: Announcer;
  readonly generator: GeneratorClient;
  readonly transition: TransitionExperiment;
}

// How the gateway behaves. Every time is in milliseconds.

export interface GatewayOptions {
  /** Key of the signature of tokens. @default "phoenix-development-secret" */
  readonly jwtSecret?: string;
  /** Who issues tokens. @default "phoenix-platform" */
  readonly jwtIssuer?: string;
  /** How long a token is good. @default 86_400_000 */
  readonly tokenLifeMs?: number;
  /** Largest request body, in characters. @default 1_048_576 */
  readonly bodyMax?: number;
  /** Limit of one request to another service. @default 10_000 */
  readonly requestTimeoutMs?: number;
  /** How long one request may take; then it is answered 503, whatever becomes of its work. @default 20_000 */
  readonly answerTimeoutMs?: number;
  /** While sockets are open, between two looks for events that no message announced. @default 1_000 */
  readonly eventPollMs?: number;
  /** Frames a socket may be behind before it is closed. @default 256 */
  readonly socketBacklogMax?: number;
  /** Characters the peer of a socket may be behind before it is closed. @default 262_144 */
  readonly socketBufferMax?: number;
  /** Events kept in memory for sockets that subscribe late or come back. @default 1_024 */
  readonly eventsKept?: number;
  /** @default "http://generator:8082" */
  readonly generatorUrl?: string;
  /** @default "http://prometheus:9090" */
  readonly prometheusUrl?: string;
  /** @default "http://controller:8081" */
  readonly controllerUrl?: string;
}

export type ResolvedGatewayOptions = Required<GatewayOptions>;

const defaults: ResolvedGatewayOptions = {
  jwtSecret: "phoenix-development-secret",
  jwtIssuer: "phoenix-platform",
  tokenLifeMs: 86_400_000,
  bodyMax: 1_048_576,
  requestTimeoutMs: 10_000,
  answerTimeoutMs: 20_000,
  eventPollMs: 1_000,
  socketBacklogMax: 256,
  socketBufferMax: 262_144,
  eventsKept: 1_024,
  generatorUrl: "http://generator:8082",
  prometheusUrl: "http://prometheus:9090",
  controllerUrl: "http://controller:8081",
};

/** Fills in what is missing. @throws RangeError when a number is not positive or the secret is empty. */
export function resolveGatewayOptions(options: GatewayOptions = {}): ResolvedGatewayOptions {
  const resolved = { ...defaults, ...options };
  for (const [name, value] of Object.entries(resolved)) {
    const wrong = typeof value === "number" ? !(value > 0 && Number.isFinite(value)) : value === "";
    if (wrong) throw new RangeError(`Gateway option ${name} must not be ${JSON.stringify(value)}.`);
  }
  return Object.freeze(resolved);
}

/** @returns Bytes beyond which a body has too many characters, whatever they are. */
export function bodyBytesMaxOf({ bodyMax }: Pick<ResolvedGatewayOptions, "bodyMax">): number {
  // A character takes three bytes of UTF-8 at the most; one of two halves takes four.
  return 3 * bodyMax;
}

// What the gateway tells Prometheus.

export interface GatewayMetrics {
  /** Notes a request that was answered. @param endpoint - The route's pattern, not the path. */
  answered(method: string, endpoint: string, status: number, tookMs: number): void;
  created(): void;
  /** Notes how many sockets are open. */
  sockets(count: number): void;
  /** @returns The exposition text. */
  text(): Promise<string>;
  readonly contentType: string;
}

/** Creates metrics in a registry of their own. */
export function createGatewayMetrics(): GatewayMetrics {
  const registry = new Registry();
  const registers = [registry];
  const requests = new Counter({
    name: "phoenix_api_requests_total",
    help: "Requests answered.",
    labelNames: ["method", "endpoint", "status"],
    registers,
  });
  const duration = new Histogram({
    name: "phoenix_api_request_duration_seconds",
    help: "Time from request to reply.",
    labelNames: ["method", "endpoint"],
    buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  });
  const created = new Counter({
    name: "phoenix_experiments_created_total",
    help: "Experiments created.",
    registers,
  });
  const sockets = new Gauge({
    name: "phoenix_websocket_connections_active",
    help: "Open sockets.",
    registers,
  });
  return {
    answered: (method, endpoint, status, tookMs) => {
      requests.inc({ method, endpoint, status });
      duration.observe({ method, endpoint }, tookMs / 1000);
    },
    created: () => created.inc(),
    sockets: (count) => sockets.set(count),
    text: () => registry.metrics(),
    contentType: registry.contentType,
  };
}

// Telling controllers and other gateways that something was committed.

export interface Announcer {
  /** After a new experiment or a start: wakes a controller and live clients. Never throws. */
  started(experimentId: string): void;
  /** After any other change that a controller has to act on. Never throws. */
  changed(experimentId: string): void;
  /** After a change that only clients need to hear of. Never throws. */
  published(experimentId: string): void;
}

/** How long Redis may take to say who heard; a frozen one never says. */
const publishTimeoutMs = 500;

/**
 * Announces over Redis, and to a controller directly when Redis fails, stays silent, or nobody listens there.
 * Fires and forgets: whatever is lost is found by the ticks of the listeners.
 */
export function createAnnouncer(
  clock: Clock,
  cache: Cache,
  http: HttpClient,
  controllerUrl: string,
): Announcer {
  const published = (id: string): void => void cache.publish(eventsChannel, id).catch(() => undefined);

  // @returns How many heard; 0 as well when nobody can say.
  async function publish(message: string): Promise<number> {
    return new Promise((resolve) => {
      const cancel = clock.setTimer(publishTimeoutMs, "announce-timeout", () => resolve(0));
      const settle = (heard: number): void => {
        cancel();
        resolve(heard);
      };
      cache.publish(hintsChannel, message).then(settle, () => settle(0));
    });
  }

  async function hint(value: Hint): Promise<void> {
    const message = formatHint(value);
    const heard = await publish(message);
    if (heard === 0)
      await http.request(`${controllerUrl}/hints`, { method: "POST", body: message, timeoutMs: 2_000 });
  }

  const send = (value: Hint): void => {
    void hint(value).catch(() => undefined);
    published(value.id);
  };
  return {
    published,
    started: (id) => send({ id, kind: "start" }),
    changed: (id) => send({ id, kind: "change" }),
  };
}
