/** Redis and Prometheus of the machine, started on free loopback ports and stopped by whoever started them. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";

import { stringify } from "yaml";

/** A server that runs until it is stopped. */
export interface RunningServer {
  readonly url: string;
  stop(): Promise<void>;
}

export async function freePort(): Promise<number> {
  const probe = createServer();
  await new Promise<void>((resolve) => {
    probe.listen(0, "127.0.0.1", resolve);
  });
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => {
    probe.close(resolve);
  });
  return port;
}

/** @param ready - Resolves to true once the server answers; asked again every 50 ms, for 10 s. */
async function start(
  command: string,
  args: readonly string[],
  folder: string,
  url: string,
  ready: () => Promise<boolean>,
): Promise<RunningServer> {
  const child: ChildProcess = spawn(command, args, { stdio: "ignore", cwd: folder });
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
  });
  const stop = async (): Promise<void> => {
    child.kill("SIGTERM");
    await exited;
    rmSync(folder, { recursive: true, force: true });
  };
  for (let attempt = 0; attempt < 200; attempt += 1) {
    if (await ready()) return { url, stop };
    await new Promise((resolve) => {
      setTimeout(resolve, 50);
    });
  }
  await stop();
  throw new Error(`${command} did not become ready in 10 s`);
}

export async function startRedis(): Promise<RunningServer> {
  const folder = mkdtempSync(path.join(tmpdir(), "phoenix-real-redis-"));
  const port = await freePort();
  const ping = async (): Promise<boolean> =>
    spawnSync("redis-cli", ["-p", String(port), "ping"], { encoding: "utf8" }).stdout.trim() === "PONG";
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"];
  return start("redis-server", args, folder, `redis://127.0.0.1:${port}`, ping);
}

/** @param files - Rule files and the configuration, as objects; the configuration names the rule file `rules.yml`. */
export async function startPrometheus(
  port: number,
  { config, rules }: { readonly config: unknown; readonly rules: unknown },
): Promise<RunningServer> {
  const folder = mkdtempSync(path.join(tmpdir(), "phoenix-real-prometheus-"));
  writeFileSync(path.join(folder, "rules.yml"), stringify(rules));
  writeFileSync(path.join(folder, "prometheus.yml"), stringify(config));
  const url = `http://127.0.0.1:${port}`;
  const ready = async (): Promise<boolean> =>
    fetch(`${url}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  const args = [
    "--config.file=prometheus.yml",
    "--storage.tsdb.path=data",
    `--web.listen-address=127.0.0.1:${port}`,
    "--log.level=error",
  ];
  return start("prometheus", args, folder, url, ready);
}
