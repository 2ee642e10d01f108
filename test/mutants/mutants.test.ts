import { expect, test } from "vitest";

import { identityOf } from "../../sim/explore/index.js";
import { huntMutant } from "./hunt-mutant.js";
import { mutants } from "./index.js";

test("there are at least forty mutants, each with a name of its own", () => {
  expect(mutants.length).toBeGreaterThanOrEqual(40);
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
});

// Those that nearly every run shows; the others take a campaign: see scripts of the benches.
const quick = mutants.filter(({ shows = "sometimes" }) => shows === "always");

test.each(quick.map((mutant) => [mutant.name, mutant] as const))(
  "%s is caught by its invariant",
  async (_, mutant) => {
    const { failure } = await huntMutant(mutant, 20);
    expect(mutant.caughtBy).toContain(failure === undefined ? "nothing" : identityOf(failure));
  },
);
