/** A thousand experiments at once, and what watching the invariants adds to a world. */
import { createPhoenix } from "../../sim/world/index.js";
import { runScenario, type Scenario } from "../../sim/scenarios/index.js";
import { lifecycle } from "../../sim/scenarios/lifecycle.js";
import { performanceUnderLoad } from "../../sim/scenarios/performance-under-load.js";
import { collectGarbage } from "./harness/garbage.js";
import type { Suite } from "./harness/suite.js";
import { cpuOf, timed } from "./harness/time.js";

const experiments = 1_000;
const nodes = 30;

export function addThousandBenches({ bench, ratio }: Suite): void {
  let heapMiB = Number.NaN;
  const once = { rounds: 1, warmups: 0, better: "less" } as const;

  bench("thousand: experiments running for five minutes", { unit: "s", goal: 60, ...once }, async () => {
    const ms = await timed(async () => {
      await using phoenix = await createPhoenix({ seed: 1, nodes });
      const made = await Promise.all(
        Array.from({ length: experiments }, (_, index) =>
          phoenix.client.createExperiment({
            name: `thousand-${index}`,
            target_nodes: [`node${(index % nodes) + 1}`],
            config: { duration: "30m" },
          }),
        ),
      );
      for (const { id } of made) await phoenix.waitForState(id, "running", { within: "10m" });
      await phoenix.clock.advance("5m");
      const running = phoenix.postgres.rows("experiments").filter(({ state }) => state === "running").length;
      if (running !== experiments) throw new Error(`Only ${running} of ${experiments} experiments run.`);
      heapMiB = await collectGarbage();
    });
    return ms / 1000;
  });

  bench("thousand: heap that they take", { unit: "MiB", goal: 1_024, ...once }, () => heapMiB);

  const overhead = { goal: 1.1, better: "less" } as const;
  ratio(
    "invariants: CPU of lifecycle, over that without them",
    { ...overhead, rounds: 15, warmups: 3 },
    () => cpuOfScenario(lifecycle, true),
    () => cpuOfScenario(lifecycle, false),
  );
  ratio(
    "invariants: CPU of a load, over that without them",
    { ...overhead, rounds: 5 },
    () => cpuOfScenario(performanceUnderLoad, true),
    () => cpuOfScenario(performanceUnderLoad, false),
  );
}

async function cpuOfScenario(scenario: Scenario, invariants: boolean): Promise<number> {
  return cpuOf(async () => {
    const { error } = await runScenario(scenario, { seed: 1, scale: 0.2, world: { invariants } });
    if (error !== undefined) throw new Error(`The scenario failed: ${error.message}`);
  });
}
