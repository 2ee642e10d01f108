/**
 * Random conversations under random latency, with a crash or a close at a random moment: whatever happens, each
 * end hears a prefix of what the other said, in order, and both know in the same way how it ended.
 */
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { createWorldSockets, waitForReadyState } from "../../../../../sim/world/edges/index.js";
import { advance, seededDriver } from "../../../../../sim/kernel/index.js";
import { createTinyWorld } from "./tiny-world.js";

const action = fc.record({
  atMs: fc.integer({ min: 0, max: 60 }),
  what: fc.oneof(
    { weight: 8, arbitrary: fc.constantFrom("client says", "server says") },
    { weight: 1, arbitrary: fc.constantFrom("client closes", "server closes", "server crashes") },
  ),
});

async function converse(seed: number, script: readonly { readonly atMs: number; readonly what: string }[]) {
  const heard = { client: [] as string[], server: [] as string[] };
  const said = { client: [] as string[], server: [] as string[] };
  const ends: string[] = [];
  const world = createTinyWorld({
    driver: seededDriver(seed),
    link: { delayMsMin: 1, delayMsMax: 30 },
    onSocket(socket) {
      socket.onMessage((text) => heard.server.push(text));
      socket.onClose((code, reason) => ends.push(`server ${code} ${reason}`));
      for (const { atMs, what } of script) {
        const does: Record<string, () => void> = {
          "server says": () => {
            said.server.push(String(said.server.length));
            socket.send(String(said.server.length - 1));
          },
          "server closes": () => socket.close(4002, "server"),
          "server crashes": () => world.gateway.kill(),
        };
        const run = does[what];
        if (run !== undefined) world.loop.schedule(atMs, "task", what, run);
      }
    },
  });
  const { WebSocket, open } = createWorldSockets(world);
  const socket = new WebSocket("ws://gateway:8080/ws");
  socket.addEventListener("message", ({ data }) => heard.client.push(data as string));
  socket.addEventListener("close", ({ code, reason, wasClean }) => {
    ends.push(`client ${code} ${reason} ${wasClean ? "clean" : "unclean"}`);
  });
  await waitForReadyState(world.loop, socket, WebSocket.OPEN);
  for (const { atMs, what } of script) {
    const does: Record<string, () => void> = {
      "client says": () => {
        said.client.push(String(said.client.length));
        socket.send(String(said.client.length - 1));
      },
      "client closes": () => socket.close(4001, "client"),
    };
    const run = does[what];
    if (run !== undefined) world.loop.schedule(atMs, "task", what, run);
  }
  await advance(world.loop, 60_000);
  return { heard, said, ends: ends.toSorted(), open: open(), hash: world.loop.traceHash() };
}

test("each end hears a prefix of what the other said, and both know how it ended", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.array(action, { maxLength: 25 }), async (seed, script) => {
      const { heard, said, ends, open } = await converse(seed, script);
      expect(heard.client).toEqual(said.server.slice(0, heard.client.length));
      expect(heard.server).toEqual(said.client.slice(0, heard.server.length));
      const kinds = new Set(script.map(({ what }) => what));
      const crashes = kinds.has("server crashes");
      if (!crashes && !kinds.has("client closes") && !kinds.has("server closes")) {
        expect(open).toHaveLength(1);
        expect(ends).toEqual([]);
        expect([heard.client.length, heard.server.length]).toEqual([said.server.length, said.client.length]);
        return;
      }
      expect(open).toEqual([]);
      expect(ends.filter((end) => end.startsWith("client"))).toHaveLength(1);
      if (crashes) return;
      // Closed by one, and answered; or by both at once, when each hears the code of the other.
      const known = ["client 4001 client clean", "client 4002 server clean"];
      expect(known).toContain(ends[0]);
      expect(["server 4001 client", "server 4002 server"]).toContain(ends[1]);
    }),
    { numRuns: 150 },
  );
});

test("the same seed gives the same conversation", async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat(), fc.array(action, { maxLength: 25 }), async (seed, script) => {
      expect(await converse(seed, script)).toEqual(await converse(seed, script));
    }),
    { numRuns: 30 },
  );
});
