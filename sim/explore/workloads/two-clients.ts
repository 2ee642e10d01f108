/**
 * The small world of explorations: two clients of two tenants, one experiment of one minute that is watched,
 * renamed and reconfigured, one that is stopped, and a crash.
 */
import { ConvergenceError, type Phoenix } from "../../phoenix/index.js";
import type { Checks, Scenario } from "../../scenarios/index.js";
import { runErrands } from "./errands.js";
import { listen } from "./listener.js";
import { createPatiently, patiently } from "./patient.js";
import { seldomScraped } from "./seldom-scraped.js";

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
      // A few frames fill what a socket may be behind.
      gateway: { options: { eventPollMs: 5_000, socketBufferMax: 12_000 } },
      // Short leases and ticks, so that a controller is overtaken by another within the few seconds of a fault.
      // The hold outlasts a reload, so that a lease is held for a while.
      controller: { options: { leaseMs: 1_500, tickMs: 10_000, initHoldMs: 3_400 } },
      node: { options: { backgroundProcessCount: 12 } },
      prometheus: { config: seldomScraped },
    },
  },
  async run({ phoenix, check, step }) {
    const first = phoenix.clientFor("admin@tenant1.phoenix.io", "tenant1");
    const second = phoenix.clientFor("admin@tenant2.phoenix.io", "tenant2");

    step("two clients at work while something crashes");
    planCrash(phoenix);
    const login = await patiently(phoenix, async () => first.login("admin@tenant1.phoenix.io", "tenant1"));
    const listener = login === undefined ? undefined : listen(phoenix, login.token);
    try {
      const [watched, stopped] = await Promise.all([
        watchOne(phoenix, first, check),
        stopOne(phoenix, second),
      ]);

      step("everybody looks at what there is");
      await Promise.all([lookAround(phoenix, first, watched), lookAround(phoenix, second, watched)]);
      const viewer = phoenix.clientFor("viewer@tenant1.phoenix.io", "tenant1");
      if (watched !== undefined) await patiently(phoenix, async () => viewer.stopExperiment(watched));

      step("the listener is told of the end");
      if (stopped !== undefined) await patiently(phoenix, async () => second.getMetrics(stopped));
      await phoenix.converge({ within: "30m" });
      if (watched !== undefined) {
        await readResults(phoenix, first, watched, check);
        await runErrands(phoenix, first, watched, "afterwards");
      }
      if (phoenix.chance("probe", 0.25)) await probe(phoenix, second);
    } finally {
      listener?.close();
    }
    check.ok(phoenix.failure === undefined, "a world without failure");
  },
};

function planCrash(phoenix: Phoenix): void {
  if (!phoenix.chance("crash", 0.5)) return;
  const victim = phoenix.service(`controller-${phoenix.choose("crash/victim", 2)}`);
  const atMs = 66_000 * (phoenix.choose("crash/at", 48) / 47) ** 2.5;
  phoenix.at(atMs, "crash", () => {
    if (victim.host.state !== "down") victim.crash({ restartAfter: "3s" });
  });
}

// What a finished analysis says does not depend on how much the candidate saves.
const lenient = {
  min_cardinality_reduction: 0,
  max_latency_increase: 100,
  critical_process_coverage: 0,
  max_error_rate: 100,
};

