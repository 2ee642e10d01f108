import { once } from "node:events";
import { type Server, createServer } from "node:net";
import { expect, test } from "vitest";

import { readProcessUse } from "../../../../sim/scenarios/process-use.js";

test("open servers are handles of the process until they are closed", async () => {
  const before = readProcessUse();
  const servers = await Promise.all(Array.from({ length: 20 }, openServer));
  const during = readProcessUse();
  await Promise.all(servers.map(async (server) => once(server.close(), "close")));
  // A closed handle is gone after one more turn of the process.
  await new Promise((resolve) => setImmediate(resolve));
  const after = readProcessUse();
  // The test runner's own timers come and go meanwhile.
  expect(during.handles - before.handles).toBeGreaterThan(10);
  expect(during.handles - after.handles).toBeGreaterThan(10);
  expect(before.heapBytes).toBeGreaterThan(0);
});

async function openServer(): Promise<Server> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}
