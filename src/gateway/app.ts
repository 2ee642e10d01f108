/**
 * The router: one hono application over the table of routes.
 *
 * Whatever protects a route is done here, for all of them: who asks, what role it takes, what the body must look
 * like, how errors are told, what is counted. A route that is in the table cannot miss any of it.
 */
import { Hono } from "hono";
import type { HttpReply, HttpRequest } from "../ports/index.js";
import type { GatewayContext } from "./context.js";
import { ApiError, errorReply, forbidden, toApiError } from "./errors.js";
import { describeRoutes } from "./openapi.js";
import { reply, type Reply } from "./reply.js";
import { parseWith, type Route } from "./route.js";
import { mayAct, type Identity } from "./tokens.js";

/** Where the routes live; the first is documented. */
const bases = ["/api/v1", "/v1"];

interface Slot {
  readonly request: HttpRequest;
  reply?: Reply;
  /** Pattern of the route that answered. */
  endpoint?: string;
}

interface Environment {
  Bindings: { readonly slot: Slot; readonly context: GatewayContext };
}

type Router = Hono<Environment>;

/** Answers one request. Never throws. */
export type App = (request: HttpRequest) => Promise<HttpReply>;

/** @param routes - Must not change afterwards: gateways with the same table share one router. */
export function createApp(context: GatewayContext, routes: readonly Route[]): App {
  const router = routerOf(routes);
  return async (request) => {
    const startedMs = context.clock.monotonic();
    const slot: Slot = { request };
    await router.fetch(bareRequest(request), { slot, context });
    const result = slot.reply ?? reply(500);
    const endpoint = slot.endpoint ?? "unmatched";
    context.metrics.answered(request.method, endpoint, result.status, context.clock.monotonic() - startedMs);
    return toHttpReply(result);
  };
}

// A router knows no gateway: whose request it is comes with the request.
const routers = new WeakMap<readonly Route[], Router>();

function routerOf(routes: readonly Route[]): Router {
  const known = routers.get(routes);
  if (known !== undefined) return known;
  const router = buildRouter(routes);
  routers.set(routes, router);
  return router;
}

function buildRouter(routes: readonly Route[]): Router {
  const app: Router = new Hono<Environment>();
  // The reply goes back beside the response: reading it out of a stream again would only cost time.
  const done = new Response(null);
  mountPlain(app, routes, done);
  for (const base of bases) {
    for (const route of routes) {
      const path = base + route.path.replaceAll(/\{(\w+)\}/g, ":$1");
      app[route.method](path, async (c) => {
        const { slot, context } = c.env;
        slot.endpoint = base + route.path;
        slot.reply = await answer(context, route, slot.request, c.req.param());
        return done;
      });
    }
  }
  app.notFound(async (c) => {
    c.env.slot.reply = errorReply(new ApiError("NOT_FOUND", `no such route: ${c.req.method} ${c.req.path}`));
    return done;
  });
  app.onError((error, c) => {
    c.env.slot.reply = errorReply(error);
    c.env.context.logger.error("a route failed", { error: error.message });
    return done;
  });
  return app;
}

// The router reads method and URL and nothing else; a whole Request would cost more than routing itself.
function bareRequest({ method, url }: HttpRequest): Request {
  return { method, url: url.startsWith("/") ? `http://gateway${url}` : url } as Request;
}

function mountPlain(app: Router, routes: readonly Route[], done: Response): void {
  const plain = (path: string, answerPlain: (context: GatewayContext) => Promise<Reply> | Reply): void => {
    app.get(path, async (c) => {
      c.env.slot.endpoint = path;
      c.env.slot.reply = await answerPlain(c.env.context);
      return done;
    });
  };
  plain("/health", () => reply(200, { status: "ok" }));
  plain("/ready", () => reply(200, { status: "ok" }));
  plain("/metrics", async ({ metrics }) =>
    reply(200, await metrics.text(), { "content-type": metrics.contentType }),
  );
  plain("/openapi.json", () => reply(200, describeRoutes(routes, bases[0] ?? "")));
}

