/** What the gateway tells Prometheus. */
import { Counter, Gauge, Histogram, Registry } from "prom-client";

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
