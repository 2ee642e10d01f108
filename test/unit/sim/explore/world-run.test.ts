/** What becomes of a world between the end of a workload and its rest. */
import { type Scenario, seededDriver } from "phoenix-sim";
import { expect, test } from "vitest";

import type { ServicePorts } from "../../../../sim/world/cluster/index.js";
import type { HttpHandler } from "../../../../src/ports/index.js";
import { type RunOutcome, type WorldRunOptions, createWorldRun } from "../../../../sim/explore/index.js";

interface Settings extends Pick<Scenario, "run">, Pick<WorldRunOptions, "world"> {
  readonly profile?: string;
  readonly faultWindow?: string;
}

async function runOf({
  run,
  world = {},
  profile = "calm",
  faultWindow = "20s",
}: Settings): Promise<RunOutcome> {
  const scenario: Scenario = {
    name: "own",
    summary: "",
    deadline: "10m",
    faultWindow,
    world: { nodes: 1 },
    run,
  };
  const runOnce = createWorldRun({ scenarios: [scenario], world });
  return runOnce({ scenario: "own", profile, seed: 3, driver: seededDriver(3), onStep: () => {} });
}

const leaveOneRunning: Scenario["run"] = async ({ phoenix }) => {
  const { id } = await phoenix.client.createExperiment({ name: "an hour long" });
  await phoenix.waitForState(id, "running", { within: "1m" });
};

test("what would run for an hour is stopped through the API, and the world rests soon", async () => {
  const { failure, virtualUs } = await runOf({ run: leaveOneRunning });
  expect(failure).toBeUndefined();
  expect(virtualUs).toBeLessThan(60_000_000);
});

test("an experiment of minutes ends by itself", async () => {
  const { failure, virtualUs } = await runOf({
    run: async ({ phoenix }) =>
      void (await phoenix.client.createExperiment({ name: "short", config: { duration: "5m" } })),
  });
  expect(failure).toBeUndefined();
  expect(virtualUs).toBeGreaterThan(300_000_000);
});

test("a platform that goes on refusing once its faults have ended is a finding", async () => {
  const handler =
    (inner: HttpHandler): HttpHandler =>
    async (request) =>
      request.url.endsWith("/stop") ? { status: 503, headers: {}, body: "{}" } : inner(request);
  const { failure } = await runOf({
    run: leaveOneRunning,
    world: { platform: { gateway: { handler } } },
  });
  expect(failure).toMatchObject({ kind: "convergence", code: "answers-when-healed" });
});

test("what a node still runs for an experiment that ended must go soon, not when its run would have ended", async () => {
  let deaf = false;
  const ports = (given: ServicePorts): ServicePorts => ({
    ...given,
    cache: {
      ...given.cache,
      subscribe: (channel, heard) => given.cache.subscribe(channel, (text) => void (deaf || heard(text))),
    },
  });
  const { failure, virtualUs } = await runOf({
    run: async ({ phoenix }) => {
      const { id } = await phoenix.client.createExperiment({ name: "a while", config: { duration: "9m" } });
      await phoenix.waitForState(id, "running", { within: "1m" });
      deaf = true;
      await phoenix.client.stopExperiment(id);
    },
    world: { platform: { controller: { ports, options: { tickMs: 3_600_000 } } } },
  });
  expect(failure).toMatchObject({ kind: "convergence", code: "no-orphans" });
  expect(virtualUs).toBeLessThan(300_000_000);
});

test("what a scenario expects counts until a fault is injected, and after that the workload goes on", async () => {
  const seen: string[] = [];
  const expectTooMuch: Scenario["run"] = async ({ phoenix, check }) => {
    await phoenix.clock.advance("20s");
    check.ok(false, "the impossible");
    seen.push("after the check");
    await phoenix.client.call("GET", "/api/v1/nowhere");
  };
  expect((await runOf({ run: expectTooMuch })).failure?.code).toBe("SIM_ASSERTION");
  expect(seen).toEqual([]);
  expect((await runOf({ run: expectTooMuch, profile: "only-missed-scrape" })).failure).toBeUndefined();
  expect(seen).toEqual(["after the check"]);
});

test("a workload that was cut short may leave its sockets open", async () => {
  const { failure } = await runOf({
    profile: "only-missed-scrape",
    run: async ({ phoenix }) => {
      const { token } = await phoenix.client.login("admin@phoenix.io", "admin123");
      const socket = new phoenix.WebSocket(`${phoenix.socketUrl}?token=${token}`);
      await phoenix.until(() => socket.readyState === 1, { within: "1m" });
      await phoenix.clock.advance("20s");
      await phoenix.client.call("GET", "/api/v1/nowhere");
    },
  });
  expect(failure).toBeUndefined();
});

test("faults are injected into what a short workload has started", async () => {
  let injected: () => readonly unknown[] = () => [];
  await runOf({
    profile: "only-collector-crash",
    run: async (context) => {
      injected = context.phoenix.faults.injected;
      await leaveOneRunning(context);
    },
  });
  expect(injected()).toHaveLength(1);
});