async function watchOne(phoenix: Phoenix, client: Client, check: Checks): Promise<string | undefined> {
  await phoenix.clock.advance(500);
  const body = {
    name: "watched",
    target_nodes: ["node1", "node2"],
    config: { duration: "1m", success_criteria: lenient },
  };
  const id = await createPatiently(phoenix, client, body);
  check.ok(id !== undefined, "an experiment is created");
  if (id === undefined) return undefined;
  await pause(phoenix, "rename/after", 3_000);
  await Promise.all([
    patiently(phoenix, async () => client.getExperiment(id)),
    patiently(phoenix, async () =>
      client.call("PATCH", `/api/v1/experiments/${id}`, { body: { name: "renamed" } }),
    ),
    patiently(phoenix, async () => client.startExperiment(id)),
  ]);
  await pause(phoenix, "reconfigure/after", 12_000);
  // As a client does that has forgotten what became of its first attempt.
  const again = phoenix.clientFor("admin@tenant1.phoenix.io", "tenant1");
  await createPatiently(phoenix, again, body);
  const processors = [{ type: "filter", config: { include_patterns: ["nginx*", "postgres*"] } }];
  await patiently(phoenix, async () => client.updatePipelineConfig(id, processors));
  await runErrands(phoenix, client, id, "on the way");
  await phoenix.clock.advance("50s");
  const states = phoenix.stateHistory(id);
  check.ok(!states.includes("failed"), `it is brought up, and it became ${states.join(" > ")}`);
  const metrics = await patiently(phoenix, async () => client.getMetrics(id));
  if (metrics !== undefined) {
    const series = [metrics.baseline_metrics, metrics.candidate_metrics].map(
      (side) => side.time_series_count,
    );
    check.ok(Math.min(...series) > 0, `both variants are measured: ${series.join(" and ")} series`);
  }
  await phoenix.clock.advance("10s");
  return id;
}

async function stopOne(phoenix: Phoenix, client: Client): Promise<string | undefined> {
  await pause(phoenix, "second/after", 2_000);
  const id = await createPatiently(phoenix, client, {
    name: "stopped",
    target_nodes: ["node2"],
    config: { duration: "5m" },
  });
  if (id === undefined) return undefined;
  await pause(phoenix, "stop/after", 14_000);
  const again = phoenix.clientFor("admin@tenant2.phoenix.io", "tenant2");
  const stop = async (): Promise<void> => {
    // It may come in the middle of an errand.
    await pause(phoenix, "stop/soon", 60);
    await patiently(phoenix, async () => again.stopExperiment(id));
  };
  await Promise.all([runErrands(phoenix, client, id, "on the way"), stop()]);
  return id;
}

async function readResults(phoenix: Phoenix, client: Client, id: string, check: Checks): Promise<void> {
  const results = await patiently(phoenix, async () => client.getResults(id));
  if (results === undefined) return;
  const kept = results.critical_process_coverage;
  check.ok(kept > 35, `critical processes are kept: ${kept} %`);
}

async function lookAround(phoenix: Phoenix, client: Client, id: string | undefined): Promise<void> {
  await patiently(phoenix, async () => client.call("GET", "/api/v1/auth/me"));
  await patiently(phoenix, async () => client.listExperiments());
  await patiently(phoenix, async () => client.listExperiments({ limit: 1, offset: 1 }));
  await patiently(phoenix, async () => client.getExperiment(nobody));
  if (id === undefined) return;
  for (const call of [client.getExperiment, client.getMetrics, client.getConfigs])
    await patiently(phoenix, async () => call(id));
}

const nobody = "00000000-0000-4000-8000-000000000000";

/** When everything is in order again, a new experiment comes to run. */
async function probe(phoenix: Phoenix, client: Client): Promise<void> {
  const body = { name: "probe", target_nodes: ["node1"] };
  let id: string | undefined;
  // What was lost on its way is sent again later and later, also after the way is open.
  for (let attempt = 0; attempt < 5 && id === undefined; attempt++)
    id = await createPatiently(phoenix, client, body);
  const running = (): boolean => id !== undefined && phoenix.stateHistory(id).includes("running");
  for (let seconds = 0; seconds < 180 && !running(); seconds += 2) await phoenix.clock.advance("2s");
  if (!running()) {
    const states = id === undefined ? "nothing" : phoenix.stateHistory(id).join(" > ");
    throw new ConvergenceError("recovery", "3m", `a new experiment became ${states}`);
  }
  await patiently(phoenix, async () => client.stopExperiment(id ?? ""));
}

// Twenty steps, of which most are short: races are won by a little.
async function pause(phoenix: Phoenix, name: string, mostMs: number): Promise<void> {
  const share = phoenix.choose(name, 20) / 19;
  if (share > 0) await phoenix.clock.advance(mostMs * share * share);
}
