/** A wait for a state that cannot come any more says why, in the words of the experiment's row. */
import { type Phoenix, createPhoenix } from "phoenix-sim";
import { expect, test } from "vitest";

async function messageOf(work: Promise<unknown>): Promise<string> {
  return work.then(
    () => "it came",
    (error: Error) => error.message,
  );
}

async function rowOf(
  { client }: Phoenix,
  id: string,
): Promise<{ readonly reason: string; readonly state: string }> {
  return client.call("GET", `/api/v1/experiments/${id}`);
}

test("a failed experiment's reason is in the error", async () => {
  await using phoenix = await createPhoenix();
  phoenix.services.generator.stop();
  const { id } = await phoenix.client.createExperiment({ name: "no generator" });
  const message = await messageOf(phoenix.waitForState(id, "running", { within: "30m" }));
  const { reason, state } = await rowOf(phoenix, id);
  expect([state, reason.length > 3]).toEqual(["failed", true]);
  expect(message).toContain(`failed (${reason})`);
});

test("so is that of one which a user stopped", async () => {
  await using phoenix = await createPhoenix();
  const { id } = await phoenix.client.createExperiment({ name: "stopped" });
  await phoenix.waitForState(id, "running", { within: "2m" });
  await phoenix.client.stopExperiment(id);
  const message = await messageOf(phoenix.waitForState(id, "completed", { within: "30m" }));
  const { reason, state } = await rowOf(phoenix, id);
  expect(message).toContain(`running > ${state} (${reason})`);
});

test("a wait that is only too short shows the last state and its reason", async () => {
  await using phoenix = await createPhoenix();
  const { id } = await phoenix.client.createExperiment({ name: "slow" });
  const message = await messageOf(phoenix.waitForState(id, "completed", { within: "1s" }));
  expect(message).toContain("[SIM_WAIT_TIMEOUT]");
  expect(message).toContain((await phoenix.client.getExperiment(id)).state);
});
