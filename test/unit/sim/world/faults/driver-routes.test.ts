import { Redis } from "ioredis";
import pg from "pg";
import { createPhoenix, faults } from "phoenix-sim";
import { expect, test } from "vitest";

/** What a profile injected in one world whose test uses ioredis and pg, and whether a driver noticed. */
async function runWithDrivers(profile: string, seed: number): Promise<{ names: string[]; reached: boolean }> {
  const phoenix = await createPhoenix({ seed, nodes: 1, globals: true, faults: { profile, window: "20s" } });
  let reached = false;
  const notice = (): void => {
    reached = true;
  };
  const redis = new Redis({ ...phoenix.redis.connection, commandTimeout: 800 });
  const pool = new pg.Pool({ ...phoenix.postgres.connection, query_timeout: 800 });
  redis.on("error", notice).on("close", notice);
  pool.on("error", notice);
  for (let turn = 0; turn < 50; turn += 1) {
    await Promise.all([redis.incr("turn").catch(notice), pool.query("SELECT 1").catch(notice)]);
    await phoenix.clock.advance("500ms");
  }
  const names = phoenix.faults.injected().map(({ name }) => name);
  redis.off("close", notice).disconnect();
  await phoenix.dispose({ force: true });
  return { names, reached };
}

test.each(["reset", "partition", "latency-spike", "half-open"])(
  "a profile of %s reaches the connections of the test's own drivers in some of ten worlds",
  async (kind) => {
    const runs = [];
    for (let seed = 1; seed <= 10; seed += 1) runs.push(await runWithDrivers(`only-${kind}`, seed));
    const aimed = runs.filter(({ names }) => names.some((name) => /client \| (postgres|redis)/.test(name)));
    expect(aimed.length).toBeGreaterThan(0);
    expect(aimed.some(({ reached }) => reached)).toBe(true);
    // The platform's own routes stay in reach.
    expect(runs.some(({ names }) => names.some((name) => !name.includes("client |")))).toBe(true);
  },
);

test.each(["deadlock", "serialization-failure", "statement-timeout"])(
  "a profile of %s fails statements of the test's own pool in some of ten worlds",
  async (kind) => {
    const runs = [];
    for (let seed = 1; seed <= 10; seed += 1) runs.push(await runWithDrivers(`only-${kind}`, seed));
    const aimed = runs.filter(({ names }) => names.some((name) => name.includes("for client")));
    expect(aimed.length).toBeGreaterThan(0);
    expect(aimed.some(({ reached }) => reached)).toBe(true);
    expect(runs.some(({ names }) => names.some((name) => !name.includes("for client")))).toBe(true);
  },
);

test.each(["COMMIT", "commit work", "END", "INSERT INTO paid VALUES (0); COMMIT"])(
  "the answer to %s is lost by commit-lost, though it took effect",
  async (ending) => {
    const phoenix = await createPhoenix({ seed: 1, nodes: 1, globals: true });
    const client = new pg.Client({ ...phoenix.postgres.connection });
    client.on("error", () => {});
    await client.connect();
    await client.query("CREATE TABLE paid (amount int)");
    phoenix.faults.inject(faults.commitLost("client"));
    await client.query("BEGIN");
    await client.query("INSERT INTO paid VALUES (1)");
    await expect(client.query(ending)).rejects.toMatchObject({ code: "ECONNRESET" });
    expect(phoenix.postgres.rows("paid").at(0)).toEqual({ amount: 1 });
    await phoenix.dispose({ force: true });
  },
);

test("a profile of commit-lost reaches the transactions of the test's own pool in some of ten worlds", async () => {
  const names: string[] = [];
  for (let seed = 1; seed <= 10; seed += 1)
    names.push(...(await runWithDrivers("only-commit-lost", seed)).names);
  expect(names.filter((name) => name.includes("of client"))).not.toEqual([]);
  expect(names.filter((name) => !name.includes("of client"))).not.toEqual([]);
});
