import { createPhoenix } from "phoenix-sim";
import { expect, test } from "vitest";

import { mutants } from "../../../../mutants/index.js";

test("what must always hold ends the world when it does not, with its name", async () => {
  const phoenix = await createPhoenix({ seed: 1 });
  phoenix.always("nothing runs", () =>
    phoenix.postgres.rows("experiments").every(({ state }) => state !== "running"),
  );
  const { id } = await phoenix.client.createExperiment({ name: "one" });
  const waiting = phoenix.waitForState(id, "analyzing", { within: "2h" });
  await expect(waiting).rejects.toMatchObject({ code: "SIM_INVARIANT", invariant: "nothing runs" });
  expect(phoenix.failure).toMatchObject({ invariant: "nothing runs" });
  await phoenix.dispose({ force: true });
});

test("what ends a world says where it was asked for, or where it was thrown", async () => {
  const phoenix = await createPhoenix({ seed: 1 });
  phoenix.always("one second", () => phoenix.clock.nowMs < 1000);
  await expect(phoenix.clock.advance("2s")).rejects.toMatchObject({
    stack: expect.stringContaining("by-user.test.ts") as unknown,
  });
  await phoenix.dispose({ force: true });
});

test("a promise says nothing of what always holds", async () => {
  const phoenix = await createPhoenix({ seed: 1 });
  const later = async (): Promise<boolean> => Promise.resolve(true);
  phoenix.always("later", later as unknown as () => boolean);
  await expect(phoenix.clock.advance("2s")).rejects.toThrow('"later" does not hold: it returned a promise');
  await phoenix.dispose({ force: true });
});

test("an answer of 500 comes with the recent warnings of the gateway", async () => {
  const phoenix = await createPhoenix({ seed: 1 });
  await phoenix.postgres.query("ALTER TABLE experiments RENAME COLUMN name TO title");
  await expect(phoenix.client.createExperiment({ name: "one" })).rejects.toThrow(
    /"no-internal-error".*\n.*warnings and errors of services:\n.*column "name" of relation "experiments" does not exist/,
  );
  await phoenix.dispose({ force: true });
});

test("a write that breaks an invariant is told with where it was asked for, while the trace is kept", async () => {
  const mutant = mutants.find(({ name }) => name === "initialization-is-skipped");
  for (const trace of [true, false]) {
    const phoenix = await createPhoenix({ seed: 1, trace, ...(mutant && { platform: mutant.platform }) });
    const { id } = await phoenix.client.createExperiment({ name: "one" });
    await expect(phoenix.waitForState(id, "running", { within: "1h" })).rejects.toMatchObject({
      invariant: "legal-transitions",
    });
    expect(phoenix.failure?.stack?.includes("src/store/")).toBe(trace);
    await phoenix.dispose({ force: true });
  }
});

test("what should come true sometimes is declared, and reached only once it does", async () => {
  await using phoenix = await createPhoenix({ seed: 1 });
  phoenix.sometimes("an experiment is made", () => phoenix.postgres.rows("experiments").length > 0);
  phoenix.sometimes("pigs fly", false);
  expect(phoenix.sometimesSeen.reached).toEqual([]);
  await phoenix.client.createExperiment({ name: "one", config: { duration: "30s" } });
  phoenix.reachable("the end");
  await phoenix.converge();
  expect(phoenix.sometimesSeen).toEqual({
    declared: ["an experiment is made", "pigs fly", "the end"],
    reached: ["an experiment is made", "the end"],
  });
});

test("a world that cannot come to rest says what is pending", async () => {
  const phoenix = await createPhoenix({ seed: 1 });
  const { id } = await phoenix.client.createExperiment({ name: "stuck", config: { duration: "1m" } });
  phoenix.services.controller.crash();
  await expect(phoenix.converge({ within: "5m" })).rejects.toMatchObject({
    code: "SIM_NOT_CONVERGED",
    invariant: "every-experiment-ends",
    message: expect.stringContaining(id) as unknown,
  });
  await phoenix.dispose({ force: true });
});

test("a world that cannot quiesce shows the recent warnings of its services, each once", async () => {
  const phoenix = await createPhoenix({ seed: 1 });
  phoenix.services.generator.crash();
  await phoenix.client.createExperiment({ name: "without configurations", config: { duration: "1m" } });
  const message = await phoenix.converge({ within: "5m" }).then(
    () => "it came to rest",
    (error: Error) => error.message,
  );
  expect(message).toContain("Recent warnings and errors of services:");
  expect(message.match(/controller-0 +warn +step failed, will be tried again/g)).toHaveLength(1);
  await phoenix.dispose({ force: true });
});
