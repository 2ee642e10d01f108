/** The real Prometheus of the machine, started on loopback over samples of ours. */
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { missingProgram, realPrograms, realVersion } from "../support/real-programs.js";

/** A server that runs until it is closed. */
export interface RealServer {
  readonly url: string;
  readonly version: string;
  close(): Promise<void>;
}

/**
 * Loads an OpenMetrics text into blocks and serves it.
 *
 * @throws Error when Prometheus 2.42 is not installed, or does not become ready.
 */
export async function startRealServer(openMetrics: string, config = ""): Promise<RealServer> {
  const missing = missingProgram([realPrograms.prometheus]);
  if (missing !== undefined) throw new Error(missing);
  const version = realVersion(realPrograms.prometheus) ?? "unknown";
  const folder = mkdtempSync(path.join(tmpdir(), "promql-"));
  writeFileSync(path.join(folder, "samples.txt"), openMetrics);
  writeFileSync(
    path.join(folder, "prometheus.yml"),
    config === "" ? "global: {evaluation_interval: 1m}\n" : config,
  );
  const data = path.join(folder, "data");
  execFileSync(
    "promtool",
    ["tsdb", "create-blocks-from", "openmetrics", path.join(folder, "samples.txt"), data],
    {
      stdio: "ignore",
    },
  );
  const port = await freePort();
  const child = spawn(
    "prometheus",
    [
      `--config.file=${path.join(folder, "prometheus.yml")}`,
      `--storage.tsdb.path=${data}`,
      "--storage.tsdb.retention.time=100y",
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=error",
    ],
    { stdio: "ignore" },
  );
  const url = `http://127.0.0.1:${port}`;
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => {
      resolve();
    });
  });
  const close = async (): Promise<void> => {
    child.kill("SIGTERM");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilReady(url);
  } catch (error) {
    await close();
    throw error;
  }
  return { url, version, close };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  await new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  if (address === null || typeof address === "string") throw new Error("no free port");
  return address.port;
}

async function untilReady(url: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const ready = await fetch(`${url}/-/ready`).then(
      (reply) => reply.ok,
      () => false,
    );
    if (ready) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  throw new Error("prometheus did not become ready in 10 s");
}
