import { spawn } from "node:child_process";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { expect } from "vitest";
import { createRedisServer } from "../../../../../sim/servers/redis/index.js";
import { testReal } from "../../../../support/real-arm.js";
import { realPrograms } from "../../../../support/real-programs.js";
import { createTestClock } from "./test-clock.js";

function run(port: number, input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn("redis-cli", ["-p", String(port)], { stdio: ["pipe", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.on("error", reject);
    child.on("close", () => resolve(output));
    child.stdin.end(input);
  });
}

testReal("redis-cli looks into a server over a loopback port", [realPrograms.redisCli], async () => {
  const server = createRedisServer({ clock: createTestClock() });
  const listener = createServer((socket) => {
    const stream = server.connectStream();
    socket.pipe(stream).pipe(socket);
  });
  await new Promise<void>((resolve) => listener.listen(0, "127.0.0.1", resolve));
  const { port } = listener.address() as AddressInfo;
  const output = await run(port, "SET k v\nGET k\nLPUSH k x\nHSET h a 1 b 2\nHGETALL h\n");
  expect(output.split("\n").filter((line) => line !== "")).toEqual([
    "OK",
    "v",
    "WRONGTYPE Operation against a key holding the wrong kind of value",
    "2",
    "a",
    "1",
    "b",
    "2",
  ]);
  await new Promise((resolve) => listener.close(resolve));
});
