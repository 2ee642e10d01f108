import { createPhoenix } from "phoenix-sim";
import fc from "fast-check";
import { expect, test } from "vitest";

const parts = ["controller", "gateway", "postgres", "redis", "generator", "prometheus"] as const;

test("whatever crashes and whenever, a healed experiment completes with each transition once", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.nat({ max: 1_000_000 }),
      fc.array(
        fc.record({
          part: fc.constantFrom(...parts),
          atMs: fc.integer({ min: 0, max: 90_000 }),
          downMs: fc.integer({ min: 1, max: 20_000 }),
        }),
        { minLength: 1, maxLength: 3 },
      ),
      async (seed, crashes) => {
        await using phoenix = await createPhoenix({ seed, nodes: 2 });
        const { id } = await phoenix.client.createExperiment({
          name: "survivor",
          target_nodes: ["node1", "node2"],
          config: { duration: "1m" },
        });
        for (const { part, atMs, downMs } of [...crashes].sort((a, b) => a.atMs - b.atMs)) {
          const waitMs = atMs - phoenix.clock.nowMs;
          if (waitMs > 0) await phoenix.clock.advance(waitMs);
          const service = phoenix.services[part];
          if (service.replicas.every(({ host }) => host.state !== "down"))
            service.crash({ restartAfter: downMs });
        }
        await phoenix.waitForState(id, "completed", { within: "20m" });
        expect(phoenix.stateHistory(id)).toEqual([
          "pending",
          "initializing",
          "running",
          "analyzing",
          "completed",
        ]);
        const events = phoenix.postgres
          .rows("experiment_events")
          .map((row) => ({ seq: Number(row["seq"]), to_state: String(row["to_state"]) }));
        const inOrder = [...events].sort((a, b) => a.seq - b.seq);
        expect(inOrder.map(({ seq }) => seq)).toEqual(inOrder.map((_, index) => index + 1));
        expect(phoenix.stateHistory(id)).toEqual([...new Set(inOrder.map(({ to_state }) => to_state))]);
      },
    ),
    { numRuns: 25 },
  );
});
