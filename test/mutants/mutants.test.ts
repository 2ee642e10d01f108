import { expect, test } from "vitest";

import {
  createWorldRun,
  failureHashOf,
  formatToken,
  identityOf,
  parseToken,
  replay,
  shrink,
} from "../../sim/explore/index.js";
import { faultKinds } from "../../sim/world/faults/index.js";
import { seededDriver } from "../../sim/kernel/index.js";
import { version } from "../../sim/shared/version.js";
import { huntMutant } from "./hunt-mutant.js";
import { mutants, witnesses } from "./index.js";

test("there are ninety mutants, each with a name of its own", () => {
  expect(mutants.length).toBeGreaterThanOrEqual(90);
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
});

// Those that nearly every run shows; the others take a campaign: see scripts of the benches.
const quick = mutants.filter(({ shows = "sometimes" }) => shows === "always");

test.each(quick.map((mutant) => [mutant.name, mutant] as const))(
  "%s is caught by its invariant",
  async (_, mutant) => {
    const { finding } = await huntMutant(mutant, { runsMax: 20 });
    expect(mutant.caughtBy).toContain(finding?.identity ?? "nothing");
  },
);

test("the right platform shows nothing in the same runs", async () => {
  const { finding } = await huntMutant({ platform: {} }, { runsMax: 20 });
  expect(finding?.failure.message).toBeUndefined();
});

test("every kind of fault has a wrong variant that may need it, and every name of one is known", () => {
  expect(Object.keys(witnesses)).toEqual(faultKinds.map(({ kind }) => kind));
  const names = new Set(mutants.map(({ name }) => name));
  expect(
    Object.values(witnesses)
      .flat()
      .filter((name) => !names.has(name)),
  ).toEqual([]);
});

test("a failure in a world is brought back by its token, and shrinks to little", async () => {
  const mutant = mutants.find(({ name }) => name === "only-the-first-node");
  const runOnce = createWorldRun({ world: { platform: mutant?.platform ?? {} } });
  const target = { scenario: "two-clients", profile: "calm", seed: 3 };
  const first = await runOnce({ ...target, driver: seededDriver(3), onStep: () => {} });
  const failure = first.failure === undefined ? "nothing" : identityOf(first.failure);
  expect(failure).toBe("invariant/running-means-deployed");
  const shrunk = await shrink({
    decisions: first.decisions,
    runsMax: 12,
    run: async (decisions) => {
      const again = await replay(runOnce, { ...target, decisions, failureHash: failureHashOf(failure) });
      return { failed: again.verdict === "same", taken: again.outcome.decisions };
    },
  });
  expect([shrunk.reproduced, shrunk.decisions]).toEqual([true, []]);
  const token = parseToken(formatToken({ ...target, version, failure, decisions: first.decisions }));
  expect((await replay(runOnce, token)).verdict).toBe("same");
});
