/** A difference that is meant: `npm run golden -- --update`, and say in the commit what changed. */
import { expect, test } from "vitest";

import { scenarios } from "../../sim/scenarios/index.js";
import { explorationHashes, readGolden, scenarioHashes } from "./golden-hashes.js";

const golden = readGolden();

function pinned(prefix: RegExp): Record<string, string> {
  return Object.fromEntries(Object.entries(golden).filter(([name]) => prefix.test(name)));
}

test.each(scenarios.map(({ name }) => name))(
  "%s leaves the traces that are pinned for seeds 1 to 3",
  async (name) => {
    expect(await scenarioHashes(name)).toEqual(pinned(new RegExp(`^${name} seed `)));
  },
);

test("twenty runs of an exploration leave the traces that are pinned", async () => {
  expect(await explorationHashes()).toEqual(pinned(/ run /));
});

test("every scenario and twenty runs of an exploration are pinned", () => {
  expect(Object.keys(pinned(/ seed /))).toHaveLength(scenarios.length * 3);
  expect(Object.keys(pinned(/ run /))).toHaveLength(20);
});
