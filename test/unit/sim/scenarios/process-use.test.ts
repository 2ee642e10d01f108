import { once } from "node:events";
import { type Server, createServer } from "node:net";
import { expect, test } from "vitest";

import { countOpenHandles, heapBytesInUse } from "../../../../sim/scenarios/run-scenario.js";

test("open servers are handles of the process until they are closed", async () => {
  const before = await countOpenHandles();
  const servers = await Promise.all(Array.from({ length: 20 }, openServer));
  const during = await countOpenHandles();
  for (const server of servers) server.close();
  const after = await countOpenHandles();
  // The test runner's own timers come and go meanwhile.
  expect(during - before).toBeGreaterThan(10);
  expect(during - after).toBeGreaterThan(10);
});

test("the heap in use is a number of bytes", () => {
  expect(heapBytesInUse()).toBeGreaterThan(1_000_000);
});

async function openServer(): Promise<Server> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}
