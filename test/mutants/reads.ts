/** Gateways that answer with what is old, partial, or not so. */
import type { Cache, HttpReply, HttpRequest } from "../../src/ports/index.js";
import type { Mutant } from "./mutant.js";
import { gatewayAnswer, gatewayStub, json } from "./twists.js";

const onePath = /\/v1\/experiments\/[0-9a-f-]{36}$/;
const listPath = /\/v1\/experiments(?:\?|$)/;

type Body = Record<string, unknown>;

function changed(reply: HttpReply, change: (body: Body) => Body): HttpReply {
  return { ...reply, body: JSON.stringify(change(JSON.parse(reply.body) as Body)) };
}

function listAnswer(change: (experiments: readonly unknown[]) => readonly unknown[]): Mutant["platform"] {
  return gatewayAnswer(({ method, url }, reply) =>
    method === "GET" && listPath.test(url) && reply.status === 200
      ? changed(reply, (body) => ({ ...body, experiments: change(body["experiments"] as unknown[]) }))
      : undefined,
  );
}

/** @returns A platform whose gateways answer with the help of Redis. */
function withCache(
  answer: (
    cache: Cache,
    request: Parameters<Parameters<typeof gatewayStub>[0]>[0],
    handle: (headers?: HttpRequest["headers"]) => Promise<HttpReply>,
  ) => Promise<HttpReply>,
): Mutant["platform"] {
  // Ports are wrapped right before the handler of the same life.
  let latest: Cache | undefined;
  return {
    gateway: {
      ports: (ports) => {
        latest = ports.cache;
        return ports;
      },
      handler: (handler) => {
        const cache = latest as Cache;
        return async (request) => {
          return answer(cache, request, async (headers = request.headers) =>
            handler({ ...request, headers }),
          );
        };
      },
    },
  };
}

export const readMutants: readonly Mutant[] = [
  {
    name: "cached-for-five-minutes",
    wrong: "experiments are read from a cache that nothing invalidates",
    caughtBy: ["invariant/linearizable-reads"],
    platform: withCache(async (cache, { method, url, headers }, handle) => {
      if (method !== "GET" || !onePath.test(url)) return handle();
      const key = `experiment:${url}:${headers["authorization"]}`;
      const known = await cache.get(key).catch(() => null);
      if (known !== null) return json(200, JSON.parse(known));
      const reply = await handle();
      if (reply.status === 200) await cache.set(key, reply.body, 300_000).catch(() => undefined);
      return reply;
    }),
  },
  {
    name: "keys-in-redis",
    wrong: "which requests were carried out is kept in Redis only",
    caughtBy: ["invariant/idempotency"],
    platform: withCache(async (cache, { method, headers }, handle) => {
      const name = headers["idempotency-key"];
      if (method !== "POST" || name === undefined) return handle();
      const key = `idempotency:${name}`;
      const known = await cache.get(key).catch(() => null);
      if (known !== null) return json(201, JSON.parse(known));
      const { "idempotency-key": _key, ...others } = headers;
      const reply = await handle(others);
      if (reply.status === 201) await cache.set(key, reply.body, 86_400_000).catch(() => undefined);
      return reply;
    }),
  },
  {
    name: "status-is-omitted",
    shows: "always",
    wrong: "an experiment is told without its state",
    caughtBy: ["invariant/linearizable-reads"],
    platform: gatewayAnswer(({ method, url }, reply) =>
      method === "GET" && onePath.test(url) && reply.status === 200
        ? changed(reply, ({ state: _state, status: _status, ...rest }) => rest)
        : undefined,
    ),
  },
  {
    name: "outages-are-not-found",
    wrong: "when the database is away, experiments are told not to exist",
    caughtBy: ["invariant/linearizable-reads"],
    platform: gatewayAnswer(({ method, url }, reply) =>
      method === "GET" && onePath.test(url) && reply.status === 503
        ? json(404, { error: "no such experiment", code: "NOT_FOUND" })
        : undefined,
    ),
  },
  {
    name: "not-found-is-an-internal-error",
    wrong: "that there is no such row is not recognized",
    caughtBy: ["invariant/no-internal-error"],
    platform: gatewayAnswer((_request, reply) =>
      reply.status === 404 ? { ...reply, status: 500 } : undefined,
    ),
  },
  {
    name: "second-page-breaks",
    wrong: "the statement for later pages is not well formed",
    caughtBy: ["invariant/no-internal-error"],
    platform: gatewayStub(({ url }) =>
      url.includes("offset=1") ? json(500, { error: "syntax error at or near page_token" }) : undefined,
    ),
  },
  {
    name: "lists-are-cut",
    wrong: "a list ends too early and says that there is no more",
    caughtBy: ["invariant/linearizable-reads"],
    platform: listAnswer((experiments) => experiments.slice(1)),
  },
  {
    name: "lists-repeat-rows",
    wrong: "a list in no stable order tells of a row twice",
    caughtBy: ["invariant/linearizable-reads"],
    platform: listAnswer((experiments) => [...experiments, ...experiments]),
  },
  {
    name: "lost-answers-are-repeated",
    wrong: "a gateway whose commit was not answered does it again, without the key",
    caughtBy: ["invariant/idempotency"],
    platform: {
      gateway: {
        handler: (handler) => async (request) => {
          const reply = await handler(request);
          if (reply.status !== 503 || request.method !== "POST") return reply;
          const { "idempotency-key": _key, ...headers } = request.headers;
          return handler({ ...request, headers });
        },
      },
    },
  },
];
