/**
 * The config generator: renders pipeline templates to collector configurations over HTTP.
 *
 * The same request gives the same reply, except `generated_at`. Versions are the caller's business; the copy kept for
 * `GET /api/v1/configs/:id` is a convenience that a restart empties.
 */
import { Counter, Registry } from "prom-client";
import { z } from "zod";

import type { Clock, HttpHandler, HttpReply, HttpRequest, Logger } from "../ports/index.js";
import {
  createRenderer,
  parseBody,
  parseGenerateRequest,
  type FieldProblem,
  type GeneratedConfig,
  type Renderer,
} from "./generate.js";
import { templates } from "./templates.js";
import { validateConfiguration } from "./validate.js";

// What the generator counts about itself, for its `/metrics`.

interface RequestMetrics {
  readonly contentType: string;
  countRequest(method: string, endpoint: string, status: number): void;
  countGenerated(template: string): void;
  /** @returns Prometheus text. */
  text(): Promise<string>;
}

/** Builds metrics in a registry of their own, so that two generators in one process do not share counts. */
function createRequestMetrics(): RequestMetrics {
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

export interface GeneratorOptions {
  /** Experiments whose last configuration `GET /api/v1/configs/:id` still knows. @default 1000 */
  readonly lastConfigsMax?: number;
  /** Renderings kept for requests that differ only in their experiment id. @default 64 */
  readonly renderingsMax?: number;
  /** Longest body that is read, in characters. @default 2_000_000 */
  readonly bodyLengthMax?: number;
}

export interface GeneratorParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly options?: GeneratorOptions;
  /** Share one among generators: what one has rendered another need not. @default one of its own */
  readonly renderer?: Renderer;
}

export interface Generator {
  readonly handle: HttpHandler;
  start(): void;
  /** Stops serving: every later request is answered 503. */
  stop(): void;
}

interface Route {
  readonly method: "GET" | "POST";
  readonly endpoint: string;
  serve(request: HttpRequest, argument: string): HttpReply | Promise<HttpReply>;
}

const validateRequest = z.object({ configuration: z.string() });

/** Builds a generator; it serves after `start()`. */
export function createGenerator({ clock, logger, options = {}, renderer }: GeneratorParts): Generator {
  const { lastConfigsMax = 1000, renderingsMax = 64, bodyLengthMax = 2_000_000 } = options;
  const renderConfigs = renderer ?? createRenderer(renderingsMax);
  const metrics = createRequestMetrics();
  const lastConfigs = new Map<string, GeneratedConfig & { generated_at: string }>();
  let serving = false;

  function generate(request: HttpRequest): HttpReply {
    const body = decode(request.body, bodyLengthMax);
    if (!body.ok) return invalid(body.problems);
    const parsed = parseGenerateRequest(body.value);
    if (!parsed.ok) return invalid(parsed.problems);
    const generated = renderConfigs(parsed.value);
    if (!generated.ok) return invalid(generated.problems);
    const reply = { ...generated.value, generated_at: isoTime(clock.now()) };
    remember(reply);
    metrics.countGenerated(parsed.value.baseline_pipeline);
    metrics.countGenerated(parsed.value.candidate_pipeline);
    logger.info("configuration generated", { experiment_id: reply.experiment_id, version: reply.version });
    return json(200, reply);
  }

  function remember(reply: GeneratedConfig & { generated_at: string }): void {
    lastConfigs.delete(reply.experiment_id);
    lastConfigs.set(reply.experiment_id, reply);
    const [oldest] = lastConfigs.keys();
    if (lastConfigs.size > lastConfigsMax && oldest !== undefined) lastConfigs.delete(oldest);
  }

  function validate(request: HttpRequest): HttpReply {
    const body = decode(request.body, bodyLengthMax);
    if (!body.ok) return invalid(body.problems);
    const parsed = parseBody(validateRequest, body.value);
    return parsed.ok
      ? json(200, validateConfiguration(parsed.value.configuration))
      : invalid(parsed.problems);
  }

  function lastConfig(experimentId: string): HttpReply {
    const known = lastConfigs.get(experimentId);
    return known === undefined
      ? failure(404, "not found", "NOT_FOUND", `No configuration was generated here for "${experimentId}".`)
      : json(200, known);
  }

  const healthy = (): HttpReply => json(200, { status: "ok" });
  const routes: readonly Route[] = [
    { method: "POST", endpoint: "/api/v1/generate", serve: generate },
    { method: "POST", endpoint: "/api/v1/validate", serve: validate },
    { method: "GET", endpoint: "/api/v1/templates", serve: () => json(200, templateList) },
    { method: "GET", endpoint: "/api/v1/configs/:id", serve: (_, id) => lastConfig(id) },
    { method: "GET", endpoint: "/health", serve: healthy },
    { method: "GET", endpoint: "/ready", serve: healthy },
    {
      method: "GET",
      endpoint: "/metrics",
      serve: async () => text(200, await metrics.text(), metrics.contentType),
    },
  ];

  async function handle(request: HttpRequest): Promise<HttpReply> {
    if (!serving)
      return failure(503, "service unavailable", "SERVICE_UNAVAILABLE", "The generator is stopped.");
    const { pathname } = new URL(request.url);
    const match = findRoute(routes, pathname);
    const reply =
      match === undefined
        ? failure(404, "not found", "NOT_FOUND", `Nothing is served at ${pathname}.`)
        : request.method === match.route.method
          ? await match.route.serve(request, match.argument)
          : methodNotAllowed(request.method, match.route);
    metrics.countRequest(request.method, match?.route.endpoint ?? "unknown", reply.status);
    return reply;
  }

  return {
    handle,
    start: () => {
      serving = true;
    },
    stop: () => {
      serving = false;
    },
  };
}

