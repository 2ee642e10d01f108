import { createTest, expect } from "phoenix-sim/vitest";

import { createChecks } from "../../sim/scenarios/index.js";
import { runSideBySide } from "../../sim/scenarios/multi-experiment-concurrency.js";

const count = 50;
const nodes = Array.from({ length: count }, (_, index) => `node${index}`);

const test = createTest({ nodes, replicas: { controller: 2 }, globals: false });

test("fifty experiments run side by side under two controllers, and survive the loss of one", async ({
  phoenix,
}) => {
  const check = createChecks();
  await runSideBySide(phoenix, check, () => {}, count);
  expect(check.count).toBeGreaterThan(5 * count);

  phoenix.service("controller-0").crash();
  const later = await phoenix.client.createExperiment({ name: "one-more", config: { duration: "1m" } });
  await phoenix.waitForState(later.id, "completed", { within: "5m" });
  const states = phoenix.postgres.rows("experiments").map((row) => row["state"]);
  expect(states.filter((state) => state === "running")).toHaveLength(count);
});
