/** Whole worlds: how fast one starts, how fast its time passes, and what it leaves behind. */
import { createPhoenix } from "../../sim/world/index.js";
import { lifecycle } from "../../sim/scenarios/lifecycle.js";
import { runScenario } from "../../sim/scenarios/index.js";
import { collectGarbage } from "./harness/garbage.js";
import type { Suite } from "./harness/suite.js";
import { timed } from "./harness/time.js";

const worldsInARow = 200;

export function addWorldBenches({ bench }: Suite): void {
  bench("world: createPhoenix and dispose", { unit: "ms", goal: 20, better: "less", rounds: 25 }, async () =>
    timed(startAndEnd),
  );

  bench("world: lifecycle, virtual time over wall time", { unit: "x", goal: 1_000 }, async () => {
    const { ok, error, virtualMs, wallMs } = await runScenario(lifecycle, { seed: 1 });
    if (!ok) throw new Error(`The scenario failed: ${error?.message ?? "no reason given"}`);
    return virtualMs / wallMs;
  });

  bench(
    "world: heap left by 200 worlds",
    { unit: "MiB", goal: 10, better: "less", rounds: 1, warmups: 0 },
    async () => {
      // Caches fill once, such as compiled routes; what grows with every world is a leak.
      for (let world = 0; world < 10; world++) await startAndEnd();
      const before = await collectGarbage();
      for (let world = 0; world < worldsInARow; world++) await startAndEnd();
      return (await collectGarbage()) - before;
    },
  );
}

async function startAndEnd(): Promise<void> {
  const phoenix = await createPhoenix({ seed: 1 });
  await phoenix.dispose();
}
