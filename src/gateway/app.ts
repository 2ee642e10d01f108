/**
 * The gateway as a function of requests: hono's router over the table of routes.
 *
 * Whatever protects a route is done here, for all of them: who asks, what role it takes, what the body must look
 * like, how errors are answered, what is counted. A route that is in the table cannot miss any of it.
 */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import { RegExpRouter } from "hono/router/reg-exp-router";
import { SmartRouter } from "hono/router/smart-router";
import { TrieRouter } from "hono/router/trie-router";
import { tryDecode } from "hono/utils/url";

import type { HttpHeaders, HttpReply, HttpRequest } from "../ports/index.js";
import { mayAct, type Identity } from "./access.js";
import type { GatewayContext } from "./context.js";
import { ApiError, errorReply, forbidden, pathOf, queryOf, reply, toApiError, type Reply } from "./http.js";
import { isPollingPath, isSocketPath } from "./live/index.js";
import { parseWith, type Route } from "./route.js";

// The table of routes as an OpenAPI document.

type PathConfig = Parameters<OpenAPIHono["openAPIRegistry"]["registerPath"]>[0];

const failure = z
  .object({ error: z.string(), message: z.string(), code: z.string(), details: z.unknown() })
  .openapi("Error");

// A table of routes never changes, and describing one costs more than starting a gateway.
const documents = new WeakMap<readonly Route[], unknown>();

/** @returns The OpenAPI 3.1 document of a table of routes. @param base - Put before each path. */
function describeRoutes(routes: readonly Route[], base: string): unknown {
  let document = documents.get(routes);
  if (document === undefined) {
    const app = new OpenAPIHono();
    const registry = app.openAPIRegistry;
    registry.registerComponent("securitySchemes", "bearer", {
      type: "http",
      scheme: "bearer",
      bearerFormat: "JWT",
    });
    registry.register("Error", failure);
    for (const route of routes) registry.registerPath(pathConfig(route, base));
    document = app.getOpenAPI31Document({
      openapi: "3.1.0",
      info: { title: "Phoenix platform", version: "1.0.0" },
      servers: [
        { url: "/", description: "Where this document was read" },
        { url: "http://localhost:8080", description: "A gateway on its usual port" },
      ],
    });
    documents.set(routes, document);
  }
  return document;
}

function pathConfig(route: Route, base: string): PathConfig {
  const names = [...route.path.matchAll(/\{(\w+)\}/g)].map((match) => match[1] ?? "");
  const params = z.object(Object.fromEntries(names.map((name) => [name, z.string()])));
  const query = described(route.query);
  const headers = described(route.requestHeaders);
  const schema = route.body ?? route.documentedBody;
  return {
    method: route.method,
    path: base + route.path,
    operationId: `${route.method}${route.path.replaceAll(/\W+(\w)?/g, (_match, letter: string = "") => letter.toUpperCase())}`,
    summary: route.summary,
    tags: [route.tag],
    security: route.access === "open" ? [] : [{ bearer: [] }],
    request: {
      ...(names.length > 0 ? { params } : {}),
      ...(query === undefined ? {} : { query }),
      ...(headers === undefined ? {} : { headers }),
      ...(schema === undefined ? {} : { body: { content: { "application/json": { schema } } } }),
    },
    responses: responses(route),
  };
}

function described(fields: Readonly<Record<string, string>> | undefined): z.ZodObject | undefined {
  if (fields === undefined) return undefined;
  const entries = Object.entries(fields).map(([name, description]) => [
    name,
    z.string().optional().openapi({ description }),
  ]);
  return z.object(Object.fromEntries(entries));
}

const meanings: Readonly<Record<number, string>> = {
  400: "The request is wrong",
  401: "No token or password, or a wrong one",
  403: "The role or the tenant forbids it",
  404: "There is no such thing",
  409: "It has changed meanwhile, exists already, or belongs to something else",
  413: "The body is too long",
  415: "The body is in a form that is not read",
  422: "The idempotency key was used with another body",
  503: "A service this needs is unavailable",
};

/** @returns The statuses by which a route refuses, in order. */
function refusalsOf({ body, documentedBody, access, path, refusals = [] }: Route): number[] {
  const statuses = new Set([400, 503, ...refusals]);
  if (body !== undefined || documentedBody !== undefined) for (const each of [413, 415]) statuses.add(each);
  if (access !== "open") for (const each of [401, 403]) statuses.add(each);
  if (path.includes("{")) statuses.add(404);
  return [...statuses].sort((a, b) => a - b);
}

function responses(route: Route): PathConfig["responses"] {
  const bad = refusalsOf(route).map((status) => [
    status,
    { description: meanings[status] ?? "", content: { "application/json": { schema: failure } } },
  ]);
  const good = Object.entries(route.replies).map(([status, description]) => [
    status,
    route.answer === undefined
      ? { description }
      : { description, content: { "application/json": { schema: route.answer() } } },
  ]);
  return Object.fromEntries([...good, ...bad]) as PathConfig["responses"];
}

// Which pages of other origins may use the gateway: those of development servers on the same machine.

