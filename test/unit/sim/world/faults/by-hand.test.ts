import pg from "pg";
import { createPhoenix, faults } from "phoenix-sim";
import { expect, test } from "vitest";

test("a partition by hand is in force until it is healed", async () => {
  await using phoenix = await createPhoenix({ seed: 7 });
  const cut = phoenix.faults.inject(faults.partition("gateway", "postgres"));
  expect(phoenix.faults.active()).toEqual(["partition gateway | postgres"]);
  const waiting = phoenix.client.createExperiment({ name: "late", config: { duration: "30s" } });
  await phoenix.clock.advance("2s");
  await cut.heal();
  expect(phoenix.faults.active()).toEqual([]);
  expect((await waiting.catch(() => undefined))?.state ?? "pending").toBe("pending");
});

test("healAll ends what was injected, and what crashed is back", async () => {
  await using phoenix = await createPhoenix({ seed: 7 });
  phoenix.faults.inject(faults.crash("controller"));
  phoenix.faults.inject(faults.unavailable("generator"));
  expect(phoenix.service("controller-0").host.state).toBe("down");
  await phoenix.faults.healAll();
  expect([phoenix.service("controller-0").host.state, phoenix.faults.active()]).toEqual(["up", []]);
});

test("a rolling restart that is over leaves every process up, also one that was frozen while it stopped", async () => {
  await using phoenix = await createPhoenix({ seed: 7, replicas: { controller: 2 } });
  const { host } = phoenix.service("controller-0");
  // A request that stays without an answer keeps the controller from stopping at once.
  phoenix.faults.inject(faults.isolate("generator"));
  const made = await phoenix.client.createExperiment({ name: "under way", config: { duration: "30s" } });
  await phoenix.clock.advance("1s");
  phoenix.faults.inject(faults.rollingRestart("controller"));
  await phoenix.clock.advance("1ms");
  const frozen = phoenix.service("controller-0").pause();
  await phoenix.clock.advance("500ms");
  await phoenix.faults.healAll();
  await frozen.heal();
  await phoenix.clock.advance("1m");
  expect([host.state, phoenix.service("controller-1").host.state]).toEqual(["up", "up"]);
  await phoenix.waitForState(made.id, "completed", { within: "5m" });
});

test("what is held arrives in its order when it is released", async () => {
  await using phoenix = await createPhoenix({ seed: 7 });
  await phoenix.client.listExperiments();
  const held = phoenix.faults.inject(faults.hold("client", "gateway"));
  const made = phoenix.client.createExperiment({ name: "held", config: { duration: "30s" } });
  await phoenix.clock.advance("5s");
  expect(phoenix.postgres.rows("experiments")).toEqual([]);
  await held.heal();
  expect((await made).name).toBe("held");
});

test("a fault that names no host is refused with the names there are", async () => {
  await using phoenix = await createPhoenix({ seed: 7 });
  expect(() => phoenix.faults.inject(faults.partition("gateway", "postgress"))).toThrow(
    /There is no host "postgress"/,
  );
});

test("ending all faults waits for one whose time is up and that is still being healed", async () => {
  await using phoenix = await createPhoenix({ seed: 1, replicas: { gateway: 1 } });
  await phoenix.client.listExperiments();
  const silence = phoenix.faults.inject(faults.partition("gateway", "postgres"));
  const asked = phoenix.client.listExperiments().catch(() => undefined);
  // The gateway finishes what is under way, and cannot: its process ends when the grace period is over.
  phoenix.faults.plan(faults.rollingRestart("gateway"), { after: "1s", for: "1s" });
  await phoenix.clock.advance("3s");
  expect(phoenix.faults.active()).toContain("rolling restart of gateway");
  await phoenix.faults.healAll();
  expect(phoenix.faults.active()).toEqual([]);
  expect(phoenix.service("gateway-0").host.state).toBe("up");
  await silence.heal();
  await asked;
});

test("partitions of phoenix.network are faults: listed while active, ended by healAll", async () => {
  await using phoenix = await createPhoenix({ seed: 7, nodes: 1 });
  phoenix.network.partition("gateway", "postgres");
  const isolated = phoenix.network.isolate("redis");
  expect(phoenix.faults.active()).toEqual(["partition gateway | postgres", "isolate redis"]);
  await isolated.heal();
  expect(phoenix.faults.active()).toEqual(["partition gateway | postgres"]);
  await phoenix.faults.healAll();
  expect(phoenix.faults.active()).toEqual([]);
  expect((await phoenix.fetch(`${phoenix.url}/api/v1/templates`)).status).toBe(401);
});

test("a statement fault reaches a driver of the test, fails its transaction, and ends when it is healed", async () => {
  await using phoenix = await createPhoenix({ seed: 7, nodes: 1, globals: true });
  const client = new pg.Client(phoenix.postgres.connection);
  await client.connect();
  await client.query("CREATE TABLE seats (id int PRIMARY KEY)");
  const fault = phoenix.faults.inject(faults.serializationFailure("client", 2));
  await client.query("BEGIN");
  await client.query("INSERT INTO seats VALUES (1)");
  await expect(client.query("INSERT INTO seats VALUES ($1)", [2])).rejects.toMatchObject({ code: "40001" });
  await expect(client.query("SELECT 1")).rejects.toMatchObject({ code: "25P02" });
  await fault.heal();
  await client.query("ROLLBACK");
  expect((await client.query("SELECT count(*)::int AS n FROM seats")).rows).toEqual([{ n: 0 }]);
  expect(await phoenix.postgres.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  await client.end();
});
