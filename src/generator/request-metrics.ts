/** What the generator counts about itself, for its `/metrics`. */
import { Counter, Registry } from "prom-client";

export interface RequestMetrics {
  readonly contentType: string;
  countRequest(method: string, endpoint: string, status: number): void;
  countGenerated(template: string): void;
  /** @returns Prometheus text. */
  text(): Promise<string>;
}

/** Builds metrics in a registry of their own, so that two generators in one process do not share counts. */
export function createRequestMetrics(): RequestMetrics {
  const registry = new Registry();
  const requests = new Counter({
    name: "phoenix_generator_requests_total",
    help: "HTTP requests by method, endpoint and status.",
    labelNames: ["method", "endpoint", "status"] as const,
    registers: [registry],
  });
  const generated = new Counter({
    name: "phoenix_generator_configs_generated_total",
    help: "Collector configurations rendered, by template.",
    labelNames: ["template"] as const,
    registers: [registry],
  });
  return {
    contentType: registry.contentType,
    countRequest: (method, endpoint, status) => requests.inc({ method, endpoint, status: String(status) }),
    countGenerated: (template) => generated.inc({ template }),
    text: () => registry.metrics(),
  };
}
