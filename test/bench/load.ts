/** Creates through plain `fetch`: how many a second, against the least they could cost, and as rows pile up. */
import { http, HttpResponse } from "msw";
import { setupServer } from "msw/node";
import { newDb } from "pg-mem";

import { createPhoenix } from "../../sim/world/index.js";
import type { Suite } from "./harness/suite.js";
import { timed } from "./harness/time.js";

const clients = 100;
const creates = 1_000;

export function addLoadBenches({ bench, ratio }: Suite): void {
  bench("load: creates through plain fetch", { unit: "creates/s", goal: 1_000, rounds: 3 }, async () => {
    return 1000 / (await msPerCreate(creates));
  });

  ratio(
    "load: a create, over an answer of msw and an insert into pg-mem",
    { goal: 2.5, better: "less", rounds: 3 },
    async () => msPerCreate(creates),
    async () => msPerFloor(creates),
  );

  ratio(
    "load: a create among 10,000, over one among 1,000",
    { goal: 1.3, better: "less", rounds: 1, warmups: 0 },
    async () => msPerCreate(10 * creates),
    async () => msPerCreate(creates),
  );
}

async function msPerCreate(count: number): Promise<number> {
  await using phoenix = await createPhoenix({ seed: 1, globals: true });
  const { token } = await phoenix.client.login("admin@phoenix.io", "admin123");
  return await msPerPost(count, `${phoenix.url}/api/v1/experiments`, token);
}

async function msPerFloor(count: number): Promise<number> {
  const url = "http://floor.test/api/v1/experiments";
  const database = newDb();
  database.public.none("CREATE TABLE experiments (id serial PRIMARY KEY, name text NOT NULL)");
  const { Pool } = database.adapters.createPg();
  const pool = new Pool() as { query(text: string, values: readonly unknown[]): Promise<unknown> };
  const server = setupServer(
    http.post(url, async ({ request }) => {
      const { name } = (await request.json()) as { name: string };
      await pool.query("INSERT INTO experiments (name) VALUES ($1)", [name]);
      return HttpResponse.json({ name }, { status: 201 });
    }),
  );
  server.listen({ onUnhandledRequest: "error" });
  try {
    return await msPerPost(count, url, "none");
  } finally {
    server.close();
  }
}

async function msPerPost(count: number, url: string, token: string): Promise<number> {
  const headers = { "content-type": "application/json", authorization: `Bearer ${token}` };
  const perClient = Math.round(count / clients);
  const client = async (_: unknown, index: number): Promise<void> => {
    for (let request = 0; request < perClient; request++) {
      const body = JSON.stringify({ name: `load-${index}-${request}` });
      const response = await fetch(url, { method: "POST", headers, body });
      if (response.status !== 201) throw new Error(`Got ${response.status}: ${await response.text()}`);
      await response.text();
    }
  };
  const ms = await timed(async () => Promise.all(Array.from({ length: clients }, client)));
  return ms / (perClient * clients);
}