// A database that is cut off is silent for a minute and more, and clients give up long before. What the request has
// begun goes on, as it does when a client goes away.
async function inTime(context: GatewayContext, work: Promise<Reply> | Reply): Promise<Reply> {
  if (!(work instanceof Promise)) return work;
  return new Promise((resolve, reject) => {
    const cancel = context.clock.setTimer(context.options.answerTimeoutMs, "answer-timeout", () =>
      reject(new ApiError("SERVICE_UNAVAILABLE", "this takes too long, try again")),
    );
    work.then(resolve, reject).finally(cancel);
  });
}

async function answer(
  context: GatewayContext,
  route: Route,
  request: HttpRequest,
  params: Readonly<Record<string, string>>,
): Promise<Reply> {
  try {
    const identity = route.access === "open" ? stranger : identify(context, request);
    if (route.access !== "open" && !mayAct(identity, route.access)) {
      throw forbidden(`this takes the role ${route.access}`);
    }
    const takesBody = route.body !== undefined || route.documentedBody !== undefined;
    const body = takesBody ? readBody(request, route, context.options.bodyMax) : undefined;
    return await inTime(
      context,
      route.handle({
        context,
        params,
        query: queryOf(request.url),
        headers: request.headers,
        body,
        rawBody: request.body,
        identity,
      }),
    );
  } catch (error) {
    if (toApiError(error).code === "INTERNAL_ERROR") {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      context.logger.error("a request failed", { route: `${route.method} ${route.path}`, error: text });
    }
    return errorReply(error);
  }
}

function queryOf(url: string): URLSearchParams {
  const start = url.indexOf("?");
  return new URLSearchParams(start < 0 ? "" : url.slice(start + 1).replace(/#.*$/, ""));
}

const stranger: Identity = { userId: "", email: "", roles: [], tenantId: "" };

function identify(context: GatewayContext, request: HttpRequest): Identity {
  const [scheme, token] = (request.headers["authorization"] ?? "").trim().split(/\s+/);
  if (scheme?.toLowerCase() !== "bearer" || token === undefined || token === "") {
    throw new ApiError("AUTHENTICATION_ERROR", "a bearer token is needed");
  }
  return context.tokens.verify(token);
}

function readBody({ body }: HttpRequest, route: Route, bodyMax: number): unknown {
  if (body.length > bodyMax) {
    throw new ApiError(
      "PAYLOAD_TOO_LARGE",
      `the body has ${body.length} characters, the limit is ${bodyMax}`,
    );
  }
  let value: unknown;
  try {
    value = body.trim() === "" ? {} : JSON.parse(body);
  } catch {
    throw new ApiError("VALIDATION_ERROR", "the body is not valid json");
  }
  // Rarely true, and then the parsed texts decide: the escape may be an escaped backslash and four digits.
  if (suspicious.test(body) && holdsUnstorable(value)) {
    throw new ApiError(
      "VALIDATION_ERROR",
      "texts must not contain the character NUL or half of a surrogate pair",
    );
  }
  return route.body === undefined ? value : parseWith(route.body, value);
}

function toHttpReply({ status, body, headers = {} }: Reply): HttpReply {
  if (body === undefined) return { status, headers, body: "" };
  if (typeof body === "string")
    return { status, headers: { "content-type": "text/plain", ...headers }, body };
  return { status, headers: { "content-type": "application/json", ...headers }, body: JSON.stringify(body) };
}

const suspicious = /\\u(?:0000|[dD][89a-fA-F])|[\ud800-\udfff]/;
// eslint-disable-next-line no-control-regex -- NUL is what this looks for: the database cannot store it.
const unstorable = /\u0000|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

function holdsUnstorable(value: unknown): boolean {
  if (typeof value === "string") return unstorable.test(value);
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, inner]) => unstorable.test(key) || holdsUnstorable(inner));
}