const loopback = /^https?:\/\/(?:localhost|[\w-]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?$/i;

const exposed = "location, retry-after, allow, www-authenticate";
const headersAlways = "authorization, content-type, idempotency-key";
const methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
const maxAgeSeconds = 600;

/** @returns Headers that let the page read the answer; none for a page of another machine, or for no page. */
function corsHeaders({ headers }: HttpRequest): HttpHeaders {
  const origin = headers["origin"] ?? "";
  if (!loopback.test(origin)) return {};
  return {
    "access-control-allow-origin": origin,
    "access-control-allow-credentials": "true",
    "access-control-expose-headers": exposed,
    vary: "Origin",
  };
}

/** @returns What a browser must know before it sends a request. */
function preflightHeaders({ headers }: HttpRequest): HttpHeaders {
  const asked = headers["access-control-request-headers"] ?? "";
  if (headers["access-control-request-method"] === undefined || !loopback.test(headers["origin"] ?? ""))
    return {};
  return {
    "access-control-allow-methods": methods,
    "access-control-allow-headers": asked === "" ? headersAlways : asked,
    "access-control-max-age": String(maxAgeSeconds),
  };
}

// Which methods a path has, for whoever asks, or asks with another.

/** Paths beside the table of routes; each takes GET. */
const plainPaths = ["/health", "/ready", "/metrics", "/openapi.json"] as const;

/** @returns The value of an `Allow` header; empty for a path that nobody serves. */
type AllowedMethods = (path: string) => string;

/** @param bases - Where the routes live. */
function createAllowedMethods(routes: readonly Route[], bases: readonly string[]): AllowedMethods {
  const patterns = routes.map(({ path, method }) => ({
    method: method.toUpperCase(),
    pattern: new RegExp(`^(?:${bases.join("|")})${path.replaceAll(/\{\w+\}/g, "[^/]+")}$`),
  }));
  return (path) => {
    const found: string[] = patterns.filter(({ pattern }) => pattern.test(path)).map(({ method }) => method);
    if ((plainPaths as readonly string[]).includes(path)) found.push("GET");
    if (found.length === 0) return "";
    const methods = new Set(found.flatMap((method) => (method === "GET" ? ["GET", "HEAD"] : [method])));
    return [...methods, "OPTIONS"].join(", ");
  };
}

// The body of a request as a JSON value, or the reason why it cannot be read.

/** Objects and lists inside one another: enough for every document that makes sense, and little for the stack. */
const depthMax = 200;

/**
 * @param bodyMax - Longest body, in characters.
 * @returns An empty object for an empty body.
 * @throws ApiError `PAYLOAD_TOO_LARGE`, `UNSUPPORTED_MEDIA_TYPE` or `VALIDATION_ERROR`.
 */
function readJsonBody({ body, headers }: HttpRequest, bodyMax: number): unknown {
  if (body.length > bodyMax) throw tooLarge(bodyMax);
  if (body.trim() === "") return {};
  checkHeaders(headers);
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    throw new ApiError("VALIDATION_ERROR", "the body is not valid json");
  }
  if (depthOf(body) > depthMax)
    throw new ApiError("VALIDATION_ERROR", `the body is nested deeper than ${depthMax}`);
  // Rarely true, and then the parsed texts decide: the escape may be an escaped backslash and four digits.
  if (suspicious.test(body) && holdsUnstorable(value)) {
    throw new ApiError(
      "VALIDATION_ERROR",
      "texts must not contain the character NUL or half of a surrogate pair",
    );
  }
  return value;
}

/** @returns The refusal of a body that is too long. */
function tooLarge(bodyMax: number): ApiError {
  return new ApiError("PAYLOAD_TOO_LARGE", `the body is longer than ${bodyMax} characters`);
}

// Whatever is not called a form, a coding or another alphabet is read as JSON, as servers in Go read it: many clients
// say nothing, or what their library says by default.
function checkHeaders(headers: HttpRequest["headers"]): void {
  const coding = (headers["content-encoding"] ?? "").trim().toLowerCase();
  if (coding !== "" && coding !== "identity") throw unsupported(`the content coding ${coding}`);
  const type = (headers["content-type"] ?? "").toLowerCase();
  if (/^\s*(?:multipart|image|audio|video|font)\//.test(type)) throw unsupported(`the media type ${type}`);
  const charset = /;\s*charset="?([^\s";]+)/.exec(type)?.[1];
  if (charset !== undefined && !/^(?:utf-?8|us-ascii)$/.test(charset))
    throw unsupported(`the charset ${charset}`);
}

function unsupported(what: string): ApiError {
  return new ApiError("UNSUPPORTED_MEDIA_TYPE", `${what} is not read: send json in utf-8, uncompressed`);
}

// The text is known to be JSON.
function depthOf(text: string): number {
  let [depth, deepest] = [0, 0];
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (character === "{" || character === "[") deepest = Math.max(deepest, (depth += 1));
    else if (character === "}" || character === "]") depth -= 1;
    else if (character === '"') at = endOfText(text, at);
  }
  return deepest;
}

