import * as fc from "fast-check";
import { expect, test } from "vitest";

import { replay, runCampaign, createExecutor, localPool, shrink } from "../../../../sim/explore/index.js";
import { type Decision, replayDriver } from "../../../../sim/kernel/index.js";
import { runShapeOnce } from "../../../shapes/run-once.js";

/** Decisions numbered from 0, the first `faults` of them faults. */
function numbered(count: number, faults: number): readonly Decision[] {
  return Array.from({ length: count }, (_, index) => ({
    kind: index < faults ? "fault" : "order",
    label: `d${index}`,
    occurrence: 0,
    value: index < faults ? 1 : 1 + (index % 7),
  }));
}

function numbersOf(decisions: readonly Decision[]): readonly number[] {
  return decisions.map(({ label }) => Number(label.slice(1)));
}

test("what is needed is found among hundreds, and nothing else is kept", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 300 }),
      fc.uniqueArray(fc.nat(299), { maxLength: 4 }),
      async (count, wanted) => {
        const needed = wanted.filter((number) => number < count);
        const result = await shrink({
          decisions: numbered(count, count >> 2),
          runsMax: 10_000,
          run: async (candidate) => {
            const present = numbersOf(candidate);
            return { failed: needed.every((number) => present.includes(number)) };
          },
        });
        expect(numbersOf(result.decisions)).toEqual([...needed].sort((a, b) => a - b));
        expect(result).toMatchObject({ reproduced: true, minimal: true });
        for (const { value } of result.decisions) expect(value).toBe(1);
      },
    ),
  );
});

test("the result of a predicate without any order is 1-minimal too", async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 24 }), fc.nat(), async (count, salt) => {
      const all = numbered(count, 3);
      // Fails for the whole, and for about half of all other sets, without rhyme or reason.
      const fails = (candidate: readonly Decision[]): boolean =>
        candidate.length === count ||
        numbersOf(candidate).reduce(
          (h, number) => Math.imul(h ^ (number + 1), 0x85ebca6b) ^ (h >>> 13),
          salt,
        ) %
          2 ===
          0;
      const result = await shrink({
        decisions: all,
        runsMax: 100_000,
        run: async (candidate) => ({ failed: fails(candidate) }),
      });
      expect(result.minimal).toBe(true);
      expect(fails(result.decisions)).toBe(true);
      for (const divergence of result.decisions) {
        expect(fails(result.decisions.filter((other) => other !== divergence))).toBe(false);
      }
    }),
  );
});

test("faults go before orders: where either would do, the order is kept", async () => {
  const result = await shrink({
    decisions: numbered(10, 5),
    run: async (candidate) => ({
      failed: numbersOf(candidate).some((number) => number === 2 || number === 8),
    }),
  });
  expect(numbersOf(result.decisions)).toEqual([8]);
});

test("values come down to the least that fails", async () => {
  const result = await shrink({
    decisions: [{ kind: "latency", label: "a", occurrence: 0, value: 15 }],
    run: async (candidate) => ({ failed: (candidate[0]?.value ?? 0) >= 6 }),
  });
  expect(result.decisions[0]?.value).toBe(6);
});

test("what the run did not take falls away for nothing", async () => {
  let runs = 0;
  const result = await shrink({
    decisions: numbered(200, 0),
    run: async (candidate) => {
      runs += 1;
      const taken = candidate.filter(({ label }) => label === "d7" || label === "d9");
      return { failed: taken.length === 2, taken };
    },
  });
  expect(numbersOf(result.decisions)).toEqual([7, 9]);
  expect(runs).toBe(result.runs);
});

test("at the limit of runs it says that it may not be the least", async () => {
  const result = await shrink({
    decisions: numbered(400, 0),
    runsMax: 40,
    run: async (candidate) => ({
      failed: numbersOf(candidate).filter((number) => number % 9 === 0).length >= 40,
    }),
  });
  expect(result.minimal).toBe(false);
  expect(result.runs).toBe(40);
  expect(result.decisions.length).toBeLessThan(400);
});

test("a failure that does not come again is not shrunk", async () => {
  const decisions = numbered(5, 0);
  const result = await shrink({ decisions, run: async () => ({ failed: false }) });
  expect(result).toEqual({ decisions, reproduced: false, minimal: false, runs: 1 });
});

test.each(["lost-update", "deadlock-of-three", "expired-lease", "one-step-window", "duplicated-delivery"])(
  "a found %s shrinks to few decisions, which replay at the first try",
  async (scenario) => {
    const target = { scenario, profile: "calm" };
    const pool = localPool(createExecutor(runShapeOnce));
    const report = await runCampaign({
      ...target,
      version: "0.1.0",
      seed: 3,
      runs: 2000,
      pool,
      findingsMax: 1,
    });
    const finding = report.findings[0];
    if (finding === undefined) throw new Error("nothing was found");
    const shrunk = await shrink({
      decisions: finding.decisions,
      async run(decisions) {
        const driver = replayDriver(finding.seed, decisions);
        const { failure, ...rest } = await runShapeOnce({
          ...target,
          seed: finding.seed,
          driver,
          onStep: () => {},
        });
        return { failed: failure?.code === finding.failure.code, taken: rest.decisions };
      },
    });
    expect(shrunk).toMatchObject({ reproduced: true, minimal: true });
    expect(shrunk.decisions.length).toBeLessThanOrEqual(20);
    const again = await replay(runShapeOnce, {
      ...target,
      ...shrunk,
      seed: finding.seed,
      failureHash: undefined,
    });
    expect(again.divergence).toBeUndefined();
    expect(again.outcome.failure?.code).toBe(finding.failure.code);
  },
);
