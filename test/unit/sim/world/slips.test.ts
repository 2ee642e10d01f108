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

test("whatever acts on a world says so once it is disposed; what tells of it stays readable", async () => {
  const world = await createPhoenix({ seed: 7, nodes: 1 });
  await world.dispose();
  const acts: readonly (() => unknown)[] = [
    () => world.client.listExperiments(),
    () => world.fetch(`${world.url}/health`),
    () => world.clock.advance("1s"),
    () => world.services.controller.crash(),
    () => world.service("gateway-0").start(),
    () => world.node("node1").pause(),
    () => world.network.partition("gateway", "postgres"),
    () => world.faults.inject(faults.partition("gateway", "postgres")),
    () => world.faults.plan(faults.partition("gateway", "postgres"), { after: 1 }),
    () => new world.WebSocket(world.socketUrl),
    () => world.listen(),
    () => world.at("1s", "late", () => {}),
    () => world.choose("late", 2),
    () => world.always("late", () => true),
    () => world.postgres.query("SELECT 1"),
    () => world.postgres.listen(),
    () => world.redis.command("GET", "late"),
    () => world.redis.listen(),
    () => world.clock.followRealTime(),
  ];
  for (const act of acts) {
    const problem = await Promise.resolve()
      .then(act)
      .catch((error: unknown) => error);
    expect([act.toString(), (problem as { code?: unknown } | undefined)?.code]).toEqual([
      act.toString(),
      "SIM_WORLD_CLOSED",
    ]);
  }
  expect([world.trace.hash().length, world.postgres.rows("experiments"), world.faults.injected()]).toEqual([
    16,
    [],
    [],
  ]);
  await world.dispose();
});
