/**
 * The router: one hono application over the table of routes.
 *
 * Whatever protects a route is done here, for all of them: who asks, what role it takes, what the body must look
 * like, how errors are told, what is counted. A route that is in the table cannot miss any of it.
 */
import { Hono } from "hono";
import type { HttpReply, HttpRequest } from "../ports/index.js";
import type { GatewayContext } from "./context.js";
import { corsHeaders, preflightHeaders } from "./cors.js";
import { ApiError, errorReply, forbidden, toApiError } from "./errors.js";
import { isPollingPath, isSocketPath } from "./live/index.js";
import { createAllowedMethods, type plainPaths } from "./methods.js";
import { describeRoutes } from "./openapi.js";
import { isUnstorable, readJsonBody } from "./read-body.js";
import { reply, type Reply } from "./reply.js";
import { pathOf, queryOf } from "./request-url.js";
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

/**
 * @param routes - Must not change afterwards: gateways with the same table share one router.
 * @param poll - Answers what carries frames of sockets.
 */
export function createApp(
  context: GatewayContext,
  routes: readonly Route[],
  poll: (request: HttpRequest) => Promise<Reply> | Reply,
): App {
  const router = routerOf(routes);
  return async (request) => {
    const startedMs = context.clock.monotonic();
    const slot: Slot = { request };
    if (isPollingPath(pathOf(request.url))) await carry(slot, poll);
    else await router.fetch(bareRequest(request), { slot, context });
    const result = slot.reply ?? reply(500);
    const endpoint = slot.endpoint ?? "unmatched";
    context.metrics.answered(request.method, endpoint, result.status, context.clock.monotonic() - startedMs);
    return toHttpReply(result, corsHeaders(request));
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
  const allowedMethods = createAllowedMethods(routes, bases);
  app.notFound(async (c) => {
    c.env.slot.reply = unrouted(c.env.slot.request, c.req.path, allowedMethods(c.req.path));
    return done;
  });
  app.onError((error, c) => {
    c.env.slot.reply = errorReply(error);
    c.env.context.logger.error("a route failed", { error: error.message });
    return done;
  });
  return app;
}

const framesPath = "/socket.io/";
const framesMethods = "GET, POST, OPTIONS";

async function carry(slot: Slot, poll: (request: HttpRequest) => Promise<Reply> | Reply): Promise<void> {
  const { request } = slot;
  slot.endpoint = framesPath;
  const isServed = request.method === "GET" || request.method === "POST";
  slot.reply = isServed ? await poll(request) : unrouted(request, framesPath, framesMethods);
}

// No route has this path, or none has it with this method.
function unrouted(request: HttpRequest, path: string, allow: string): Reply {
  const { method } = request;
  if (method === "GET" && isSocketPath(path)) {
    const refusal = errorReply(new ApiError("UPGRADE_REQUIRED", "sockets are opened here, by an upgrade"));
    return { ...refusal, headers: { upgrade: "websocket" } };
  }
  if (allow === "") return errorReply(new ApiError("NOT_FOUND", `no such route: ${method} ${path}`));
  if (method === "OPTIONS") return { status: 204, headers: { allow, ...preflightHeaders(request) } };
  const refusal = errorReply(new ApiError("METHOD_NOT_ALLOWED", `${method} is not one of ${allow}`));
  return { ...refusal, headers: { ...refusal.headers, allow } };
}

// The router reads method and URL and nothing else; a whole Request would cost more than routing itself.
function bareRequest({ method, url }: HttpRequest): Request {
  return { method, url: url.startsWith("/") ? `http://gateway${url}` : url } as Request;
}

function mountPlain(app: Router, routes: readonly Route[], done: Response): void {
  const plain = (
    path: (typeof plainPaths)[number],
    answerPlain: (context: GatewayContext) => Promise<Reply> | Reply,
  ): void => {
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
    const query = queryOf(request.url);
    checkTexts(params, query);
    const takesBody = route.body !== undefined || route.documentedBody !== undefined;
    const body = takesBody ? readBody(request, route, context.options.bodyMax) : undefined;
    return await inTime(
      context,
      route.handle({
        context,
        params,
        query,
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

// What the database cannot store, it cannot look for either.
function checkTexts(params: Readonly<Record<string, string>>, query: URLSearchParams): void {
  if (Object.values(params).some(isUnstorable))
    throw new ApiError(
      "VALIDATION_ERROR",
      "the path must not contain the character NUL or half of a character",
    );
  if ([...query].flat().some(isUnstorable))
    throw new ApiError(
      "VALIDATION_ERROR",
      "the query must not contain the character NUL or half of a character",
    );
}

const stranger: Identity = { userId: "", email: "", roles: [], tenantId: "" };

// RFC 6750 2.1: the word in any case, and one token.
const bearer = /^bearer +([\w.~+/-]+=*)$/i;

function identify(context: GatewayContext, request: HttpRequest): Identity {
  const token = bearer.exec((request.headers["authorization"] ?? "").trim())?.[1];
  if (token === undefined) throw new ApiError("AUTHENTICATION_ERROR", "a bearer token is needed");
  return context.tokens.verify(token);
}

function readBody(request: HttpRequest, route: Route, bodyMax: number): unknown {
  const value = readJsonBody(request, bodyMax);
  return route.body === undefined ? value : parseWith(route.body, value);
}

function toHttpReply({ status, body, headers = {} }: Reply, cors: HttpReply["headers"]): HttpReply {
  if (body === undefined) return { status, headers: { ...headers, ...cors }, body: "" };
  const [type, text] =
    typeof body === "string" ? ["text/plain", body] : ["application/json", JSON.stringify(body)];
  return { status, headers: { "content-type": type, ...headers, ...cors }, body: text };
}
