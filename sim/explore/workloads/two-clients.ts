/**
 * The small world of explorations: two clients of two tenants, one experiment of one minute that is watched,
 * renamed and reconfigured, one that is stopped, and a crash.
 */
import type { Phoenix } from "../../phoenix/index.js";
import type { Scenario } from "../../scenarios/index.js";
import { createPatiently, patiently } from "./patient.js";

type Client = Phoenix["client"];

export const twoClients: Scenario = {
  name: "two-clients",
  summary: "two clients, an experiment of one minute, one that is stopped, and a crash",
  deadline: "30m",
  world: {
    nodes: 2,
    replicas: { gateway: 2, controller: 2 },
    // Sockets hear of most events by a message; looking seldom leaves time for more runs.
    platform: {
      gateway: { options: { eventPollMs: 5_000 } },
      // Short leases and ticks, so that a controller is overtaken by another within the few seconds of a fault.
      controller: { options: { leaseMs: 1_500, tickMs: 10_000 } },
    },
  },
  async run({ phoenix, check, step }) {
    const first = phoenix.clientFor("admin@tenant1.phoenix.io", "tenant1");
    const second = phoenix.clientFor("admin@tenant2.phoenix.io", "tenant2");

    step("two clients at work while something crashes");
    planCrash(phoenix);
    const [watched] = await Promise.all([watchOne(phoenix, first), stopOne(phoenix, second)]);

    step("everybody looks at what there is");
    await Promise.all([lookAround(phoenix, first, watched), lookAround(phoenix, second, watched)]);
    const viewer = phoenix.clientFor("viewer@tenant1.phoenix.io", "tenant1");
    if (watched !== undefined) await patiently(phoenix, async () => viewer.stopExperiment(watched));
    check.ok(phoenix.failure === undefined, "a world without failure");
  },
};

function planCrash(phoenix: Phoenix): void {
  if (!phoenix.chance("crash", 0.5)) return;
  const victims = ["controller-0", "controller-1", "gateway-0", "postgres-0"];
  const victim = phoenix.service(victims[phoenix.choose("crash/victim", victims.length)] ?? "controller-0");
  const atMs = 300 * phoenix.choose("crash/at", 48) ** 1.4;
  phoenix.at(atMs, "crash", () => {
    if (victim.host.state !== "down") victim.crash({ restartAfter: "3s" });
  });
}

async function watchOne(phoenix: Phoenix, client: Client): Promise<string | undefined> {
  const login = await patiently(phoenix, async () => client.login("admin@tenant1.phoenix.io", "tenant1"));
  const socket = login === undefined ? undefined : listen(phoenix, login.token);
  if (socket !== undefined) await phoenix.clock.advance(500);
  const id = await createPatiently(phoenix, client, {
    name: "watched",
    target_nodes: ["node1", "node2"],
    config: { duration: "1m" },
  });
  if (id !== undefined) {
    await pause(phoenix, "rename/after", 3_000);
    await Promise.all([
      patiently(phoenix, async () =>
        client.call("PATCH", `/api/v1/experiments/${id}`, { body: { name: "renamed" } }),
      ),
      patiently(phoenix, async () => client.startExperiment(id)),
    ]);
    await pause(phoenix, "reconfigure/after", 12_000);
    const processors = [{ type: "filter", config: { include_patterns: ["nginx*", "postgres*"] } }];
    await patiently(phoenix, async () => client.updatePipelineConfig(id, processors));
    await phoenix.clock.advance("25s");
    await patiently(phoenix, async () => client.getMetrics(id));
    await phoenix.clock.advance("35s");
  }
  socket?.close();
  return id;
}

async function stopOne(phoenix: Phoenix, client: Client): Promise<void> {
  await pause(phoenix, "second/after", 2_000);
  const id = await createPatiently(phoenix, client, {
    name: "stopped",
    target_nodes: ["node2"],
    config: { duration: "5m" },
  });
  if (id === undefined) return;
  await pause(phoenix, "stop/after", 14_000);
  await patiently(phoenix, async () => client.stopExperiment(id));
}

async function lookAround(phoenix: Phoenix, client: Client, id: string | undefined): Promise<void> {
  await patiently(phoenix, async () => client.listExperiments());
  if (id === undefined) return;
  for (const call of [client.getExperiment, client.getMetrics, client.getResults, client.getConfigs])
    await patiently(phoenix, async () => call(id));
}

// Twenty steps, of which most are short: races are won by a little.
async function pause(phoenix: Phoenix, name: string, mostMs: number): Promise<void> {
  const share = phoenix.choose(name, 20) / 19;
  if (share > 0) await phoenix.clock.advance(mostMs * share * share);
}

function listen(phoenix: Phoenix, token: string): WebSocket {
  const socket = new phoenix.WebSocket(`${phoenix.socketUrl}?token=${token}`);
  socket.addEventListener("open", () => {
    socket.send(JSON.stringify({ type: "subscribe", payload: { event: "experiment.updates" } }));
  });
  return socket;
}
