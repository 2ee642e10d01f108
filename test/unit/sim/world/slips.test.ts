/** Slips of the pen, and worlds that are over: each is an error that says what was meant. */
import { type Phoenix, type PhoenixOptions, createPhoenix, faults } from "phoenix-sim";
import { afterAll, beforeAll, expect, test } from "vitest";

let phoenix: Phoenix;

beforeAll(async () => {
  phoenix = await createPhoenix({ seed: 7, nodes: 1 });
});
afterAll(async () => phoenix.dispose({ force: true }));

const wrong = (options: object): never => options as never;

test.each<readonly [call: string, run: () => unknown, key: string, meant: string]>([
  ["until", () => phoenix.until(() => true, wrong({ withn: 1 })), "withn", "within"],
  ["waitForState", () => phoenix.waitForState("x", "running", wrong({ wihin: 1 })), "wihin", "within"],
  ["converge", () => phoenix.converge(wrong({ in: 1 })), "in", "within"],
  ["crash", () => phoenix.service("node1").crash(wrong({ restartAftr: 1 })), "restartAftr", "restartAfter"],
  ["listen", () => phoenix.listen(wrong({ prot: 1 })), "prot", "port"],
  ["dispose", () => phoenix.dispose(wrong({ forced: true })), "forced", "force"],
  [
    "createExperiment",
    () => phoenix.client.createExperiment({ name: "abc" }, wrong({ key: 1 })),
    "key",
    "idempotencyKey",
  ],
  ["call", () => phoenix.client.call("GET", "/health", wrong({ header: {} })), "header", "headers"],
  [
    "A link",
    () => phoenix.network.setLink("gateway", "postgres", wrong({ delayMs: 1 })),
    "delayMs",
    "delayMsMin",
  ],
  [
    "waitForMessage",
    () => phoenix.waitForMessage({ url: "" } as WebSocket, wrong({ whre: 1 })),
    "whre",
    "where",
  ],
  [
    "faults.plan",
    () => phoenix.faults.plan(faults.partition("gateway", "redis"), wrong({ afte: 1 })),
    "afte",
    "after",
  ],
])("%s refuses an option that does not exist", async (call, run, key, meant) => {
  const problem = await Promise.resolve()
    .then(run)
    .catch((error: unknown) => error);
  expect(problem).toMatchObject({
    code: "SIM_OPTION_INVALID",
    hint: expect.stringContaining(`"${meant}"`) as unknown,
  });
  expect(String(problem)).toContain(`${call} has no option "${key}"`);
});

test.each<readonly [options: object, meant: string]>([
  [
    { platform: { gatway: {} } },
    'platform has no option "gatway". [SIM_OPTION_INVALID]\nHint: Did you mean "gateway"',
  ],
  [{ platform: { gateway: { option: {} } } }, 'Did you mean "options"'],
  [{ platform: { gateway: { options: { eventPolMs: 1 } } } }, 'Did you mean "eventPollMs"'],
  [{ platform: { controller: { options: { tick: 1 } } } }, 'Did you mean "tickMs"'],
  [{ platform: { node: { options: { reload: 1 } } } }, 'Did you mean "reloadMs"'],
  [{ replicas: { gatway: 2 } }, 'Did you mean "gateway"'],
  [{ limits: { steps: 2 } }, 'Did you mean "stepsMax"'],
  [{ capacity: { gateway: { worker: 2 } } }, 'Did you mean "workers"'],
  [{ faults: { profile: "swarm", windw: "3s" } }, 'Did you mean "window"'],
])("createPhoenix refuses %j", async (options, meant) => {
  await expect(createPhoenix(options as PhoenixOptions)).rejects.toThrow(meant);
});

test("what is no limit, and what is not a fault, is told", async () => {
  await expect(phoenix.waitForState("x", "running", undefined as never)).rejects.toThrow(
    "waitForState needs a limit",
  );
  expect(() => phoenix.faults.inject("partition" as never)).toThrow(
    'Cannot inject "partition": it is not a fault',
  );
});

test("a wrong host is answered with the nearest", () => {
  expect(() => phoenix.service("gatway-0")).toThrow('Did you mean "gateway-0"');
  expect(() => phoenix.node("nod1")).toThrow('Did you mean "node1"');
  expect(() => phoenix.network.setLink("gatewy-0", "postgres", {})).toThrow('Did you mean "gateway-0"');
  expect(() => phoenix.network.isolate("postgress-0")).toThrow('Did you mean "postgres-0"');
});

test("a query that is not PromQL has a code beside the message of Prometheus", () => {
  expect(() => phoenix.prometheus.query("sum(")).toThrow(
    expect.objectContaining({
      code: "SIM_PROMQL_INVALID",
      message: "1:5: parse error: unclosed left parenthesis",
      hint: expect.stringContaining("line and column") as unknown,
    }),
  );
});

