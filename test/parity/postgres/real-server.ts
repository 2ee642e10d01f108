/** A real PostgreSQL with a private data directory on a free loopback port, started and stopped by the suite. */
import { execFileSync, spawn } from "node:child_process";
import { chownSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir, userInfo } from "node:os";
import path from "node:path";
import * as pg from "pg";
import { missingProgram, realPrograms } from "../../support/real-programs.js";

export interface RealServer {
  readonly version: string;
  /** For clients of any kind. */
  readonly url: string;
  connect(): Promise<pg.Client>;
  stop(): void;
}

/** The server refuses to run as root, so root lends its place to the user of the package. */
function asServerUser(command: string, args: readonly string[]): [string, string[]] {
  return userInfo().uid === 0
    ? ["runuser", ["-u", "postgres", "--", command, ...args]]
    : [command, [...args]];
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once("error", reject);
    probe.listen(0, "127.0.0.1", () => {
      const address = probe.address();
      probe.close(() =>
        address !== null && typeof address === "object"
          ? resolve(address.port)
          : reject(new Error("no port")),
      );
    });
  });
}

async function untilReady(port: number): Promise<string> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const client = new pg.Client({ host: "127.0.0.1", port, user: "postgres", database: "postgres" });
    try {
      await client.connect();
      const { rows } = await client.query<{ server_version: string }>("show server_version");
      await client.end();
      return rows[0]?.server_version ?? "unknown";
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error("PostgreSQL did not start within 10 s");
}

/** How long the real server waits before it looks for a deadlock; long enough for a few steps, short for a suite. */
export const deadlockTimeoutMs = 1000;

/** @throws Error when PostgreSQL 15 is not installed. */
export async function startRealServer(): Promise<RealServer> {
  const missing = missingProgram([realPrograms.postgres]);
  if (missing !== undefined) throw new Error(missing);
  const programs = path.dirname(realPrograms.postgres.command);
  const directory = mkdtempSync(path.join(tmpdir(), "postgres-parity-"));
  if (userInfo().uid === 0) {
    const uid = Number(execFileSync("id", ["-u", "postgres"], { encoding: "utf8" }));
    chownSync(directory, uid, uid);
  }
  const data = path.join(directory, "data");
  const [initdb, initArgs] = asServerUser(path.join(programs, "initdb"), [
    "-D",
    data,
    "-U",
    "postgres",
    "-A",
    "trust",
    "-E",
    "UTF8",
    "--locale=C",
    "--no-sync",
  ]);
  execFileSync(initdb, initArgs, { stdio: "ignore", cwd: directory });
  const port = await freePort();
  const settings = [
    "listen_addresses=127.0.0.1",
    `port=${port}`,
    "unix_socket_directories=",
    "fsync=off",
    "synchronous_commit=off",
    "timezone=UTC",
    `deadlock_timeout=${deadlockTimeoutMs}ms`,
    "autovacuum=off",
    "jit=off",
    "log_min_messages=panic",
    "shared_buffers=16MB",
  ];
  const [program, args] = asServerUser(path.join(programs, "postgres"), [
    "-D",
    data,
    ...settings.flatMap((setting) => ["-c", setting]),
  ]);
  const server = spawn(program, args, { stdio: "ignore", cwd: directory });
  const stop = (): void => {
    try {
      const [control, controlArgs] = asServerUser(path.join(programs, "pg_ctl"), [
        "-D",
        data,
        "-m",
        "immediate",
        "stop",
      ]);
      execFileSync(control, controlArgs, { stdio: "ignore", cwd: directory });
    } catch {
      server.kill("SIGQUIT");
    }
    rmSync(directory, { recursive: true, force: true });
  };
  try {
    const version = await untilReady(port);
    return {
      version,
      url: `postgres://postgres@127.0.0.1:${port}/postgres`,
      stop,
      async connect() {
        const client = new pg.Client({ host: "127.0.0.1", port, user: "postgres", database: "postgres" });
        await client.connect();
        return client;
      },
    };
  } catch (error) {
    stop();
    throw error;
  }
}
