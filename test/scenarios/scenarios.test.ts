import { runScenario, scenarios } from "phoenix-sim";
import { describe, expect, test } from "vitest";

/** Load scenarios run at a part of their size here; at full size they run by `npm start`. */
const scaleOf: Readonly<Record<string, number>> = { "data-consistency": 0.2, "performance-under-load": 0.1 };

/** A run that takes longer than this in real time hangs, whatever its virtual time says. */
const wallMsMax = 30_000;

describe.each(scenarios.map((scenario) => ({ scenario, name: scenario.name })))("$name", ({ scenario, name }) => {
  const scale = scaleOf[name] ?? 1;

  test("holds, asserts, and gives the same trace with the steps kept", async () => {
    const first = await runScenario(scenario, { seed: 1, scale });
    expect(first.error).toBeUndefined();
    expect(first.assertions).toBeGreaterThan(0);
    expect(first.wallMs).toBeLessThan(wallMsMax);
    const second = await runScenario(scenario, { seed: 1, scale, world: { trace: true } });
    expect(second.traceHash).toBe(first.traceHash);
  });

  test("holds for another seed, with another trace", async () => {
    const [one, other] = [
      await runScenario(scenario, { seed: 2, scale }),
      await runScenario(scenario, { seed: 3, scale }),
    ];
    expect([one.error, other.error]).toEqual([undefined, undefined]);
    expect(other.traceHash).not.toBe(one.traceHash);
  });
});

test("two worlds side by side in one process give the traces they give alone", async () => {
  const lifecycle = scenarios.find(({ name }) => name === "lifecycle");
  if (lifecycle === undefined) throw new Error("there is no lifecycle scenario");
  const alone = [await runScenario(lifecycle, { seed: 11 }), await runScenario(lifecycle, { seed: 12 })];
  const together = await Promise.all([runScenario(lifecycle, { seed: 11 }), runScenario(lifecycle, { seed: 12 })]);
  expect(together.map(({ traceHash }) => traceHash)).toEqual(alone.map(({ traceHash }) => traceHash));
});

test("a scenario that asserts nothing fails", async () => {
  const result = await runScenario(
    { name: "silent", summary: "asserts nothing", deadline: "1m", world: { nodes: 1 }, run: async () => {} },
    { seed: 1 },
  );
  expect(result.error).toMatchObject({ code: "SIM_ASSERTION", message: expect.stringContaining("asserted nothing") });
});

test("a scenario past its deadline fails, and says by how much", async () => {
  const result = await runScenario(
    {
      name: "slow",
      summary: "takes too long",
      deadline: "1m",
      world: { nodes: 1 },
      async run({ phoenix, check }) {
        check.ok(true, "something");
        await phoenix.clock.advance("2m");
      },
    },
    { seed: 1 },
  );
  expect(result.error).toMatchObject({ code: "SIM_WAIT_TIMEOUT", message: expect.stringContaining("deadline of 60000") });
});