function endOfText(text: string, start: number): number {
  let at = start + 1;
  while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
  return at;
}

const suspicious = /\\u(?:0000|[dD][89a-fA-F])|[\ud800-\udfff]/;
// eslint-disable-next-line no-control-regex -- NUL is what this looks for: the database cannot store it.
const unstorable = /\u0000|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** @returns Whether the database could not store a text: it has a NUL or half of a surrogate pair. */
function isUnstorable(text: string): boolean {
  return unstorable.test(text);
}

function holdsUnstorable(value: unknown): boolean {
  if (typeof value === "string") return isUnstorable(value);
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(value).some(([key, inner]) => isUnstorable(key) || holdsUnstorable(inner));
}

/** Where the routes live; the first is documented. */
const bases = ["/api/v1", "/v1"];

/** Values of the placeholders of a path, decoded. */
type Params = Readonly<Record<string, string>>;

/** One route as the router holds it. */
interface Endpoint {
  /** Pattern of the path, for metrics. */
  readonly pattern: string;
  answer(context: GatewayContext, request: HttpRequest, params: Params): Promise<Reply> | Reply;
}

interface Router {
  /** @returns The route for a request, and the values of its placeholders; undefined when there is none. */
  match(method: string, path: string): readonly [Endpoint, Params] | undefined;
  /** Which methods a path has, as the header `allow` lists them; empty when there is no such path. */
  readonly allowedMethods: AllowedMethods;
}

/** What answered, and with what. */
interface Answered {
  readonly endpoint: string;
  readonly reply: Reply;
}

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
    const served = isPollingPath(pathOf(request.url))
      ? await carry(request, poll)
      : await serve(router, context, request);
    const tookMs = context.clock.monotonic() - startedMs;
    context.metrics.answered(request.method, served.endpoint, served.reply.status, tookMs);
    return toHttpReply(served.reply, corsHeaders(request));
  };
}

async function serve(router: Router, context: GatewayContext, request: HttpRequest): Promise<Answered> {
  const path = decodedPathOf(request.url);
  const [endpoint, params] = router.match(request.method, path) ?? [];
  if (endpoint === undefined || params === undefined)
    return { endpoint: "unmatched", reply: unrouted(request, path, router.allowedMethods(path)) };
  try {
    return { endpoint: endpoint.pattern, reply: await endpoint.answer(context, request, params) };
  } catch (error) {
    context.logger.error("a route failed", { error: (error as Error).message });
    return { endpoint: endpoint.pattern, reply: errorReply(error) };
  }
}

// An encoded percent sign stays encoded, so that a placeholder is decoded once.
function decodedPathOf(url: string): string {
  const path = pathOf(url);
  return path.includes("%") ? tryDecode(path.replaceAll("%25", "%2525"), decodeURI) : path;
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
  const table = new SmartRouter<Endpoint>({ routers: [new RegExpRouter(), new TrieRouter()] });
  for (const endpoint of plainEndpoints(routes)) table.add("GET", endpoint.pattern, endpoint);
  for (const base of bases) {
    for (const route of routes) {
      const path = base + route.path.replaceAll(/\{(\w+)\}/g, ":$1");
      table.add(route.method.toUpperCase(), path, {
        pattern: base + route.path,
        answer: async (context, request, params) => answer(context, route, request, params),
      });
    }
  }
  return {
    match(method, path) {
      const [found, stash] = table.match(method === "HEAD" ? "GET" : method, path);
      const [endpoint, places] = found[0] ?? [];
      if (endpoint === undefined || places === undefined) return undefined;
      const params = Object.entries(places).map(([name, place]) => {
        const value = typeof place === "number" ? (stash?.[place] ?? "") : place;
        return [name, value.includes("%") ? tryDecode(value, decodeURIComponent) : value] as const;
      });
      return [endpoint, Object.fromEntries(params)];
    },
    allowedMethods: createAllowedMethods(routes, bases),
  };
}

const framesPath = "/socket.io/";
const framesMethods = "GET, POST, OPTIONS";

async function carry(
  request: HttpRequest,
  poll: (request: HttpRequest) => Promise<Reply> | Reply,
): Promise<Answered> {
  const isServed = request.method === "GET" || request.method === "POST";
  const answered = isServed ? await poll(request) : unrouted(request, framesPath, framesMethods);
  return { endpoint: framesPath, reply: answered };
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

function plainEndpoints(routes: readonly Route[]): readonly Endpoint[] {
  const answers: Readonly<Record<(typeof plainPaths)[number], Endpoint["answer"]>> = {
    "/health": () => reply(200, { status: "ok" }),
    "/ready": () => reply(200, { status: "ok" }),
    "/metrics": async ({ metrics }) =>
      reply(200, await metrics.text(), { "content-type": metrics.contentType }),
    "/openapi.json": () => reply(200, describeRoutes(routes, bases[0] ?? "")),
  };
  return plainPaths.map((pattern) => ({ pattern, answer: answers[pattern] }));
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
    const identity = route.access === "open" ? anonymous : identify(context, request);
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

const anonymous: Identity = { userId: "", email: "", roles: [], tenantId: "" };

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
