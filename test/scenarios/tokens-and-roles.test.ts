import { createSigner } from "fast-jwt";
import type { Phoenix } from "phoenix-sim";
import { createTest, expect } from "phoenix-sim/vitest";
import { describe } from "vitest";

const lifeMs = 60_000;
const test = createTest({
  globals: false,
  nodes: 1,
  platform: { gateway: { options: { tokenLifeMs: lifeMs, jwtSecret: "a secret of this test" } } },
});

async function statusFor(phoenix: Phoenix, token: string): Promise<number> {
  const headers = { authorization: `Bearer ${token}` };
  return (await phoenix.fetch(`${phoenix.url}/api/v1/auth/me`, { headers })).status;
}

async function refresh(phoenix: Phoenix, token: string): Promise<{ status: number; token: string }> {
  const response = await phoenix.fetch(`${phoenix.url}/api/v1/auth/refresh`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ token }),
  });
  const body = (await response.json()) as { token?: string };
  return { status: response.status, token: body.token ?? "" };
}

test("a token is good until it expires, and can be renewed until then", async ({ phoenix }) => {
  const { token } = await phoenix.client.login("admin@phoenix.io", "admin123");
  await phoenix.clock.advance(lifeMs - 5_000);
  expect(await statusFor(phoenix, token)).toBe(200);
  const renewed = await refresh(phoenix, token);
  await phoenix.clock.advance(10_000);
  expect([await statusFor(phoenix, token), await statusFor(phoenix, renewed.token)]).toEqual([401, 200]);
  expect(await refresh(phoenix, token)).toEqual({ status: 401, token: "" });
  await phoenix.clock.advance(lifeMs);
  expect(await statusFor(phoenix, renewed.token)).toBe(401);
});

describe("a token opens nothing", () => {
  const secret = "a secret of this test";
  const claims = {
    user_id: "u",
    email: "e@x.io",
    roles: ["admin"],
    tenant_id: "tenant1",
    iss: "phoenix-platform",
  };
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const sign = (payload: object, key = secret, algorithm: "HS256" | "HS512" = "HS256"): string =>
    createSigner({ key, algorithm, noTimestamp: true })(payload);

  test.for<[why: string, make: (exp: number) => string]>([
    ["signed with another key", (exp) => sign({ ...claims, exp }, "another key")],
    ["signed by another algorithm", (exp) => sign({ ...claims, exp }, secret, "HS512")],
    ["of algorithm none", (exp) => `${encode({ alg: "none" })}.${encode({ ...claims, exp })}.`],
    [
      "of algorithm None, signed",
      (exp) => `${encode({ alg: "None" })}.${encode({ ...claims, exp })}.c2lnbmVk`,
    ],
    ["from another issuer", (exp) => sign({ ...claims, iss: "phoenix-platform.example", exp })],
    ["that has expired", (exp) => sign({ ...claims, exp: exp - 120 })],
    ["that never expires", () => sign(claims)],
    ["without a tenant", (exp) => sign({ ...claims, tenant_id: "", exp })],
    ["that is none at all", () => "Bearer"],
  ])("%s", async ([, make], { phoenix }) => {
    const exp = Math.floor(phoenix.clock.date.getTime() / 1000) + 60;
    const token = make(exp);
    expect(await statusFor(phoenix, token)).toBe(401);
    expect((await refresh(phoenix, token)).status).toBe(401);
    const socket = new phoenix.WebSocket(`${phoenix.socketUrl}?token=${encodeURIComponent(token)}`);
    const codes: number[] = [];
    socket.addEventListener("close", ({ code }) => codes.push(code));
    await phoenix.until(() => codes.length > 0, { within: "10s" });
    expect(codes).toEqual([4401]);
  });

  test("unless it is in order", async ({ phoenix }) => {
    const exp = Math.floor(phoenix.clock.date.getTime() / 1000) + 60;
    expect(await statusFor(phoenix, sign({ ...claims, exp }))).toBe(200);
  });
});

describe("within a tenant", () => {
  const tables = [
    "experiments",
    "control_signals",
    "load_simulations",
    "pipeline_deployments",
    "config_templates",
  ];
  const stored = (phoenix: Phoenix): string =>
    JSON.stringify(tables.map((table) => phoenix.postgres.rows(table)));

  async function walk(
    phoenix: Phoenix,
    token: string,
    experimentId: string,
  ): Promise<Readonly<Record<string, number>>> {
    const response = await phoenix.fetch(`${phoenix.url}/openapi.json`);
    const { paths } = (await response.json()) as {
      paths: Record<string, Record<string, { security: unknown[] }>>;
    };
    const statuses: Record<string, number> = {};
    for (const [path, item] of Object.entries(paths)) {
      for (const [method, { security }] of Object.entries(item)) {
        if (security.length === 0) continue;
        const reply = await phoenix.fetch(`${phoenix.url}${path.replace(/\{\w+\}/, experimentId)}`, {
          method: method.toUpperCase(),
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          ...(method === "get" || method === "delete" ? {} : { body: "{}" }),
        });
        await reply.text();
        statuses[`${method.toUpperCase()} ${path.replace("/api/v1", "")}`] = reply.status;
      }
    }
    return statuses;
  }

  const reading = /^GET |auth|check-overlap|validate|preview/;
  const administering = /\/start|\/stop|\/state|\/promote|POST \/control|templates(?:\/\{name\})?$/;

  async function prepare(phoenix: Phoenix): Promise<string> {
    const owner = phoenix.clientFor("admin@tenant1.phoenix.io", "tenant1");
    const { id } = await owner.createExperiment({ name: "shared" });
    await phoenix.waitForState(id, "running", { within: "1m" });
    await phoenix.services.controller.stop().settled;
    return id;
  }

  test("viewers read, and change nothing", async ({ phoenix }) => {
    const id = await prepare(phoenix);
    const { token } = await phoenix.client.login("viewer@tenant1.phoenix.io", "tenant1");
    const before = stored(phoenix);
    const statuses = await walk(phoenix, token, id);
    const allowed = Object.keys(statuses).filter((operation) => statuses[operation] !== 403);
    expect(allowed.filter((operation) => !reading.test(operation))).toEqual([]);
    expect(statuses["GET /experiments/{id}"]).toBe(200);
    expect(stored(phoenix)).toBe(before);
  });

  test("users change, and do not administer", async ({ phoenix }) => {
    const id = await prepare(phoenix);
    const { token } = await phoenix.client.login("user@tenant1.phoenix.io", "tenant1");
    const statuses = await walk(phoenix, token, id);
    const forbidden = Object.keys(statuses).filter((operation) => statuses[operation] === 403);
    expect(forbidden.length).toBeGreaterThan(8);
    expect(forbidden.filter((operation) => !administering.test(operation))).toEqual([]);
    expect(statuses["DELETE /experiments/{id}"]).toBe(204);
  });
});