test("a socket that was left open is named without the token in its address", async () => {
  const world = await createPhoenix({ seed: 7, nodes: 1 });
  const { token } = await world.client.login("admin@phoenix.io", "admin123");
  const socket = new world.WebSocket(`${world.socketUrl}?token=${token}&since=3`);
  await world.until(() => socket.readyState === socket.OPEN);
  const problem = await world.dispose().catch((error: unknown) => String(error));
  expect(problem).toContain("a WebSocket to ws://gateway:8080/ws?token=...&since=3");
  expect(problem).not.toContain(token);
});

test("whatever acts on a world names the call once it is disposed; what tells of it stays readable", async () => {
  const world = await createPhoenix({ seed: 7, nodes: 1 });
  const other = world.clientFor("viewer@phoenix.io", "viewer123");
  const admin = await world.client.as("admin@phoenix.io", "admin123");
  const { until, setReading, clock, network } = world;
  const socket = new world.WebSocket(world.socketUrl);
  await world.until(() => socket.readyState === socket.OPEN);
  socket.close();
  await world.dispose();
  const acts: Readonly<Record<string, (() => unknown) | readonly (() => unknown)[]>> = {
    "client.listExperiments": [() => world.client.listExperiments(), () => admin.listExperiments()],
    "client.call": () => world.client.call("GET", "/api/v1/experiments"),
    "client.login": () => world.client.login("admin@phoenix.io", "admin123"),
    "client.as": () => world.client.as("admin@phoenix.io", "admin123"),
    'clientFor("viewer@phoenix.io").getExperiment': () => other.getExperiment("x"),
    fetch: [() => world.fetch(`${world.url}/health`), () => world.plainFetch(`${world.url}/health`)],
    converge: () => world.converge(),
    until: [() => world.until(() => true), () => until(() => true)],
    waitForState: () => world.waitForState("x", "running", { within: "1m" }),
    waitForMessage: () => world.waitForMessage(socket),
    setReading: [() => world.setReading(socket, false), () => setReading(socket, false)],
    "clock.advance": [() => world.clock.advance("1s"), () => clock.advance("1s")],
    "clock.followRealTime": () => world.clock.followRealTime(),
    services: () => world.services.controller.crash(),
    service: () => world.service("gateway-0").start(),
    node: () => world.node("node1").pause(),
    "network.partition": [
      () => world.network.partition("gateway", "postgres"),
      () => network.partition("gateway", "postgres"),
    ],
    "network.isolate": () => world.network.isolate("gateway"),
    "network.setLink": () => world.network.setLink("gateway", "postgres", {}),
    "faults.inject": () => world.faults.inject(faults.partition("gateway", "postgres")),
    "faults.plan": () => world.faults.plan(faults.partition("gateway", "postgres"), { after: 1 }),
    WebSocket: () => new world.WebSocket(world.socketUrl),
    listen: () => world.listen(),
    realClients: () => world.realClients(),
    at: () => world.at("1s", "late", () => {}),
    choose: () => world.choose("late", 2),
    chance: () => world.chance("late", 0.5),
    always: () => world.always("late", () => true),
    sometimes: () => world.sometimes("late", true),
    reachable: () => world.reachable("late"),
    "postgres.query": () => world.postgres.query("SELECT 1"),
    "postgres.listen": () => world.postgres.listen(),
    "redis.command": () => world.redis.command("GET", "late"),
    "redis.listen": () => world.redis.listen(),
  };
  for (const [name, given] of Object.entries(acts)) {
    for (const act of [given].flat()) {
      const problem = await Promise.resolve()
        .then(act)
        .catch((error: unknown) => error);
      expect([name, problem]).toEqual([name, expect.objectContaining({ code: "SIM_WORLD_CLOSED" })]);
      expect((problem as Error).message).toContain(`Cannot use phoenix.${name}: this world was disposed.`);
    }
  }
  expect([world.trace.hash().length, world.postgres.rows("experiments"), world.faults.injected()]).toEqual([
    16,
    [],
    [],
  ]);
  expect([world.network.names().includes("gateway"), world.prometheus.targets().length > 0]).toEqual([
    true,
    true,
  ]);
  await world.dispose();
});

test("a global fetch that was kept leads to the world of now, and nowhere once there is none", async () => {
  const first = await createPhoenix({ seed: 1, nodes: 3, globals: true });
  const kept = globalThis.fetch;
  const { WebSocket, socketUrl } = first;
  const health = `${first.url}/health`;
  const onNode = "http://node3:13133/";
  expect((await kept(health)).status).toBe(200);
  await first.dispose();
  const closed = expect.objectContaining({ code: "SIM_WORLD_CLOSED" }) as Error;
  await expect(kept(health)).rejects.toEqual(closed);
  await expect(first.plainFetch(health)).rejects.toThrow("Cannot use phoenix.plainFetch: this world was");
  expect(() => new WebSocket(socketUrl)).toThrow(closed);

  const second = await createPhoenix({ seed: 2, nodes: 1, globals: true });
  const before = second.trace.steps;
  expect([(await kept(health)).status, second.trace.steps > before]).toEqual([200, true]);
  await expect(kept(onNode)).rejects.toEqual(closed);
  await expect(first.plainFetch(health)).rejects.toEqual(closed);
  await second.dispose();
  await expect(kept(health)).rejects.toEqual(closed);
});
