import * as fc from "fast-check";
import { expect, test } from "vitest";
import { createPlatform, type Platform } from "../support/platform.js";

const codeOf = (code: string): Error => Object.assign(new Error(code), { code });

async function operationsOf(platform: Platform): Promise<{ method: string; path: string }[]> {
  const { body } = await platform.gateway.handle({
    method: "GET",
    url: "/openapi.json",
    headers: {},
    body: "",
  });
  const { paths } = JSON.parse(body) as { paths: Record<string, object> };
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({
      method: method.toUpperCase(),
      path: path.replace("/api/v1", ""),
    })),
  );
}

const rowsOf = async (platform: Platform): Promise<string> => {
  const { rows } = await platform.sql.query({
    name: "all",
    text: "SELECT id, state, event_seq FROM experiments",
  });
  return JSON.stringify(rows);
};

test("no body makes a route fail, and what is refused changes nothing", async () => {
  const platform = await createPlatform();
  const { id } = (await platform.call("POST", "/experiments", { name: "first" })).body;
  const writing = (await operationsOf(platform)).filter(
    ({ method, path }) => method !== "GET" && method !== "DELETE" && !/start|stop/.test(path),
  );
  const names =
    "name description experiment_id type profile duration variant processors parameters content token email password config target_nodes action configuration".split(
      " ",
    );
  const value = fc.oneof(
    fc.jsonValue(),
    fc.constant(id),
    fc.constantFrom("candidate", "5m", "process-topk-v1"),
  );
  const body = fc.oneof(
    fc.string(),
    fc.dictionary(fc.constantFrom(...names), value).map((object) => JSON.stringify(object)),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...writing), body, async ({ method, path }, text) => {
      const before = await rowsOf(platform);
      const { status } = await platform.call(method, path.replaceAll(/\{\w+\}/g, id), text);
      expect(status).not.toBe(500);
      if (status >= 400) expect(await rowsOf(platform)).toBe(before);
    }),
    { numRuns: 300 },
  );
});

test("broken JSON, a body that is too long and an unknown route are told apart", async () => {
  const { call } = await createPlatform();
  expect((await call("POST", "/experiments", "{")).body).toMatchObject({ code: "VALIDATION_ERROR" });
  expect((await call("POST", "/experiments", `"${"x".repeat(2_000_000)}"`)).status).toBe(413);
  expect((await call("GET", "/nothing")).status).toBe(404);
  expect((await call("GET", "/experiments/not-an-id")).status).toBe(404);
  expect((await call("GET", "/experiments/00000000-0000-4000-8000-000000000000")).status).toBe(404);
});

test.each([
  ["GET", "/templates/mine%00"],
  ["DELETE", "/templates/mine%00"],
  ["GET", "/pipelines/deployments/a%00"],
  ["GET", "/experiments?owner=%00"],
  ["GET", "/experiments?page_token=1_%00"],
])("a NUL in %s %s is a wrong request", async (method, path) => {
  const { call } = await createPlatform();
  expect((await call(method, path)).body).toMatchObject({ code: "VALIDATION_ERROR" });
});

test("what is nested too deep is refused before anybody reads it", async () => {
  const { call } = await createPlatform();
  const nested = (depth: number): string =>
    `{"name":"deep","config":{"parameters":${'{"a":'.repeat(depth)}1${"}".repeat(depth)}}}`;
  expect((await call("POST", "/experiments", nested(150))).status).toBe(201);
  expect((await call("POST", "/experiments", nested(100_000))).body).toMatchObject({
    code: "VALIDATION_ERROR",
  });
  // Brackets in texts nest nothing.
  expect(
    (await call("POST", "/experiments", { name: "texts", description: '[{"\\'.repeat(90) })).status,
  ).toBe(201);
});

test.each(["ECONNREFUSED", "ECONNRESET", "57P01", "53300", "08006", "57014"])(
  "a database that answers %s is a 503 that may be tried again",
  async (code) => {
    const platform = await createPlatform();
    platform.sql.onQuery = () => {
      throw codeOf(code);
    };
    const reply = await platform.call("POST", "/experiments", { name: "first" });
    expect([reply.status, reply.headers["retry-after"]]).toEqual([503, "1"]);
  },
);

