/** Gateways that let the wrong people in, lose what they acknowledged, or do it twice. */
import { createTokens } from "../../src/gateway/index.js";
import { type Mutant, rewrite } from "./mutant.js";
import { gatewayAnswer, gatewaySql, gatewayStub, json } from "./twists.js";

const tokenOptions = {
  jwtSecret: "phoenix-development-secret",
  jwtIssuer: "phoenix-platform",
  tokenLifeMs: 86_400_000,
};

export const gatewayMutants: readonly Mutant[] = [
  {
    name: "no-tenant-check",
    shows: "always",
    wrong: "everybody sees everything",
    caughtBy: ["invariant/tenant-isolation"],
    platform: { gateway: { parts: { guard: () => true } } },
  },
  {
    name: "admins-see-all-tenants",
    shows: "always",
    wrong: "administrators see what belongs to other tenants",
    caughtBy: ["invariant/tenant-isolation"],
    platform: {
      gateway: {
        parts: {
          guard: (identity, thing) =>
            identity.roles.includes("admin") || identity.tenantId === thing.tenant_id,
        },
      },
    },
  },
  {
    name: "tenant-is-taken-from-nowhere",
    shows: "always",
    wrong: "experiments are stored under one tenant for all",
    caughtBy: ["invariant/tenant-isolation"],
    platform: gatewaySql(
      () => (statement, values, run) =>
        statement.name === "insert-experiment" ? run(statement, values.with(1, "tenant-001")) : undefined,
    ),
  },
  {
    name: "every-token-is-an-administrators",
    wrong: "roles of a token are not looked at",
    caughtBy: ["invariant/roles"],
    platform: {
      gateway: {
        parts: ({ clock }) => {
          const tokens = createTokens({ clock, ...tokenOptions });
          return {
            tokens: { ...tokens, verify: (token) => ({ ...tokens.verify(token), roles: ["admin"] }) },
          };
        },
      },
    },
  },
  {
    name: "ids-of-one-second",
    shows: "always",
    wrong: "ids are made from the time in seconds",
    caughtBy: ["invariant/no-internal-error", "invariant/unique-ids"],
    platform: {
      gateway: {
        parts: ({ clock }) => ({
          ids: {
            next: () => `00000000-0000-4000-8000-${String(Math.floor(clock.now() / 1000)).padStart(12, "0")}`,
          },
        }),
      },
    },
  },
  {
    name: "keys-are-ignored",
    wrong: "a request that is sent again makes another experiment",
    caughtBy: ["invariant/idempotency"],
    platform: {
      gateway: {
        handler: (handler) => async (request) => {
          const { "idempotency-key": _key, ...headers } = request.headers;
          return handler({ ...request, headers });
        },
      },
    },
  },
  {
    name: "key-before-the-effect",
    wrong: "the idempotency key is taken in a transaction of its own",
    caughtBy: ["invariant/acknowledged-writes"],
    platform: {
      gateway: {
        ports: (ports) => ({
          ...ports,
          sql: {
            ...ports.sql,
            async connect() {
              const connection = await ports.sql.connect();
              return {
                query: async (statement, values = []) =>
                  (statement.name === "insert-idempotency-key" ? ports.sql : connection).query(
                    statement,
                    values,
                  ),
                release: (destroy?: boolean) => connection.release(destroy),
              };
            },
          },
        }),
      },
    },
  },
  {
    name: "answers-change-on-repetition",
    wrong: "a repeated request gets an answer of its own",
    caughtBy: ["invariant/idempotency"],
    platform: gatewaySql(() =>
      rewrite("select-idempotency-key", (text) => text.replace("reply FROM", "reply || ' ' AS reply FROM")),
    ),
  },
  {
    name: "acknowledged-before-it-is-stored",
    shows: "always",
    wrong: "the answer does not wait for the insert",
    caughtBy: ["invariant/acknowledged-writes"],
    platform: gatewaySql(() => (statement, values, run) => {
      if (statement.name !== "commit") return undefined;
      void run(statement, values).catch(() => undefined);
      return Promise.resolve({ rows: [], rowCount: null });
    }),
  },
  {
    name: "stored-under-another-name",
    shows: "always",
    wrong: "names are stored in upper case",
    caughtBy: ["invariant/acknowledged-writes"],
    platform: gatewaySql(
      () => (statement, values, run) =>
        statement.name === "insert-experiment"
          ? run(statement, values.with(2, String(values[2]).toUpperCase()))
          : undefined,
    ),
  },
  {
    name: "stop-is-a-stub",
    shows: "always",
    wrong: "stopping answers and does nothing",
    caughtBy: ["invariant/acknowledged-writes"],
    platform: gatewayStub(({ method, url }) =>
      method === "POST" && url.endsWith("/stop") ? json(200, { message: "stopped" }) : undefined,
    ),
  },
  {
    name: "rename-is-a-stub",
    shows: "always",
    wrong: "renaming answers and does nothing",
    caughtBy: ["invariant/acknowledged-writes", "invariant/tenant-isolation"],
    platform: gatewayStub(({ method, body }) =>
      method === "PATCH" ? json(200, JSON.parse(body)) : undefined,
    ),
  },
  {
    name: "outages-are-internal-errors",
    wrong: "an outage of the database is answered 500",
    caughtBy: ["invariant/no-internal-error"],
    platform: gatewayAnswer((_request, reply) =>
      reply.status === 503 ? { ...reply, status: 500 } : undefined,
    ),
  },
  {
    name: "metrics-of-every-node",
    shows: "always",
    wrong: "metrics are labelled with nodes of other experiments",
    caughtBy: ["invariant/own-nodes"],
    platform: gatewayAnswer(({ url }, reply) => {
      if (!url.includes("/metrics") || !url.includes("/experiments/") || reply.status !== 200)
        return undefined;
      const body = JSON.parse(reply.body) as Record<string, unknown>;
      return { ...reply, body: JSON.stringify({ ...body, labels: { node: ["node1", "node10"] } }) };
    }),
  },
  {
    name: "tenants-in-error-texts",
    shows: "always",
    wrong: "a refusal shows the experiments of the other tenant",
    caughtBy: ["invariant/tenant-isolation"],
    platform: {
      gateway: {
        handler:
          (handler, seen = new Set<string>()) =>
          async (request) => {
            const reply = await handler(request);
            const [id] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(reply.body) ?? [];
            if (reply.status === 201 && id !== undefined) seen.add(id);
            if (reply.status < 400) return reply;
            return { ...reply, body: JSON.stringify({ error: "forbidden", known: [...seen] }) };
          },
      },
    },
  },
];
