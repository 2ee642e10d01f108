import { createPhoenix, crash, hold, partition, unavailable } from "phoenix-sim";
import { expect, test } from "vitest";

test("a partition by hand is in force until it is healed", async () => {
  await using phoenix = await createPhoenix({ seed: 7 });
  const cut = phoenix.faults.inject(partition("gateway", "postgres"));
  expect(phoenix.faults.active()).toEqual(["partition gateway | postgres"]);
  const waiting = phoenix.client.createExperiment({ name: "late", config: { duration: "30s" } });
  await phoenix.clock.advance("2s");
  await cut.heal();
  expect(phoenix.faults.active()).toEqual([]);
  expect((await waiting.catch(() => undefined))?.state ?? "pending").toBe("pending");
});

test("healAll ends what was injected, and what crashed is back", async () => {
  await using phoenix = await createPhoenix({ seed: 7 });
  phoenix.faults.inject(crash("controller"));
  phoenix.faults.inject(unavailable("generator"));
  expect(phoenix.service("controller-0").host.state).toBe("down");
  await phoenix.faults.healAll();
  expect([phoenix.service("controller-0").host.state, phoenix.faults.active()]).toEqual(["up", []]);
});

test("what is held arrives in its order when it is released", async () => {
  await using phoenix = await createPhoenix({ seed: 7 });
  await phoenix.client.listExperiments();
  const held = phoenix.faults.inject(hold("client", "gateway"));
  const made = phoenix.client.createExperiment({ name: "held", config: { duration: "30s" } });
  await phoenix.clock.advance("5s");
  expect(phoenix.postgres.rows("experiments")).toEqual([]);
  await held.heal();
  expect((await made).name).toBe("held");
});

test("a fault that names no host is refused with the names there are", async () => {
  await using phoenix = await createPhoenix({ seed: 7 });
  expect(() => phoenix.faults.inject(partition("gateway", "postgress"))).toThrow(
    /There is no host "postgress"/,
  );
});
