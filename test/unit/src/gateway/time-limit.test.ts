import { createPhoenix } from "phoenix-sim";
import { expect, test } from "vitest";

const admin = JSON.stringify({ email: "admin@phoenix.io", password: "admin123" });

test("a request that cannot reach the database is answered 503 long before its client gives up", async () => {
  await using phoenix = await createPhoenix({ seed: 7, nodes: 1 });
  const cut = phoenix.network.partition("gateway", "postgres");
  const headers = { "content-type": "application/json" };
  const login = { method: "POST", headers, body: admin };
  const refused = await phoenix.fetch(`${phoenix.url}/api/v1/auth/login`, login);
  expect([refused.status, await refused.json()]).toMatchObject([503, { code: "SERVICE_UNAVAILABLE" }]);
  expect(phoenix.clock.nowMs).toBeLessThan(21_000);

  await cut.heal();
  expect((await phoenix.fetch(`${phoenix.url}/api/v1/auth/login`, login)).status).toBe(200);
});

test("the limit is an option, and what was begun may still take effect", async () => {
  const platform = { gateway: { options: { answerTimeoutMs: 1_000 } } };
  await using phoenix = await createPhoenix({ seed: 7, nodes: 1, platform });
  const { id } = await phoenix.client.createExperiment({ name: "first", config: { duration: "30s" } });
  phoenix.network.setLink("gateway", "postgres", { delayMsMin: 400, delayMsMax: 400 });
  const renamed = phoenix.client.call("PATCH", `/api/v1/experiments/${id}`, { body: { name: "second" } });
  await expect(renamed).rejects.toMatchObject({ status: 503 });
  phoenix.network.setLink("gateway", "postgres", {});
  await phoenix.clock.advance("10s");
  expect((await phoenix.client.getExperiment(id)).name).toBe("second");
});
