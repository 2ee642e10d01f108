/** What two people change of one experiment at the same time. */
import { expect, test } from "phoenix-sim/vitest";

test.explore("a new description does not put an older name back", { runs: 30 }, async ({ phoenix }) => {
  const { id } = await phoenix.client.createExperiment({ name: "first", config: { duration: "30s" } });
  const change = async (body: object): Promise<unknown> =>
    phoenix.client.call("PATCH", `/api/v1/experiments/${id}`, { body });
  await Promise.all([change({ name: "second" }), change({ description: "in words" })]);
  const { name, description } = await phoenix.client.getExperiment(id);
  expect({ name, description }).toEqual({ name: "second", description: "in words" });
});
