/**
 * The real Redis as an arm of the comparison: started on a unix socket in a private directory, stopped at the
 * end, nothing on disk.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { toBytes } from "../../../sim/servers/redis/reply.js";
import type { RedisReply } from "../../../sim/servers/redis/index.js";
import { missingProgram, realPrograms, realVersion } from "../../support/real-programs.js";
import { createReplyParser } from "./reply-parser.js";

export interface Connection {
  execute(args: readonly string[]): Promise<RedisReply>;
  /** What came without having been asked for, in order. */
  readonly pushes: RedisReply[];
  close(): void;
}

export interface RealServer {
  readonly version: string;
  connect(): Promise<Connection>;
  stop(): void;
}

function encode(args: readonly string[]): Buffer {
  const words = args.map(toBytes).map((word) => `$${word.length}\r\n${word}\r\n`);
  return Buffer.from(`*${args.length}\r\n${words.join("")}`, "latin1");
}

function open(path: string): Promise<Connection> {
  return new Promise((resolve, reject) => {
    const waiting: ((reply: RedisReply) => void)[] = [];
    const pushes: RedisReply[] = [];
    const socket: Socket = connect(path);
    const parser = createReplyParser((reply) => {
      const [kind] = reply.kind === "array" ? (reply.items ?? []) : [];
      const isMessage = kind?.kind === "bulk" && (kind.value === "message" || kind.value === "pmessage");
      const next = isMessage ? undefined : waiting.shift();
      if (next === undefined) pushes.push(reply);
      else next(reply);
    });
    socket.on("data", (chunk) => parser.push(chunk.toString("latin1")));
    socket.on("error", reject);
    socket.on("connect", () =>
      resolve({
        pushes,
        execute: (args) =>
          new Promise((answer) => {
            for (let extra = answersOf(args); extra > 1; extra -= 1)
              waiting.push((reply) => pushes.push(reply));
            waiting.push(answer);
            socket.write(encode(args));
          }),
        close: () => socket.destroy(),
      }),
    );
  });
}

/** SUBSCRIBE and its kin answer once for each name. */
function answersOf(args: readonly string[]): number {
  return /^p?(?:un)?subscribe$/i.test(args[0] ?? "") ? Math.max(1, args.length - 1) : 1;
}

/** Resolves when the server says that it takes connections. */
export function untilReady(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    child.stdout?.on("data", (text: Buffer) => {
      if (text.toString().includes("eady to accept connections")) resolve();
    });
    child.on("error", reject);
    child.on("exit", (code) => reject(new Error(`redis-server ended with code ${code} before it was ready`)));
  });
}

/** @throws Error when Redis 7.0 is not installed. */
export async function startRealServer(): Promise<RealServer> {
  const missing = missingProgram([realPrograms.redis]);
  if (missing !== undefined) throw new Error(missing);
  const directory = mkdtempSync(join(tmpdir(), "phoenix-redis-"));
  const path = join(directory, "redis.sock");
  const child = spawn(
    "redis-server",
    ["--port", "0", "--unixsocket", path, "--dir", directory, "--save", "", "--appendonly", "no"],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  await untilReady(child);
  child.removeAllListeners("exit");
  return {
    version: realVersion(realPrograms.redis) ?? "unknown",
    connect: () => open(path),
    stop() {
      child.kill("SIGKILL");
      rmSync(directory, { recursive: true, force: true });
    },
  };
}
