import { createPhoenix } from "phoenix-sim";
import { expect, test } from "vitest";

test("two worlds of one seed give one trace, of two seeds two", async () => {
  const hashes = await Promise.all(
    [5, 5, 6].map(async (seed) => {
      await using phoenix = await createPhoenix({ seed });
      const { id } = await phoenix.client.createExperiment({ name: "twin" });
      await phoenix.waitForState(id, "running", { within: "1m" });
      return phoenix.trace.hash();
    }),
  );
  expect(hashes[0]).toBe(hashes[1]);
  expect(hashes[0]).not.toBe(hashes[2]);
});

test("a wait that was never awaited is named when the world ends", async () => {
  const phoenix = await createPhoenix();
  const waiting = phoenix.until(() => false, { label: "pigs to fly" }).catch((error: unknown) => error);
  await expect(phoenix.dispose()).rejects.toMatchObject({
    code: "SIM_LEFT_OPEN",
    message: expect.stringContaining("pigs to fly"),
  });
  expect(await waiting).toMatchObject({ code: "SIM_WORLD_CLOSED" });
});

test("an open WebSocket is named when the world ends; a closing one may finish", async () => {
  const open = await createPhoenix();
  const { token } = await open.client.login("admin@phoenix.io", "admin123");
  const socket = new open.WebSocket(`${open.socketUrl}?token=${token}`);
  await open.until(() => socket.readyState === socket.OPEN);
  await expect(open.dispose()).rejects.toMatchObject({
    code: "SIM_LEFT_OPEN",
    message: expect.stringContaining("a WebSocket to ws://gateway:8080/ws"),
  });

  const closing = await createPhoenix();
  const other = new closing.WebSocket(`${closing.socketUrl}?token=${token}`);
  await closing.until(() => other.readyState === other.OPEN);
  other.close();
  await closing.dispose();
  expect(other.readyState).toBe(other.CLOSED);
});

test("a transaction that the test left open is named when the world ends", async () => {
  const phoenix = await createPhoenix();
  await phoenix.postgres.query("BEGIN");
  await expect(phoenix.dispose()).rejects.toMatchObject({
    code: "SIM_LEFT_OPEN",
    message: expect.stringContaining("a transaction of phoenix.postgres"),
  });
});

test("a timer that the test left set is named when the world ends", async () => {
  const phoenix = await createPhoenix({ globals: true });
  setTimeout(() => {}, 60_000);
  await expect(phoenix.dispose()).rejects.toMatchObject({
    code: "SIM_LEFT_OPEN",
    message: expect.stringContaining("a timer of the test"),
  });
});

test("disposing twice is fine, and a disposed world says so", async () => {
  const phoenix = await createPhoenix();
  await phoenix.dispose();
  await phoenix.dispose();
  await expect(phoenix.clock.advance("1s")).rejects.toMatchObject({ code: "SIM_WORLD_CLOSED" });
  await expect(phoenix.client.getExperiment("x")).rejects.toMatchObject({ code: "SIM_WORLD_CLOSED" });
});

test("an unknown host is answered with the names there are", async () => {
  await using phoenix = await createPhoenix({ nodes: ["node1"] });
  expect(() => phoenix.node("node9")).toThrow('There is no service on a host "node9". [SIM_HOST_UNKNOWN]');
  expect(() => phoenix.network.partition("gatway", "postgres")).toThrow("[SIM_HOST_UNKNOWN]");
});

test("an unknown state is answered with the nearest one, an unreachable one at once", async () => {
  await using phoenix = await createPhoenix();
  const { id } = await phoenix.client.createExperiment({ name: "short-lived" });
  await expect(phoenix.waitForState(id, "runing", { within: "1m" })).rejects.toMatchObject({
    code: "SIM_OPTION_INVALID",
    hint: expect.stringContaining('"running"'),
  });
  await phoenix.client.stopExperiment(id);
  await phoenix.waitForState(id, "cancelled", { within: "1m" });
  await expect(phoenix.waitForState(id, "completed", { within: "1h" })).rejects.toMatchObject({
    code: "SIM_WAIT_TIMEOUT",
    message: expect.stringContaining("will never be completed"),
  });
});

test("a wait that is too short shows the states seen and the last events", async () => {
  await using phoenix = await createPhoenix();
  const { id } = await phoenix.client.createExperiment({ name: "slow-one" });
  await expect(phoenix.waitForState(id, "completed", { within: "20s" })).rejects.toMatchObject({
    code: "SIM_WAIT_TIMEOUT",
    message: expect.stringMatching(/last seen: pending > initializing > running[^]*The last events:\n/),
  });
});

