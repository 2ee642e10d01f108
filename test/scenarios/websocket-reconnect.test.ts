import { createTest, expect } from "phoenix-sim/vitest";
import { describe } from "vitest";

import { listen, runOne, tokenOf, whole } from "../support/socket-listener.js";

const test = createTest({ globals: false });

describe("coming back with `since`", () => {
  test.for(["in the query", "in the frame"])(
    "%s tells everything in between, once",
    async (where, { phoenix }) => {
      const token = await tokenOf(phoenix);
      const first = await listen(phoenix, `/ws?token=${token}`);
      first.send({ type: "subscribe", channels: ["experiment.updates"] });
      await phoenix.clock.advance("1s");
      await runOne(phoenix, "before");
      first.socket.close();
      const lastSeen = first.frames.at(-1)?.position ?? 0;
      const missed = await runOne(phoenix, "missed");

      const query = where === "in the query" ? `&since=${lastSeen}` : "";
      const second = await listen(phoenix, `/ws?token=${token}${query}`);
      const since = where === "in the frame" ? { since: lastSeen } : {};
      second.send({ type: "subscribe", channels: ["experiment.updates"], ...since });
      await phoenix.clock.advance("2s");
      expect(second.states(missed)).toEqual(whole);
      const positions = [...first.frames, ...second.frames].flatMap(({ type, position }) =>
        type === "experiment.update" ? [position] : [],
      );
      expect(positions).toEqual(positions.map((_, index) => index + 1));
      second.socket.close();
    },
  );

  test("another gateway replica goes on where the first died", async ({ phoenix }) => {
    const token = await tokenOf(phoenix);
    const first = await listen(phoenix, `/ws?token=${token}`);
    first.send({ type: "subscribe", channels: ["experiment.updates"] });
    await phoenix.clock.advance("1s");
    const { id } = await phoenix.client.createExperiment({ name: "handed-over", config: { duration: "1m" } });
    await phoenix.waitForState(id, "running", { within: "1m" });
    await phoenix.clock.advance("1s");
    phoenix.services.gateway.crash({ restartAfter: "3s" });
    await phoenix.until(() => first.closes.length > 0, { within: "1m" });
    expect(first.closes).toEqual([{ code: 1006, reason: "" }]);
    await phoenix.waitForState(id, "completed", { within: "5m" });

    const second = await listen(phoenix, `/ws?token=${token}&since=${first.frames.at(-1)?.position ?? 0}`);
    second.send({ type: "subscribe", channels: ["experiment.updates"] });
    await phoenix.clock.advance("2s");
    expect([...first.states(id), ...second.states(id)]).toEqual(whole);
    second.socket.close();
  });
});

test("a gateway that stops gracefully says so with a code", async ({ phoenix }) => {
  const listener = await listen(phoenix, `/ws?token=${await tokenOf(phoenix)}`);
  const outage = phoenix.services.gateway.stop();
  await phoenix.until(() => listener.closes.length > 0, { within: "1m" });
  expect(listener.closes).toEqual([{ code: 4001, reason: expect.stringContaining("shuts down") }]);
  await outage.heal();
});

test("no topic, and no experiment's id, lets a tenant hear of another", async ({ phoenix }) => {
  const otherTenant = await listen(
    phoenix,
    `/ws?token=${await tokenOf(phoenix, "admin@tenant1.phoenix.io", "tenant1")}`,
  );
  const { id } = await phoenix.client.createExperiment({ name: "secret", config: { duration: "30s" } });
  for (const topic of [
    "experiment.updates",
    "*",
    "experiment.*",
    `experiment:${id}`,
    "config.*",
    "experiment.created",
  ]) {
    otherTenant.send({ type: "subscribe", channels: [topic], since: 0 });
    otherTenant.send({ type: "subscribe", channels: [topic], experiment_id: id });
  }
  await phoenix.waitForState(id, "completed", { within: "5m" });
  await phoenix.clock.advance("5s");
  expect(otherTenant.frames.filter(({ type }) => type === "experiment.update")).toEqual([]);
  expect(otherTenant.texts.join("\n")).not.toContain("secret");
  otherTenant.socket.close();
});
