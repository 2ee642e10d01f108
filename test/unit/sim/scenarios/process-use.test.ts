import { once } from "node:events";
import { type Server, createServer } from "node:net";
import { expect, test } from "vitest";

import { listOpenHandles, heapBytesInUse } from "../../../../sim/scenarios/run-scenario.js";

test("open servers are handles of the process until they are closed", async () => {
  const before = (await listOpenHandles()).filter(isServer).length;
  const servers = await Promise.all(Array.from({ length: 20 }, openServer));
  const during = (await listOpenHandles()).filter(isServer).length;
  for (const server of servers) server.close();
  const after = (await listOpenHandles()).filter(isServer).length;
  expect([during - before, after - before]).toEqual([20, 0]);
});

test("the heap in use is a number of bytes", () => {
  expect(heapBytesInUse()).toBeGreaterThan(1_000_000);
});

// The test runner's own timers and pipes come and go meanwhile.
function isServer(type: string): boolean {
  return type === "TCPServerWrap";
}

async function openServer(): Promise<Server> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  return server;
}
