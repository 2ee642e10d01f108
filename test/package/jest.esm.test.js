// Jest runs each file in a context of its own; see tools/check-package.mjs.
import { SimError, createPhoenix } from "phoenix-sim";

test.each(["first", "second"])("the %s world with globals", async () => {
  const phoenix = await createPhoenix({ seed: 7, globals: true });
  expect((await fetch(`${phoenix.url}/health`)).status).toBe(200);
  const { id } = await phoenix.client.createExperiment({ name: "in-jest" });
  const startedMs = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 60_000));
  expect(Date.now() - startedMs).toBe(60_000);
  await phoenix.waitForState(id, "running", { within: "1m" });
  const socket = new WebSocket(`${phoenix.socketUrl}?token=none`);
  expect(await phoenix.waitForMessage(socket)).toContain("error");
  await phoenix.clock.advance("1s");
  expect(socket.readyState).toBe(WebSocket.CLOSED);
  await phoenix.dispose();
});

test("errors are of one class", async () => {
  await expect(createPhoenix({ sede: 1 })).rejects.toBeInstanceOf(SimError);
});
