import * as fc from "fast-check";
import { expect, test } from "vitest";

import {
  replay,
  runCampaign,
  createExecutor,
  localPool,
  shrink,
  shrinkCase,
} from "../../../../sim/explore/index.js";
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
  // The first run leaves two of two hundred: there is hardly anything to search.
  expect(runs).toBeLessThan(10);
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

test("k needed decisions of n take about k log n runs", async () => {
  for (const needed of [[137], [3, 700, 701], [0, 511, 512, 1023]]) {
    const result = await shrink({
      decisions: numbered(1024, 0).map((decision) => Object.assign({}, decision, { value: 1 })),
      runsMax: 10_000,
      run: async (candidate) => {
        const present = new Set(numbersOf(candidate));
        return { failed: needed.every((number) => present.has(number)) };
      },
    });
    expect(numbersOf(result.decisions)).toEqual(needed);
    // Ten halvings and one look for each, the whole, nothing, and the proof that none can be left out.
    expect(result.runs).toBeLessThanOrEqual(needed.length * 12 + 2);
  }
});

test("what a run has shown is not run again, also about the decisions that it really took", async () => {
  const ran: string[] = [];
  const result = await shrink({
    decisions: numbered(64, 0),
    run: async (candidate) => {
      const numbers = numbersOf(candidate);
      ran.push(candidate.map(({ label, value }) => `${label}=${value}`).join(" "));
      // Without the last decision the run takes another path, on which only the fifth is asked for.
      const taken = numbers.includes(63) ? candidate : candidate.filter(({ label }) => label === "d5");
      return { failed: numbers.includes(5), taken };
    },
  });
  expect(numbersOf(result.decisions)).toEqual([5]);
  expect(new Set(ran).size).toBe(ran.length);
  expect(ran).not.toContain("d5=6");
  // The whole, nothing, six halvings, and one for the value.
  expect(ran).toHaveLength(9);
});

test("a run that takes more decisions than it was given leaves the given ones", async () => {
  const result = await shrink({
    decisions: numbered(4, 0),
    run: async (candidate) => ({
      failed: numbersOf(candidate).includes(2),
      taken: [...candidate, ...numbered(9, 0)],
    }),
  });
  expect(numbersOf(result.decisions)).toEqual([2]);
});

test("each step that made it smaller is told once, with the size", async () => {
  const sizes: number[] = [];
  await shrink({
    decisions: numbered(32, 0),
    run: async (candidate) => ({ failed: numbersOf(candidate).includes(9) }),
    onSmaller: (count) => sizes.push(count),
  });
  expect(sizes.length).toBeGreaterThan(2);
  expect(sizes).toEqual([...new Set(sizes)].sort((a, b) => b - a));
  expect([Math.max(...sizes) < 32, sizes.at(-1)]).toEqual([true, 1]);
});

test("values are lowered only while three runs for each decision are left to prove the others", async () => {
  const shrunkTo = async (runsMax: number): Promise<readonly [number | undefined, boolean]> => {
    const { decisions, minimal } = await shrink({
      decisions: [{ kind: "latency", label: "a", occurrence: 0, value: 15 }],
      runsMax,
      run: async (candidate) => ({ failed: candidate.length > 0 }),
    });
    return [decisions[0]?.value, minimal];
  };
  // The whole and nothing are two runs.
  expect([await shrunkTo(5), await shrunkTo(6)]).toEqual([
    [15, true],
    [1, true],
  ]);
});

// Cases: what is shrunk is a failure with its world.

const found = {
  version: "0.2.0",
  scenario: "two-clients",
  profile: "calm",
  seed: 1,
  failure: { kind: "invariant", code: "fencing", message: "as it was found" },
  decisions: numbered(6, 0),
  minimal: false,
} as const;

/** @param needs - Number of the decision without which it does not fail. */
function replayOf(
  decisions: readonly Decision[],
  needs: number,
  verdict: "same" | "another failure" = "same",
) {
  const failed = numbersOf(decisions).includes(needs);
  return {
    verdict: failed ? verdict : ("no failure" as const),
    divergence: undefined,
    outcome: {
      failure: failed ? { ...found.failure, message: `with ${decisions.length}` } : undefined,
      traceHash: "",
      steps: 0,
      virtualUs: 0,
      decisions,
    },
  };
}

test("a case is shrunk by replays, and tells what the smallest that failed the same way said", async () => {
  const recordings: unknown[] = [];
  const { minimized, shrunk } = await shrinkCase(found, 100, async (recording) => {
    recordings.push(recording);
    return replayOf(recording.decisions as readonly Decision[], 2);
  });
  expect(numbersOf(minimized.decisions)).toEqual([2]);
  expect(minimized).toMatchObject({
    ...found,
    failure: { message: "with 1" },
    decisions: shrunk.decisions,
    minimal: true,
  });
  expect(shrunk).toMatchObject({ reproduced: true, minimal: true, runs: recordings.length });
  expect(recordings[0]).toMatchObject({ scenario: "two-clients", seed: 1, decisions: found.decisions });
});

test("a case that fails in another way when it is replayed is left as it is", async () => {
  const { minimized, shrunk } = await shrinkCase(found, 100, async ({ decisions }) =>
    replayOf(decisions as readonly Decision[], 2, "another failure"),
  );
  expect(shrunk).toMatchObject({ reproduced: false, minimal: false, runs: 1 });
  expect(minimized).toEqual(found);
});

test("a replay that is given up counts as one that did not fail", async () => {
  let runs = 0;
  const { minimized, shrunk } = await shrinkCase(found, 100, async ({ decisions }) => {
    runs += 1;
    return runs > 2 ? undefined : replayOf(decisions as readonly Decision[], 2);
  });
  expect(shrunk).toMatchObject({ reproduced: true });
  expect(minimized.decisions).toEqual(found.decisions);
});

test("a signal ends it early with the least that was found by then, which is not said to be minimal", async () => {
  const end = new AbortController();
  let runs = 0;
  const { minimized, shrunk } = await shrinkCase(
    found,
    100,
    async ({ decisions }) => {
      runs += 1;
      if (runs === 3) end.abort();
      return replayOf(decisions as readonly Decision[], 2);
    },
    end.signal,
  );
  expect(runs).toBe(3);
  expect([shrunk.reproduced, shrunk.minimal, minimized.minimal]).toEqual([true, false, false]);
  expect(numbersOf(minimized.decisions)).toEqual([0, 1, 2]);
});

test("without another way to try, a case runs in the worlds of the scenarios", async () => {
  await expect(shrinkCase({ ...found, scenario: "no-such" }, 100)).rejects.toMatchObject({
    code: "SIM_SCENARIO_UNKNOWN",
  });
});