test("the stores can be looked into from the test", async () => {
  await using phoenix = await createPhoenix();
  await phoenix.client.createExperiment({ name: "visible" });
  const rows = await phoenix.postgres.query<{ name: string }>(
    "SELECT name FROM experiments WHERE name = $1",
    ["visible"],
  );
  expect(rows).toEqual([{ name: "visible" }]);
  expect(phoenix.postgres.rows("experiments")).toHaveLength(1);
  expect(await phoenix.redis.command("SET", "key", "value")).toBe("OK");
  expect(await phoenix.redis.command("GET", "key")).toBe("value");
  await phoenix.clock.advance("1m");
  const up = phoenix.prometheus.query("sum(up)");
  expect(up.type === "vector" ? up.samples[0]?.value : undefined).toBeGreaterThanOrEqual(3);
});

test("the platform works with several gateways, controllers and generators", async () => {
  await using phoenix = await createPhoenix({
    seed: 4,
    replicas: { gateway: 3, controller: 2, generator: 2 },
  });
  const { id } = await phoenix.client.createExperiment({ name: "spread", config: { duration: "1m" } });
  phoenix.service("controller-0").crash();
  phoenix.service("gateway-1").crash();
  await phoenix.waitForState(id, "completed", { within: "10m" });
  expect(phoenix.stateHistory(id)).toEqual(["pending", "initializing", "running", "analyzing", "completed"]);
});

test("a service that is down refuses the wrong step and says what to do", async () => {
  await using phoenix = await createPhoenix();
  const service = phoenix.service("generator-0");
  const outage = service.crash();
  expect(() => service.stop()).toThrow("Cannot stop generator-0: it is down. [SIM_HOST_STATE]");
  await outage.heal();
  await expect(service.start()).rejects.toMatchObject({ code: "SIM_HOST_STATE" });
});

test("two worlds cannot have the globals of one process", async () => {
  await using first = await createPhoenix({ seed: 1, globals: true });
  await expect(createPhoenix({ seed: 2, globals: true })).rejects.toMatchObject({ code: "SIM_GLOBALS_BUSY" });
  expect((await fetch(`${first.url}/health`)).status).toBe(200);
});

test("with the globals on, plain timers and Date follow the world; afterwards they are the process's again", async () => {
  const real = { setTimeout, fetch, Date };
  {
    await using phoenix = await createPhoenix({ globals: true });
    const before = Date.now();
    await new Promise((resolve) => {
      setTimeout(resolve, 120_000);
    });
    expect(Date.now() - before).toBe(120_000);
    expect(phoenix.clock.nowMs).toBeGreaterThanOrEqual(120_000);
  }
  expect({ setTimeout, fetch, Date }).toEqual(real);
});

test("a world that broke while the test waited for a timer of its own says so when it ends", async () => {
  const turn = setImmediate;
  const phoenix = await createPhoenix({ globals: true });
  phoenix.network.addRule("broken", () => {
    throw new Error("this rule is broken");
  });
  const timer = setTimeout(() => {}, 60_000);
  for (let turns = 0; turns < 5; turns += 1) {
    await new Promise((resolve) => {
      turn(resolve);
    });
  }
  clearTimeout(timer);
  await expect(phoenix.dispose({ force: true })).rejects.toThrow("this rule is broken");
});

test("texts that no database can store are refused, not answered with a 500", async () => {
  await using phoenix = await createPhoenix();
  for (const name of ["a\u0000bc", "aaa\ud800", "\udc00aaa"]) {
    await expect(phoenix.client.createExperiment({ name })).rejects.toMatchObject({ status: 400 });
  }
  await expect(
    phoenix.client.createExperiment({ name: "back\\u0000slash \u{1f600}" }),
  ).resolves.toMatchObject({
    name: "back\\u0000slash \u{1f600}",
  });
});

test("a wrong argument is named with what to give instead", async () => {
  await using phoenix = await createPhoenix();
  expect(() => phoenix.network.addRule("odd", { foo: 1 } as never)).toThrow("[SIM_OPTION_INVALID]");
  await expect(phoenix.until(true as never)).rejects.toMatchObject({ code: "SIM_OPTION_INVALID" });
  await expect(phoenix.until(() => true, { within: "-5s" })).rejects.toMatchObject({
    code: "SIM_OPTION_INVALID",
  });
  await expect(phoenix.postgres.query(undefined as never)).rejects.toMatchObject({
    code: "SIM_OPTION_INVALID",
  });
  await expect(phoenix.redis.command("GET", undefined as never)).rejects.toMatchObject({
    code: "SIM_OPTION_INVALID",
  });
  expect(await phoenix.redis.command("SET", "number", 5)).toBe("OK");
});

test("a command that waits for ever ends in virtual time, and says what it was", async () => {
  await using phoenix = await createPhoenix();
  await expect(phoenix.redis.command("BLPOP", "nothing", 0)).rejects.toMatchObject({
    code: "SIM_WAIT_TIMEOUT",
    message: expect.stringContaining("BLPOP nothing 0"),
  });
});
