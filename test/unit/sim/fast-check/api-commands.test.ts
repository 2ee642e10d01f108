import * as fc from "fast-check";
import { createPhoenix } from "phoenix-sim";
import {
  type ApiWorld,
  apiCommands,
  createApiModel,
  createRequests,
  schedules,
} from "phoenix-sim/fast-check";
import { expect, test } from "vitest";

test("whatever clients do, each answer can be explained by those before", async () => {
  await fc.assert(
    fc.asyncProperty(schedules(), apiCommands(), async (schedule, commands) => {
      const phoenix = await createPhoenix({ seed: schedule.seed, driver: schedule.driver() });
      await fc.asyncModelRun(() => ({ model: createApiModel(), real: phoenix }), commands);
      await phoenix.dispose();
    }),
    { numRuns: 15, seed: 1 },
  );
});

test("also when services crash in between", async () => {
  await fc.assert(
    fc.asyncProperty(schedules(), apiCommands({ crashes: true }), async (schedule, commands) => {
      const phoenix = await createPhoenix({ seed: schedule.seed, driver: schedule.driver() });
      await fc.asyncModelRun(() => ({ model: createApiModel(), real: phoenix }), commands);
      await phoenix.dispose({ force: true });
    }),
    { numRuns: 10, seed: 1 },
  );
});

test("a client that reads stale answers is found out, by few commands", async () => {
  const property = fc.asyncProperty(apiCommands(), async (commands) => {
    const phoenix = await createPhoenix({ seed: 1 });
    const kept = new Map<string, ReturnType<typeof phoenix.client.getExperiment>>();
    const stale: ApiWorld = {
      ...phoenix,
      client: {
        ...phoenix.client,
        async getExperiment(id) {
          const answer = kept.get(id) ?? phoenix.client.getExperiment(id);
          kept.set(id, answer);
          return answer;
        },
      },
    };
    await fc.asyncModelRun(() => ({ model: createApiModel(), real: stale }), commands);
    await phoenix.dispose({ force: true });
  });
  const { counterexample, errorInstance } = await fc.check(property, { seed: 2, numRuns: 60 });
  expect(errorInstance).toMatchObject({
    message: expect.stringContaining('To "read" the platform answered "'),
  });
  // Create, read, something that changes it, read.
  expect(fc.stringify(counterexample?.[0]).split("),").length).toBeLessThanOrEqual(4);
});

test("generated create requests are accepted as they are", async () => {
  await using phoenix = await createPhoenix({ seed: 1 });
  await fc.assert(
    fc.asyncProperty(createRequests(), async (body) => {
      const made = await phoenix.client.createExperiment(body);
      expect(made.name).toBe(body.name);
    }),
    { numRuns: 40 },
  );
});

test("options of create requests that nothing can be drawn from are refused", () => {
  expect(() => createRequests({ nodes: [] })).toThrow("createRequests got no nodes. [SIM_OPTION_INVALID]");
  expect(() => createRequests({ secondsMax: 0 })).toThrow("createRequests got secondsMax 0.");
  expect(() => createRequests({ seconds: 5 } as object)).toThrow('Did you mean "secondsMax"?');
});
