import { type PhoenixOptions, createPhoenix } from "phoenix-sim";
import { expect, test } from "vitest";

const wrong: readonly (readonly [string, unknown, string])[] = [
  ["an unknown option", { sead: 7 }, 'createPhoenix has no option "sead"'],
  ["a negative seed", { seed: -1 }, "Cannot use -1 as seed"],
  ["a seed that is no whole number", { seed: 1.5 }, "Cannot use 1.5 as seed"],
  ["a seed of text", { seed: "7" }, 'Cannot use "7" as seed'],
  ["a flag of text", { globals: "yes" }, 'Cannot use "yes" as globals'],
  ["null for the options", null, "createPhoenix cannot use null"],
  ["a number for the options", 5, "createPhoenix cannot use 5"],
  ["no nodes", { nodes: [] }, "Cannot build a world with 0 nodes"],
  ["zero nodes", { nodes: 0 }, "Cannot use 0 as nodes"],
  ["a node twice", { nodes: ["a", "a"] }, 'Cannot use "a" as a node name'],
  ["a node name with capitals", { nodes: ["Node1"] }, 'Cannot use "Node1" as a node name'],
  ["no replica", { replicas: { gateway: 0 } }, "Cannot use 0 as replicas.gateway"],
  ["too many replicas", { replicas: { controller: 99 } }, "Cannot use 99 as replicas.controller"],
  ["a pool of nothing", { poolSize: 0 }, "Cannot use 0 as poolSize"],
  ["a link upside down", { link: { delayMsMin: 5, delayMsMax: 1 } }, "delayMsMin is 5"],
  ["a limit of nothing", { limits: { stepsMax: 0 } }, "Cannot use 0 as limits.stepsMax"],
  [
    "a negative service time",
    { capacity: { postgres: { workers: 1, serviceMs: -1 } } },
    "capacity.postgres.serviceMs",
  ],
];

test.each(wrong)("%s is refused with its value", async (_what, options, message) => {
  const error: unknown = await createPhoenix(options as PhoenixOptions).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: "SIM_OPTION_INVALID", message: expect.stringContaining(message) });
});

test("the hint for an unknown option gives the nearest one", async () => {
  await expect(createPhoenix({ sead: 7 } as PhoenixOptions)).rejects.toMatchObject({
    hint: expect.stringContaining('Did you mean "seed"?') as unknown,
  });
});

test("nodes run as many processes as they are told to, and a wrong number is refused", async () => {
  await using phoenix = await createPhoenix({
    nodes: 1,
    platform: { node: { options: { backgroundProcessCount: 6 } } },
  });
  const { id } = await phoenix.client.createExperiment({ name: "small" });
  await phoenix.waitForState(id, "running", { within: "1m" });
  await phoenix.clock.advance("1m");
  const { baseline_metrics: baseline } = await phoenix.client.getMetrics(id);
  expect(baseline.process_count).toBe(6);
  await phoenix.client.stopExperiment(id);
  await expect(
    createPhoenix({ platform: { node: { options: { backgroundProcessCount: -1 } } } }),
  ).rejects.toMatchObject({ code: "SIM_OPTION_INVALID" });
});
