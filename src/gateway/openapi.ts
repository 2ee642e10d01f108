/** The table of routes as an OpenAPI document. */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import type { Route } from "./route.js";

type PathConfig = Parameters<OpenAPIHono["openAPIRegistry"]["registerPath"]>[0];

const failure = z
  .object({ error: z.string(), message: z.string(), code: z.string(), details: z.unknown() })
  .openapi("Error");

// A table of routes never changes, and describing one costs more than starting a gateway.
const documents = new WeakMap<readonly Route[], unknown>();

/** @returns The OpenAPI 3.1 document of a table of routes. @param base - Put before each path. */
export function describeRoutes(routes: readonly Route[], base: string): unknown {
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
