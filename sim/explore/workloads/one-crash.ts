/**
 * The smallest world worth exploring: two clients, one experiment of one minute, and one crash. Several times
 * cheaper than the others, for a look at every commit.
 */
import type { Phoenix } from "../../phoenix/index.js";
import type { Scenario } from "../../scenarios/index.js";
import { collectorsOnly } from "./collectors-only.js";
import { createPatiently, patiently } from "./patient.js";

const victims = ["controller-0", "gateway-0", "postgres-0", "redis-0", "node1", "generator-0"];

export const oneCrash: Scenario = {
  name: "one-crash",
  summary: "two clients, one experiment of one minute, and one crash",
  deadline: "30m",
  world: {
    nodes: 1,
    replicas: { gateway: 1, controller: 1 },
    // Short leases, so that the next life of the controller takes over from the last within the minute.
    platform: {
      controller: { options: { leaseMs: 1_500, tickMs: 15_000 } },
      node: { options: { backgroundProcessCount: 6 } },
      prometheus: { config: collectorsOnly },
    },
  },
  async run({ phoenix, check, step }) {
    const first = phoenix.clientFor("admin@tenant1.phoenix.io", "tenant1");
    const second = phoenix.clientFor("admin@tenant2.phoenix.io", "tenant2");

    step("an experiment runs while something crashes");
    planCrash(phoenix);
    const id = await createPatiently(phoenix, first, {
      name: "watched",
      target_nodes: ["node1"],
      config: { duration: "1m" },
    });
    await phoenix.clock.advance("75s");

    step("both clients look at what there is");
    await Promise.all([
      patiently(phoenix, async () => second.listExperiments()),
      id === undefined ? undefined : patiently(phoenix, async () => first.getResults(id)),
    ]);
    check.ok(phoenix.failure === undefined, "a world without failure");
  },
};

function planCrash(phoenix: Phoenix): void {
  const victim = phoenix.service(victims[phoenix.choose("crash/victim", victims.length)] ?? "controller-0");
  // Early moments lie closer together: that is where most happens.
  const atMs = 300 * phoenix.choose("crash/at", 48) ** 1.4;
  phoenix.at(atMs, "crash", () => {
    if (victim.host.state !== "down") victim.crash({ restartAfter: "3s" });
  });
}
