// Compiled in a project of its own against the packed package, without vitest and fast-check; see
// tools/check-package.mjs. What is expected to be an error proves that the types say something.
import {
  type Client,
  type Driver,
  type ExperimentReply,
  type Fault,
  type Invariant,
  type Phoenix,
  type PhoenixOptions,
  type Rule,
  type Scenario,
  SimError,
  type SimErrorCode,
  createPhoenix,
  explore,
  faultKinds,
  invariants,
  faults,
  replayDriver,
  runScenario,
  scenarioNamed,
  seededDriver,
  version,
} from "phoenix-sim";

const options: PhoenixOptions = {
  seed: 7,
  nodes: ["alpha"],
  faults: { profile: "swarm", window: "5m" },
  platform: {
    gateway: { options: { bodyMax: 1024 }, handler: (inner) => async (request) => inner(request) },
    prometheus: { config: (config) => ({ ...config, global: { scrape_interval: "5s" } }) },
  },
};
// @ts-expect-error There is no such option.
const wrong: PhoenixOptions = { sede: 7 };
// @ts-expect-error An option that is left out is left out; it is not undefined.
const erased: PhoenixOptions = { seed: undefined };

export async function stateAfter(within: string): Promise<string> {
  const phoenix: Phoenix = await createPhoenix(options);
  const client: Client = phoenix.client;
  const { id }: ExperimentReply = await client.createExperiment({ name: "typed" });
  // @ts-expect-error An experiment has a name.
  await client.createExperiment({});
  // @ts-expect-error An identifier is a text, and there are options.
  await phoenix.waitForState(7);
  await phoenix.waitForState(id, "running", { within });
  const reply: Response = await phoenix.fetch(`${phoenix.url}/health`);
  const seen = await phoenix.until(() => (reply.ok ? 1 : undefined), { within: "1s" });
  const length: number = seen;
  // @ts-expect-error What until gives is what its condition gives.
  const text: string = seen;
  const socket = new phoenix.WebSocket(phoenix.socketUrl);
  socket.addEventListener("message", (event: { readonly data: unknown }) => void event.data);
  socket.send("{}");
  // @ts-expect-error A socket sends texts and bytes.
  socket.send(7);
  await phoenix.waitForMessage(socket, { where: (data) => data !== undefined });
  phoenix.setReading(socket, false);
  const fault: Fault = faults.partition("gateway", "postgres");
  const handle = phoenix.faults.inject(fault);
  await handle.heal();
  // @ts-expect-error A fault is not its name.
  phoenix.faults.inject("partition");
  const rule: Rule = (message) => (message.from === "client" ? { action: "delay", ms: 5 } : undefined);
  phoenix.network.addRule("mine", rule).heal();
  const { createHttpAgent, createConnection, createUndiciAgent } = await phoenix.realClients();
  createHttpAgent({ keepAlive: true }).destroy();
  createConnection({ host: "gateway", port: 8080 }).destroy();
  await (await createUndiciAgent()).close();
  // @ts-expect-error There is no such service.
  phoenix.services.gatevay.stop();
  await phoenix.services.gateway.stop().heal();
  const result = phoenix.prometheus.query("up");
  console.log(length, text, result.type, phoenix.trace.hash());
  await phoenix.dispose();
  return (await phoenix.client.getExperiment(id)).state;
}

export async function scope(): Promise<void> {
  await using phoenix = await createPhoenix();
  phoenix.always("holds", () => true);
}

export const scenario: Scenario = {
  name: "asking",
  summary: "a client asks",
  deadline: "10m",
  world: { nodes: 1 },
  async run({ phoenix, check }) {
    check.equal((await phoenix.client.listExperiments()).experiments.length, 0, "experiments");
  },
};

export async function hashes(): Promise<readonly string[]> {
  const drivers: readonly Driver[] = [seededDriver(1), replayDriver(1, [])];
  const results = await Promise.all(
    drivers.map((driver) => runScenario(scenarioNamed("lifecycle"), { seed: 1, world: { driver } })),
  );
  return results.map((each) => (each.ok ? each.traceHash : (each.error?.message ?? "")));
}

export async function explored(): Promise<number> {
  // @ts-expect-error There is no such option.
  await explore({ run: 3 }, () => {});
  const report = await explore({ name: "typed", world: options }, async ({ phoenix }) => {
    await phoenix.clock.advance("1s");
  });
  return report.runs;
}

export function codeOf(error: unknown): SimErrorCode | undefined {
  // @ts-expect-error The codes are known.
  if (error instanceof SimError && error.code === "SIM_NO_SUCH_CODE") return undefined;
  return error instanceof SimError ? error.code : undefined;
}

const names: readonly string[] = invariants.map(({ name }: Invariant) => name);
const kinds: readonly string[] = faultKinds.map(({ kind, scope: of }) => `${of} ${kind}`);
console.log(wrong, erased, names, kinds, version satisfies string);