const templateList = {
  templates: templates.map(({ name, description }) => ({ name, description })),
};

/** A `Date` made from given milliseconds reads no clock. */
const isoTime = (epochMs: number): string => new Date(epochMs).toISOString();

function findRoute(routes: readonly Route[], path: string): { route: Route; argument: string } | undefined {
  for (const route of routes) {
    if (route.endpoint === path) return { route, argument: "" };
    const prefix = route.endpoint.endsWith("/:id") ? route.endpoint.slice(0, -":id".length) : undefined;
    if (prefix === undefined || !path.startsWith(prefix)) continue;
    const argument = path.slice(prefix.length);
    if (argument !== "" && !argument.includes("/")) return { route, argument };
  }
  return undefined;
}

function decode(
  body: string,
  lengthMax: number,
): { ok: true; value: unknown } | { ok: false; problems: readonly FieldProblem[] } {
  const problem = (message: string) => ({ ok: false, problems: [{ field: "", message }] }) as const;
  if (body.length > lengthMax)
    return problem(`body has ${body.length} characters, at most ${lengthMax} are read`);
  try {
    return { ok: true, value: JSON.parse(body) };
  } catch (error) {
    return problem(`body is not JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function json(status: number, value: unknown): HttpReply {
  return text(status, JSON.stringify(value), "application/json");
}

function text(status: number, body: string, contentType: string): HttpReply {
  return { status, headers: { "content-type": contentType }, body };
}

function failure(status: number, error: string, code: string, message: string): HttpReply {
  return json(status, { error, message, code, details: [] });
}

function methodNotAllowed(method: string, route: Route): HttpReply {
  const reply = failure(
    405,
    "method not allowed",
    "METHOD_NOT_ALLOWED",
    `${method} is not served at ${route.endpoint}; use ${route.method}.`,
  );
  return { ...reply, headers: { ...reply.headers, allow: route.method } };
}

function invalid(problems: readonly FieldProblem[]): HttpReply {
  const message = problems
    .map(({ field, message }) => (field === "" ? message : `${field}: ${message}`))
    .join("; ");
  return json(400, { error: "invalid request", message, code: "VALIDATION_ERROR", details: problems });
}