test("a serialization failure is tried again, unseen", async () => {
  const platform = await createPlatform();
  let failures = 2;
  platform.sql.onQuery = ({ name }) => {
    if (name === "commit" && failures > 0) {
      failures -= 1;
      throw codeOf("40001");
    }
  };
  expect((await platform.call("POST", "/experiments", { name: "first" })).status).toBe(201);
  expect((await platform.call("GET", "/experiments")).body["total"]).toBe(1);
});

test("the same key and body give one effect and the same reply, also at the same time", async () => {
  const { call } = await createPlatform();
  const send = () =>
    call("POST", "/experiments", { name: "first", description: "d" }, { "idempotency-key": "k" });
  const replies = [...(await Promise.all([send(), send(), send()])), await send()];
  expect(replies.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
  expect(new Set(replies.map(({ body }) => JSON.stringify(body))).size).toBe(1);
  expect((await call("GET", "/experiments")).body["total"]).toBe(1);
});

test("the order of fields does not make another body, but a value does", async () => {
  const { call } = await createPlatform();
  const key = { "idempotency-key": "k" };
  const first = await call("POST", "/experiments", { name: "first", description: "d" }, key);
  const same = await call("POST", "/experiments", { description: "d", name: "first" }, key);
  expect(same.body.id).toBe(first.body.id);
  expect((await call("POST", "/experiments", { name: "other" }, key)).status).toBe(422);
});

test("the same key of another user is another request", async () => {
  const platform = await createPlatform();
  const key = { "idempotency-key": "k" };
  const one = await platform.call("POST", "/experiments", { name: "first" }, key);
  const authorization = `Bearer ${await platform.login("tenant1", "tenant1")}`;
  const two = await platform.call("POST", "/experiments", { name: "first" }, { ...key, authorization });
  expect(two.status).toBe(201);
  expect(two.body.id).not.toBe(one.body.id);
});

test("lists page through everything once, newest first, also while it grows", async () => {
  const { call, clock } = await createPlatform();
  for (let index = 0; index < 45; index += 1) {
    await call("POST", "/experiments", { name: `exp-${index}` });
    if (index % 5 === 0) await clock.advance(1_000);
  }
  const seen: string[] = [];
  let token = "";
  for (let page = 0; page < 5; page += 1) {
    const { body } = await call("GET", `/experiments?limit=20&page_token=${encodeURIComponent(token)}`);
    seen.push(...(body["experiments"] as { id: string }[]).map(({ id }) => id));
    token = String(body["next_page_token"]);
    if (token === "") break;
    await call("POST", "/experiments", { name: `late-${page}` });
  }
  expect(seen).toHaveLength(45);
  expect(new Set(seen).size).toBe(45);
  expect((await call("GET", "/experiments?limit=-1")).status).toBe(400);
  expect((await call("GET", "/experiments?status=dancing")).status).toBe(400);
});

test("a dashboard that sends an experiment back unchanged writes nothing", async () => {
  const { call, sql } = await createPlatform();
  const { body } = await call("POST", "/experiments", { name: "first" });
  sql.counts.clear();
  const patched = await call("PATCH", `/experiments/${body.id}`, { ...body, status: "failed" });
  expect(patched.body.state).toBe("pending");
  expect([...sql.counts.keys()]).toEqual(["select-experiment"]);
});

test("a deployment's name can be used again once it is deleted, and not before", async () => {
  const { call } = await createPlatform();
  const body = { deployment_name: "d", pipeline_name: "process-topk-v1" };
  const [one, two] = await Promise.all([
    call("POST", "/pipelines/deployments", body),
    call("POST", "/pipelines/deployments", body),
  ]);
  expect([one.status, two.status].sort((a, b) => a - b)).toEqual([201, 409]);
  const { id } = one.status === 201 ? one.body : two.body;
  expect((await call("DELETE", `/pipelines/deployments/${id}`)).status).toBe(204);
  expect((await call("POST", "/pipelines/deployments", body)).status).toBe(201);
});
