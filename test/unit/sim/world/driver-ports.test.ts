import { spawn } from "node:child_process";

import { Redis } from "ioredis";
import * as pg from "pg";
import { createPhoenix } from "phoenix-sim";
import { expect, test } from "vitest";

import { testReal } from "../../../support/real-arm.js";
import { realPrograms } from "../../../support/real-programs.js";

function run(program: string, args: readonly string[], input: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.on("error", reject);
    child.on("close", () => resolve(output));
    child.stdin.end(input);
  });
}

test("pg and ioredis reach a world over loopback ports, and are cut off when it ends", async () => {
  const phoenix = await createPhoenix();
  const [postgres, redis] = [await phoenix.postgres.listen(0), await phoenix.redis.listen()];
  const client = new pg.Client({ connectionString: postgres.url });
  client.on("error", () => {});
  const ended = new Promise((resolve) => {
    client.once("end", resolve);
  });
  await client.connect();
  expect((await client.query("select 1 as one")).rows).toEqual([{ one: 1 }]);
  const cache = new Redis(redis.url, { retryStrategy: () => null });
  expect(await cache.set("k", "v")).toBe("OK");
  expect(await phoenix.redis.command("GET", "k")).toBe("v");
  cache.disconnect();
  await phoenix.dispose();
  await ended;
});

test("a port that is closed takes nobody, and a port that is taken says so", async () => {
  await using phoenix = await createPhoenix();
  const first = await phoenix.postgres.listen();
  await expect(phoenix.redis.listen(first.port)).rejects.toMatchObject({ code: "EADDRINUSE" });
  await first.close();
  await expect(new pg.Client({ connectionString: first.url }).connect()).rejects.toMatchObject({
    code: "ECONNREFUSED",
  });
});

test("a stopped server says goodbye, and a crashed one is gone without a word", async () => {
  await using phoenix = await createPhoenix();
  const { port } = await phoenix.postgres.listen();
  const open = async (): Promise<{ readonly client: pg.Client; readonly error: Promise<Error> }> => {
    const client = new pg.Client({ host: "127.0.0.1", port, user: "phoenix", ssl: false });
    const error = new Promise<Error>((resolve) => {
      client.on("error", resolve);
    });
    await client.connect();
    return { client, error };
  };
  const told = await open();
  const outage = phoenix.services.postgres.stop();
  await outage.settled;
  await phoenix.clock.advance("1s");
  expect(await told.error).toMatchObject({ code: "57P01" });
  await outage.heal();
  const unreported = await open();
  phoenix.services.postgres.crash();
  await phoenix.clock.advance("1s");
  expect((await unreported.error).message).toMatch(/terminated unexpectedly|ECONNRESET/);
});

testReal("psql looks into a world", [realPrograms.psql], async () => {
  await using phoenix = await createPhoenix();
  await phoenix.client.createExperiment({ name: "visible" });
  const { url } = await phoenix.postgres.listen();
  const output = await run("psql", [url, "-At"], "select name, state from experiments;\nselect 1/0;\n");
  expect(output).toMatch(/^visible\|\w+\n$/);
});

testReal("redis-cli looks into a world", [realPrograms.redisCli], async () => {
  await using phoenix = await createPhoenix();
  await phoenix.redis.command("SET", "k", "v");
  const { port } = await phoenix.redis.listen();
  expect(await run("redis-cli", ["-p", String(port)], "GET k\n")).toBe("v\n");
});
