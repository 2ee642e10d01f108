/** The end of a connection reaches a client that waits for nothing else: what is on its way is delivered. */
import net from "node:net";

import { createPhoenix } from "phoenix-sim";
import { expect, test } from "vitest";

test.each([
  ["gateway", 8080],
  ["redis", 6379],
  ["postgres", 5432],
] as const)("a plain socket hears that %s has crashed", async (service, port) => {
  const phoenix = await createPhoenix({ seed: 1, nodes: 1, globals: true });
  const socket = net.connect(port, service);
  const codes: unknown[] = [];
  socket.on("error", ({ code }: NodeJS.ErrnoException) => codes.push(code));
  await new Promise<void>((resolve) => {
    socket.on("connect", resolve);
  });
  const closed = new Promise<void>((resolve) => {
    socket.on("close", () => resolve());
  });
  phoenix.services[service].crash();
  await closed;
  expect(codes).toEqual(["ECONNRESET"]);
  await phoenix.dispose();
});
