/**
 * Every byte that Redis 7.0 answers to raw conversations, in both versions of the protocol. What the real server
 * answered is recorded in wire/recorded.json, so that the simulated one is judged on every machine; where the real one is
 * installed, the record is judged as well. To record anew: `RECORD=1 npx vitest run test/parity/redis/wire.test.ts`.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { type Socket, connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";

import { afterAll, describe, expect, test } from "vitest";

import { createRedisServer } from "../../../sim/servers/redis/index.js";
import { realRedisVersion } from "./real-server.js";
import { type WireArm, type WireTranscript, playWire } from "./wire/play.js";
import { wireScripts } from "./wire/scripts.js";

const file = "test/parity/redis/wire/recorded.json";
const recording = process.env["RECORD"] === "1";
const recorded = recording ? {} : (JSON.parse(readFileSync(file, "utf8")) as Record<string, WireTranscript>);
const cases = wireScripts.flatMap((script) =>
  ([2, 3] as const).map((protocol) => ({ name: `RESP${protocol} ${script.name}`, script, protocol })),
);

const turn = async (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

function simulatedArm(): WireArm {
  const server = createRedisServer({ clock: { now: () => 1_700_000_000_000, setTimer: () => undefined } });
  return {
    connect: () => server.connectStream(),
    async settle() {
      for (let turns = 0; turns < 5; turns += 1) await turn();
    },
  };
}

test.skipIf(recording).each(cases)(
  "the simulated Redis answers as recorded: $name",
  async ({ name, script, protocol }) => {
    expect(await playWire(simulatedArm(), script, protocol)).toEqual(recorded[name]);
  },
);

test.skipIf(recording)("nothing is recorded that is not played", () => {
  expect(Object.keys(recorded).sort()).toEqual(cases.map(({ name }) => name).sort());
});

describe.skipIf(realRedisVersion() === undefined)("with the real Redis", () => {
  const folder = mkdtempSync(join(tmpdir(), "redis-wire-"));
  const socket = join(folder, "redis.sock");
  const server = spawn("redis-server", ["--port", "0", "--unixsocket", socket, "--save", ""], {
    cwd: folder,
  });
  afterAll(() => {
    server.kill();
    rmSync(folder, { recursive: true, force: true });
    if (recording) writeFileSync(file, `${JSON.stringify(recorded, undefined, 1)}\n`);
  });
  // The server takes requests one after the other: once it has answered a later one twice, it has answered these, too.
  let probe: Socket | undefined;
  const ping = async (): Promise<void> =>
    new Promise((resolve) => {
      probe ??= connect(socket);
      probe.once("data", () => resolve()).write("PING\r\n");
    });
  const arm: WireArm = {
    connect: () => connect(socket),
    async settle() {
      for (let pings = 0; pings < 3; pings += 1) await ping();
      await turn();
    },
  };
  afterAll(() => probe?.destroy());

  test("it is ready", async () => {
    await expect
      .poll(
        async () =>
          new Promise((resolve) => {
            const probe = connect(socket, () => resolve(true)).on("error", () => resolve(false));
            probe.unref();
          }),
        { timeout: 20_000 },
      )
      .toBe(true);
  });

  test.each(cases)("the record is what it answers: $name", async ({ name, script, protocol }) => {
    const transcript = await playWire(arm, script, protocol);
    if (recording) recorded[name] = transcript;
    expect(transcript).toEqual(recorded[name]);
  });
});
