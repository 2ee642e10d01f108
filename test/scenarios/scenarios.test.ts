import { type Scenario, type ScenarioContext, defaultDriver, runScenario, scenarios } from "phoenix-sim";
import { describe, expect, test } from "vitest";

/** Load scenarios run at a part of their size here; at full size they run by `npm start`. */
const scaleOf: Readonly<Record<string, number>> = { "data-consistency": 0.2, "performance-under-load": 0.1 };

/** A run that takes longer than this in real time hangs, whatever its virtual time says. */
const wallMsMax = 45_000;

describe.each(scenarios.map((scenario) => ({ scenario, name: scenario.name })))(
  "$name",
  ({ scenario, name }) => {
    const options = { scale: scaleOf[name] ?? 1, wallMsMax };

    test("holds, asserts, and gives the same trace with the steps kept", async () => {
      const first = await runScenario(scenario, { ...options, seed: 1 });
      expect(first.error).toBeUndefined();
      expect(first.assertions).toBeGreaterThan(0);
      // The test runner's own timers come and go; those of a scenario are looked for where it runs alone.
      expect(first.resources?.openHandleTypes.filter((type) => type !== "Timeout")).toEqual([]);
      const second = await runScenario(scenario, { ...options, seed: 1, world: { trace: true } });
      expect(second.traceHash).toBe(first.traceHash);
    });

    test("holds on the default schedule: oldest first, every delay the shortest", async () => {
      const result = await runScenario(scenario, { ...options, seed: 1, driver: defaultDriver(1) });
      expect(result.error).toBeUndefined();
    });

    test("holds for another seed, with another trace", async () => {
      const [one, other] = [
        await runScenario(scenario, { ...options, seed: 2 }),
        await runScenario(scenario, { ...options, seed: 3 }),
      ];
      expect([one.error, other.error]).toEqual([undefined, undefined]);
      expect(other.traceHash).not.toBe(one.traceHash);
    });
  },
);

test("all scenarios side by side in one process give the traces they give alone", async () => {
  // One process has one set of globals.
  const options = { scale: 0.02, wallMsMax, world: { globals: false } };
  const alone: string[] = [];
  for (const [index, scenario] of scenarios.entries()) {
    alone.push((await runScenario(scenario, { ...options, seed: 11 + index })).traceHash);
  }
  const together = await Promise.all(
    scenarios.map(async (scenario, index) => runScenario(scenario, { ...options, seed: 11 + index })),
  );
  expect(together.map(({ error }) => error)).toEqual(scenarios.map(() => undefined));
  expect(together.map(({ traceHash }) => traceHash)).toEqual(alone);
});

describe("a scenario fails that", () => {
  function made(run: (context: ScenarioContext) => Promise<void> | void): Scenario {
    return {
      name: "made-up",
      summary: "made up for a test",
      deadline: "1m",
      world: { nodes: 1 },
      run: async (context) => run(context),
    };
  }

  test("asserts nothing", async () => {
    const result = await runScenario(
      made(() => {}),
      { seed: 1 },
    );
    expect(result.ok).toBe(false);
    expect(result.error).toMatchObject({
      code: "SIM_ASSERTION",
      message: expect.stringContaining("asserted nothing"),
    });
  });

  test("asserts what does not hold, with the step that it was in", async () => {
    const result = await runScenario(
      made(({ check, step }) => {
        step("count to three");
        check.equal(2, 3, "the sum");
      }),
      { seed: 1 },
    );
    expect(result.error).toMatchObject({
      code: "SIM_ASSERTION",
      step: "count to three",
      message: expect.stringContaining("Expected the sum; found 2, not 3."),
    });
  });

  test("ends after its deadline, and says by how much", async () => {
    const result = await runScenario(
      made(async ({ phoenix, check }) => {
        check.ok(true, "something");
        await phoenix.clock.advance("2m");
      }),
      { seed: 1 },
    );
    expect(result.error).toMatchObject({
      code: "SIM_WAIT_TIMEOUT",
      message: expect.stringContaining("deadline of 60000"),
    });
  });

  test("waits in real time for what never comes", async () => {
    const result = await runScenario(
      made(async ({ check }) => {
        check.ok(true, "something");
        await new Promise(() => {});
      }),
      { seed: 1, wallMsMax: 50 },
    );
    expect(result.error).toMatchObject({
      code: "SIM_WALL_LIMIT",
      message: expect.stringContaining('The scenario "made-up" did not end within 50 ms of real time.'),
    });
  });

  test("waits in virtual time for what never comes", async () => {
    const result = await runScenario(
      made(async ({ phoenix }) => {
        await phoenix.until(() => false, { label: "a miracle", within: "30s" });
      }),
      { seed: 1 },
    );
    expect(result.error).toMatchObject({
      code: "SIM_WAIT_TIMEOUT",
      message: expect.stringContaining("a miracle"),
    });
  });

  test("leaves something open", async () => {
    const result = await runScenario(
      made(async ({ phoenix, check }) => {
        const socket = new phoenix.WebSocket(phoenix.socketUrl);
        await phoenix.until(() => socket.readyState === socket.OPEN);
        check.ok(true, "something");
      }),
      { seed: 1 },
    );
    expect(result.error).toMatchObject({
      code: "SIM_LEFT_OPEN",
      message: expect.stringContaining("a WebSocket to"),
    });
  });

  test("gives the globals back all the same", async () => {
    const own = { fetch, setTimeout, Date, random: Math.random };
    const result = await runScenario(
      {
        ...made(() => {
          throw new Error("thrown by the scenario");
        }),
        world: { globals: true },
      },
      { seed: 1 },
    );
    expect(result.error?.message).toBe("thrown by the scenario");
    expect({ fetch, setTimeout, Date, random: Math.random }).toEqual(own);
  });
});
