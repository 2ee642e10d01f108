/** Random typed expressions on the simulated server and on the real one, where that is installed. */
import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Client } from "pg";
import { createPostgresServer } from "../../../sim/servers/postgres/index.js";
import { describeReal } from "../../support/real-arm.js";
import { realPrograms } from "../../support/real-programs.js";
import { createManualClock } from "../../unit/sim/servers/postgres/manual-clock.js";
import { expression } from "./expressions.js";
import { startRealServer, type RealServer } from "./real-server.js";

interface Result {
  readonly rows: readonly unknown[];
  readonly fields: ReadonlyArray<{ readonly dataTypeID: number }>;
}

/** The type and the value, or the error with all that it says. */
async function answerOf(query: () => Promise<Result>): Promise<unknown> {
  try {
    const { rows, fields } = await query();
    return { type: fields[0]?.dataTypeID, value: rows[0] };
  } catch (error) {
    const { code, message, detail, hint } = error as Record<string, unknown>;
    return { code, message, detail, hint };
  }
}

describeReal("random expressions give the same on both", [realPrograms.postgres], () => {
  let real: RealServer;
  let client: Client;
  beforeAll(async () => {
    real = await startRealServer();
    client = await real.connect();
    await client.query("set timezone to 'UTC'");
  });
  afterAll(async () => {
    await client.end();
    real.stop();
  });

  test("10,000 of them, but for those that are refused by name", async () => {
    const own = createPostgresServer({ clock: createManualClock() }).connect();
    let equal = 0;
    let refused = 0;
    for (const text of fc.sample(expression, { numRuns: 10_000, seed: 4 })) {
      const query = `select ${text} as value`;
      const mine = await answerOf(() => own.query(query) as Promise<Result>);
      if ((mine as { code?: unknown }).code === "SIM_UNSUPPORTED") {
        refused += 1;
        continue;
      }
      expect({ text, answer: mine }).toEqual({ text, answer: await answerOf(() => client.query(query)) });
      equal += 1;
    }
    expect(equal + refused).toBe(10_000);
    expect(refused).toBeLessThan(60);
  }, 300_000);
});
