import { createSigner } from "fast-jwt";
import { beforeAll, describe, expect, test } from "vitest";
import { createPlatform, type Platform } from "../support/platform.js";

interface Operation {
  readonly method: string;
  readonly path: string;
  readonly open: boolean;
}

let platform: Platform;
let operations: Operation[];
let foreignId: string;

async function send(token: string, method: string, path: string, body: unknown = {}) {
  const headers: Record<string, string> = token === "" ? {} : { authorization: `Bearer ${token}` };
  const text = method === "GET" || method === "DELETE" ? "" : JSON.stringify(body);
  return platform.gateway.handle({ method, url: `http://gateway:8080${path}`, headers, body: text });
}

beforeAll(async () => {
  platform = await createPlatform();
  const document = JSON.parse((await send("", "GET", "/openapi.json")).body) as {
    paths: Record<string, Record<string, { security: unknown[] }>>;
  };
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { security }]) => ({
      method: method.toUpperCase(),
      path,
      open: security.length === 0,
    })),
  );
  foreignId = (await platform.call("POST", "/experiments", { name: "secret" })).body.id;
});

test("the document describes every route of the platform", () => {
  expect(operations.length).toBeGreaterThan(50);
  for (const path of ["/api/v1/experiments/{id}/pipeline-config", "/api/v1/auth/login"]) {
    expect(operations.some((operation) => operation.path === path)).toBe(true);
  }
});

test("every route that is not open refuses an anonymous client, and nobody learns whether a thing exists", async () => {
  for (const { method, path, open } of operations) {
    const { status } = await send("", method, path.replaceAll(/\{\w+\}/g, foreignId));
    expect([method, path, status === 401]).toEqual([method, path, !open]);
  }
});

test("every route by the id of an experiment is closed to other tenants, with the word forbidden", async () => {
  const token = await platform.login("tenant1", "tenant1");
  const byId = operations.filter(({ path }) => path.includes("experiments/{id}"));
  expect(byId.length).toBeGreaterThan(15);
  for (const { method, path } of byId) {
    const body = { variant: "candidate", action: "start", processors: [] };
    const reply = await send(token, method, path.replace("{id}", foreignId), body);
    expect([method, path, reply.status]).toEqual([method, path, 403]);
    expect(JSON.parse(reply.body).error).toContain("forbidden");
  }
});

test("routes that name an experiment in the body are closed to other tenants too", async () => {
  const token = await platform.login("tenant1", "tenant1");
  const bodies = {
    "/api/v1/load-simulations": { experiment_id: foreignId },
    "/api/v1/control/signals": { experiment_id: foreignId, type: "rollback" },
    "/api/v1/generator/generate": { experiment_id: foreignId },
  };
  for (const [path, body] of Object.entries(bodies)) {
    expect([path, (await send(token, "POST", path, body)).status]).toEqual([path, 403]);
  }
});

test("no list shows anything of another tenant", async () => {
  const token = await platform.login("tenant1", "tenant1");
  for (const { path } of operations.filter(({ method, path }) => method === "GET" && !path.includes("{"))) {
    expect([path, (await send(token, "GET", path)).body.includes(foreignId)]).toEqual([path, false]);
  }
});

test("a viewer changes nothing, a user administers nothing", async () => {
  const viewer = await platform.login("tenant1-viewer", "tenant1");
  for (const { method, path, open } of operations) {
    if (open || method === "GET" || /logout|check-overlap|validate|preview/.test(path)) continue;
    const { status } = await send(viewer, method, path.replaceAll(/\{\w+\}/g, foreignId));
    expect([method, path, status]).toEqual([method, path, 403]);
  }
  const user = await platform.login("tenant1-user", "tenant1");
  const own = JSON.parse((await send(user, "POST", "/api/v1/experiments", { name: "own" })).body)
    .id as string;
  expect((await send(user, "POST", `/api/v1/experiments/${own}/stop`)).status).toBe(403);
  expect((await send(user, "GET", "/api/v1/templates")).status).toBe(403);
  expect((await send(user, "DELETE", `/api/v1/experiments/${own}`)).status).toBe(204);
});

describe("a token is refused", () => {
  const claims = { user_id: "u", email: "e", roles: ["admin"], tenant_id: "tenant-001" };
  const soon = (): number => Math.floor(platform.clock.now() / 1000) + 60;
  const sign = (key: string, payload: object): string =>
    createSigner({ key, algorithm: "HS256", noTimestamp: true })(payload);
  const right = { iss: "phoenix-platform" };
  const secret = "phoenix-development-secret";
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");

  test.each([
    ["signed with another key", () => sign("other", { ...claims, ...right, exp: soon() })],
    ["from another issuer", () => sign(secret, { ...claims, iss: "someone", exp: soon() })],
    ["without an issuer", () => sign(secret, { ...claims, exp: soon() })],
    ["expired", () => sign(secret, { ...claims, ...right, exp: soon() - 61 })],
    ["without an expiry", () => sign(secret, { ...claims, ...right })],
    ["not yet valid", () => sign(secret, { ...claims, ...right, exp: soon(), nbf: soon() - 30 })],
    ["without a tenant", () => sign(secret, { ...claims, ...right, tenant_id: "", exp: soon() })],
    [
      "without a signature",
      () => `${encode({ alg: "none" })}.${encode({ ...claims, ...right, exp: soon() })}.`,
    ],
    ["no token at all", () => "abc"],
  ])("%s", async (_why, token) => {
    expect((await send(token(), "GET", "/api/v1/experiments")).status).toBe(401);
  });

  test("unless it is in order", async () => {
    const token = sign(secret, { ...claims, ...right, exp: soon() });
    expect((await send(token, "GET", "/api/v1/experiments")).status).toBe(200);
  });
});
