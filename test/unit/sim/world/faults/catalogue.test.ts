import { createPhoenix } from "phoenix-sim";
import { expect, test } from "vitest";

import { faultKindNamed, faultKinds, profileNamed } from "../../../../../sim/world/faults/index.js";

test("the catalogue has at least thirty kinds, each with a name of its own and a sentence", () => {
  expect(faultKinds.length).toBeGreaterThanOrEqual(30);
  expect(new Set(faultKinds.map(({ kind }) => kind)).size).toBe(faultKinds.length);
  expect(faultKinds.filter(({ summary }) => summary.length < 10)).toEqual([]);
});

test("an unknown fault or profile is refused with the nearest name", async () => {
  expect(() => faultKindNamed("partitoin")).toThrow(/"partition".*/s);
  expect(() => faultKindNamed("partitoin")).toThrow(expect.objectContaining({ code: "SIM_FAULT_UNKNOWN" }));
  expect(() => profileNamed("swam")).toThrow(expect.objectContaining({ code: "SIM_PROFILE_UNKNOWN" }));
  await expect(createPhoenix({ faults: "swam" })).rejects.toThrow(/Did you mean "swarm"/);
});

test("swarm arms few kinds, the same for the same seed, and every kind for some seed", () => {
  const swarm = profileNamed("swarm");
  const enabled = Array.from({ length: 400 }, (_, seed) => swarm(seed).map(({ kind }) => kind.kind));
  expect(enabled.every((kinds) => kinds.length <= 10)).toBe(true);
  expect(new Set(enabled.flat()).size).toBe(faultKinds.length);
  expect(swarm(7)).toEqual(swarm(7));
});

test.each(faultKinds.map(({ kind }) => kind))(
  "with %s an experiment still ends as it should, once the fault is healed",
  async (kind) => {
    await using phoenix = await createPhoenix({
      seed: 3,
      nodes: 2,
      faults: { profile: `only-${kind}`, window: "30s" },
    });
    const id = await create(phoenix);
    await phoenix.clock.advance("40s");
    await phoenix.converge({ within: "30m" });
    const states = id === undefined ? [] : phoenix.stateHistory(id);
    expect(["completed", "failed", undefined]).toContain(states.at(-1));
  },
);

async function create(phoenix: Awaited<ReturnType<typeof createPhoenix>>): Promise<string | undefined> {
  return phoenix.client
    .createExperiment({ name: "struck", target_nodes: ["node1"], config: { duration: "30s" } })
    .then(
      ({ id }) => id,
      () => undefined,
    );
}
