/** Clients of an application that live longer than one world, and what they leave behind. */
import http from "node:http";
import type { AddressInfo } from "node:net";

import pg from "pg";
import { createPhoenix } from "phoenix-sim";
import { afterAll, expect, test } from "vitest";

// As an application has it: made when its module is loaded, never ended by a test.
const pool = new pg.Pool({ host: "postgres", port: 5432, user: "phoenix", database: "phoenix" });
const problems: string[] = [];
pool.on("error", ({ message }) => problems.push(message));
afterAll(async () => pool.end());

test("a pool of the application works in one world after the other, and may stay open", async () => {
  for (let world = 0; world < 4; world += 1) {
    const phoenix = await createPhoenix({ seed: world, nodes: 1, globals: true });
    expect((await pool.query("SELECT 1 AS one")).rows).toEqual([{ one: 1 }]);
    await phoenix.dispose();
    expect(pool.idleCount).toBe(0);
  }
  expect(problems).toEqual(Array.from({ length: 4 }, () => "Connection terminated unexpectedly"));
});

test("a client that has no ear for errors is not heard of when the world ends", async () => {
  const phoenix = await createPhoenix({ seed: 1, nodes: 1, globals: true });
  const client = new pg.Client({ host: "postgres", port: 5432, user: "phoenix", database: "phoenix" });
  await client.connect();
  await phoenix.dispose();
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
});

test("a request to a local server as the last thing leaves nothing open", async () => {
  const server = http.createServer((_request, response) => response.end("own"));
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const phoenix = await createPhoenix({ seed: 1, nodes: 1, globals: true });
  const response = await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  expect(await response.text()).toBe("own");
  await phoenix.dispose();
  server.closeAllConnections();
  server.close();
});

test("a condition that gives a promise is refused", async () => {
  await using phoenix = await createPhoenix({ seed: 1, nodes: 1 });
  await expect(phoenix.until(async () => false)).rejects.toMatchObject({ code: "SIM_OPTION_INVALID" });
});

test("nodes that are neither a number nor names are refused", async () => {
  await expect(createPhoenix({ nodes: "3" as never })).rejects.toMatchObject({
    code: "SIM_OPTION_INVALID",
    message: expect.stringContaining('nodes is "3"') as string,
  });
});
