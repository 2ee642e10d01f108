/** A world that fails while its run awaits what is no part of it. */
import { expect, test } from "vitest";

import { runOneWorld } from "../../../../sim/explore/one-world.js";
import { runScenario, type Scenario } from "../../../../sim/scenarios/index.js";
import type { Phoenix } from "../../../../sim/world/index.js";

/** Far above what a world takes, and far below the limits that would end it without the failure. */
const soonMs = 5_000;

const waits: readonly (readonly [string, boolean, (phoenix: Phoenix) => Promise<unknown>])[] = [
  ["a timer of its own", true, async () => new Promise((resolve) => setTimeout(resolve, 5_000))],
  ["a promise that nobody settles", false, async () => new Promise(() => {})],
];

/** Breaks at one virtual second, which a wait of nobody's brings. */
function breakSoon(phoenix: Phoenix): void {
  phoenix.always("a second", () => phoenix.clock.nowMs < 1000);
  phoenix.clock.advance("1m").catch(() => {});
}

test.each(waits)("an invariant that breaks ends a run that awaits %s, at once", async (_, globals, wait) => {
  const told: string[] = [];
  const startedAt = performance.now();
  const { outcome } = await runOneWorld(
    { globals, invariants: false, onFailure: (error) => told.push(error.message) },
    async (phoenix) => {
      breakSoon(phoenix);
      await wait(phoenix);
    },
    60_000,
  );
  expect(outcome.failure).toMatchObject({ kind: "invariant", code: "a second" });
  expect(told).toEqual([expect.stringContaining("a second")]);
  expect(performance.now() - startedAt).toBeLessThan(soonMs);
});

test.each(waits)("it ends a scenario that awaits %s, at once", async (_, globals, wait) => {
  const told: string[] = [];
  const scenario: Scenario = {
    name: "waiting",
    world: { globals, invariants: false, onFailure: () => told.push("of the scenario") },
    async run({ phoenix }) {
      breakSoon(phoenix);
      await wait(phoenix);
    },
  };
  const result = await runScenario(scenario, {
    seed: 1,
    world: { onFailure: () => told.push("of the run") },
    checksRequired: false,
  });
  expect(result.error).toMatchObject({ code: "SIM_INVARIANT" });
  expect(told).toEqual(["of the scenario", "of the run"]);
  expect(result.wallMs).toBeLessThan(soonMs);
});

test("a world that is disposed has not failed", async () => {
  const told: Error[] = [];
  const { outcome } = await runOneWorld({ onFailure: (error) => told.push(error) }, async (phoenix) =>
    phoenix.clock.advance("1s"),
  );
  expect([outcome.failure, told]).toEqual([undefined, []]);
});
