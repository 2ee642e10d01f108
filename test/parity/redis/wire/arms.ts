/** The two servers as raw byte streams. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { createRedisServer } from "../../../../sim/servers/redis/index.js";
import { missingProgram, realPrograms, realVersion } from "../../../support/real-programs.js";
import { untilReady } from "../real-server.js";
import type { WireArm } from "./play.js";

const turn = async (): Promise<void> =>
  new Promise((resolve) => {
    setImmediate(resolve);
  });

export function createSimulatedWireArm(): WireArm {
  const server = createRedisServer({ clock: { now: () => 1_700_000_000_000, setTimer: () => undefined } });
  return {
    connect: () => server.connectStream(),
    async settle() {
      for (let turns = 0; turns < 5; turns += 1) await turn();
    },
  };
}

export interface RealWireArm extends WireArm {
  readonly version: string;
  stop(): void;
}

/** @throws Error when Redis 7.0 is not installed. */
export async function startRealWireArm(): Promise<RealWireArm> {
  const missing = missingProgram([realPrograms.redis]);
  if (missing !== undefined) throw new Error(missing);
  const folder = mkdtempSync(join(tmpdir(), "redis-wire-"));
  const path = join(folder, "redis.sock");
  const server = spawn("redis-server", ["--port", "0", "--unixsocket", path, "--save", ""], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await untilReady(server);
  server.removeAllListeners("exit");
  // The server takes requests one after the other: once it has answered a later one twice, it has answered these, too.
  const probe: Socket = connect(path);
  const ping = async (): Promise<void> =>
    new Promise((resolve) => {
      probe.once("data", () => resolve()).write("PING\r\n");
    });
  return {
    version: realVersion(realPrograms.redis) ?? "unknown",
    connect: () => connect(path),
    async settle() {
      for (let pings = 0; pings < 3; pings += 1) await ping();
      await turn();
    },
    stop() {
      probe.destroy();
      server.kill();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
