/**
 * What clients may rely on when they create experiments, however many of them, through however many gateways:
 * with requests and replies lost, retries, clocks that disagree, and restarts in between.
 */
import { ApiError, type Message, type Phoenix, createPhoenix } from "phoenix-sim";
import fc from "fast-check";
import { expect, test } from "vitest";

type Loss = "pass" | "lose request" | "lose reply" | "twice" | "slow";

interface Plan {
  readonly seed: number;
  readonly gateways: number;
  /** For each client the requests it makes, one after the other. */
  readonly clients: readonly (readonly Wish[])[];
  /** Each message of a create is lost in this way when its number, modulo the length, comes up. */
  readonly losses: readonly Loss[];
  readonly clockOffsetsMs: readonly number[];
  readonly restarts: readonly Restart[];
}

interface Wish {
  /** With a key a client tries again until it is answered; without one it asks once. */
  readonly keyed: boolean;
  /** Virtual milliseconds before it asks. */
  readonly pauseMs: number;
}

interface Restart {
  readonly part: "gateway-0" | "gateway-1" | "gateway-2" | "postgres-0" | "redis-0" | "controller-0";
  readonly atMs: number;
  readonly downMs: number;
  readonly graceful: boolean;
}

interface Acknowledged {
  readonly id: string;
  readonly name: string;
  readonly location: string;
}

// Further apart, and a token that one replica signs has expired for another.
const hourMs = 3_600_000;

const plans: fc.Arbitrary<Plan> = fc.record({
  seed: fc.nat({ max: 1_000_000 }),
  gateways: fc.integer({ min: 1, max: 3 }),
  clients: fc.array(
    fc.array(fc.record({ keyed: fc.boolean(), pauseMs: fc.integer({ min: 0, max: 3_000 }) }), {
      minLength: 1,
      maxLength: 5,
    }),
    { minLength: 1, maxLength: 8 },
  ),
  losses: fc.array(
    fc.constantFrom<Loss[]>(
      "pass",
      "pass",
      "pass",
      "lose request",
      "lose reply",
      "lose reply",
      "twice",
      "slow",
    ),
    { minLength: 1, maxLength: 12 },
  ),
  clockOffsetsMs: fc.array(fc.integer({ min: -hourMs, max: hourMs }), { minLength: 3, maxLength: 3 }),
  restarts: fc.array(
    fc.record({
      part: fc.constantFrom<Restart["part"][]>(
        "gateway-0",
        "gateway-1",
        "gateway-2",
        "postgres-0",
        "redis-0",
        "controller-0",
      ),
      atMs: fc.integer({ min: 0, max: 6_000 }),
      downMs: fc.integer({ min: 1, max: 4_000 }),
      graceful: fc.boolean(),
    }),
    { maxLength: 3 },
  ),
});

const runs = Number(process.env["PHOENIX_SIM_PROPERTY_RUNS"] ?? 20);

test("ids are unique, a key makes one experiment, and none that was acknowledged is lost", async () => {
  await fc.assert(fc.asyncProperty(plans, runPlan), { numRuns: runs, endOnFailure: false });
});

async function runPlan(plan: Plan): Promise<void> {
  await using phoenix = await createPhoenix({
    seed: plan.seed,
    nodes: 1,
    replicas: { gateway: plan.gateways },
  });
  // A login that was lost would only be made again.
  await phoenix.client.listExperiments();
  phoenix.services.gateway.replicas.forEach(({ host }, index) => {
    host.clockOffsetMs = plan.clockOffsetsMs[index] ?? 0;
  });
  const losing = phoenix.network.addRule("losses", lossesOf(plan.losses));
  const acknowledged = new Map<string, Acknowledged[]>();
  const faults = restartAll(phoenix, plan.restarts);
  await Promise.all(
    plan.clients.map(async (wishes, client) => {
      for (const [index, wish] of wishes.entries()) {
        await phoenix.clock.advance(wish.pauseMs);
        const name = `client-${client}-wish-${index}`;
        acknowledged.set(name, await createUntilAnswered(phoenix, name, wish.keyed));
      }
    }),
  );
  losing.heal();
  await faults;
  await phoenix.clock.advance("10s");
  // Whoever comes back much later with the same key gets the same experiment.
  for (const [client, wishes] of plan.clients.entries()) {
    for (const [index, { keyed }] of wishes.entries()) {
      const name = `client-${client}-wish-${index}`;
      if (keyed) acknowledged.get(name)?.push(await create(phoenix, name, true));
    }
  }
  await checkStored(phoenix, plan, acknowledged);
}

async function checkStored(
  phoenix: Phoenix,
  plan: Plan,
  acknowledged: ReadonlyMap<string, readonly Acknowledged[]>,
): Promise<void> {
  const rows = phoenix.postgres.rows("experiments");
  expect(new Set(rows.map((row) => row["id"])).size).toBe(rows.length);
  for (const [name, replies] of acknowledged) {
    const stored = rows.filter((row) => row["name"] === name).map((row) => String(row["id"]));
    const ids = new Set(replies.map(({ id }) => id));
    for (const reply of replies)
      expect(reply).toMatchObject({ name, location: `/api/v1/experiments/${reply.id}` });
    // Every acknowledged experiment is there; one per name, as one that is asked for without a key is asked for once.
    expect([...ids].filter((id) => !stored.includes(id))).toEqual([]);
    expect(stored.length, `rows of ${name}`).toBeLessThanOrEqual(twicePossible(plan, name) ? 2 : 1);
    expect(ids.size, `ids of ${name}`).toBeLessThanOrEqual(1);
  }
  expect(rows.filter((row) => !acknowledged.has(String(row["name"])))).toEqual([]);
  for (const row of rows) {
    const { events } = await phoenix.client.call<{ events: readonly { seq: number; type: string }[] }>(
      "GET",
      `/api/v1/experiments/${String(row["id"])}/history`,
    );
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    expect(events.map(({ type }) => type === "created")).toEqual(events.map((_, index) => index === 0));
  }
  // Times are the database's, whatever a gateway believes.
  const [beginMs, endMs] = [phoenix.clock.date.getTime() - phoenix.clock.nowMs, phoenix.clock.date.getTime()];
  for (const row of rows) {
    const createdMs = new Date(String(row["created_at"])).getTime();
    expect(createdMs).toBeGreaterThanOrEqual(beginMs - 1_000);
    expect(createdMs).toBeLessThanOrEqual(endMs + 1_000);
  }
}

// A request that the network delivers twice is two requests, unless a key says that they are one.
function twicePossible({ losses, clients }: Plan, name: string): boolean {
  const [, client = "", , wish = ""] = name.split("-");
  return losses.includes("twice") && clients[Number(client)]?.[Number(wish)]?.keyed === false;
}

/** Several restarts may overlap, also of one part; whatever is down at the end is started. */
async function restartAll(phoenix: Phoenix, restarts: readonly Restart[]): Promise<void> {
  await Promise.all(
    restarts.map(async ({ part, atMs, downMs, graceful }) => {
      const service = phoenix.services[part.split("-")[0] as keyof Phoenix["services"]].replicas.find(
        (replica) => replica.name === part,
      );
      if (service === undefined) return;
      await phoenix.clock.advance(atMs);
      if (service.host.state === "down") return;
      const outage = graceful ? service.stop() : service.crash();
      await phoenix.clock.advance(downMs);
      await outage.heal();
    }),
  );
}

function lossesOf(
  losses: Plan["losses"],
): (message: Message) => ReturnType<Parameters<Phoenix["network"]["addRule"]>[1]> {
  let number = 0;
  return ({ label, part }) => {
    if (!label.startsWith("POST /api/v1/experiments") || (part !== "request" && part !== "reply"))
      return undefined;
    const loss = losses[number++ % losses.length];
    if (loss === "lose request" && part === "request") return { action: "reset" };
    if (loss === "lose reply" && part === "reply") return { action: "reset" };
    if (loss === "twice" && part === "request") return { action: "duplicate" };
    if (loss === "slow") return { action: "delay", ms: 1_500 };
    return undefined;
  };
}

async function createUntilAnswered(phoenix: Phoenix, name: string, keyed: boolean): Promise<Acknowledged[]> {
  for (let attempt = 0; attempt < (keyed ? 60 : 1); attempt += 1) {
    const reply: unknown = await create(phoenix, name, keyed).catch((error: unknown) => error);
    if (!(reply instanceof Error)) return [reply as Acknowledged];
    // Never a wrong answer: a clear 503, or a connection that failed.
    if (reply instanceof ApiError) expect([reply.status, reply.message]).toEqual([503, expect.any(String)]);
    await phoenix.clock.advance("500ms");
  }
  return [];
}

async function create(phoenix: Phoenix, name: string, keyed: boolean): Promise<Acknowledged> {
  const response = await phoenix.fetch(`${phoenix.url}/api/v1/experiments`, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      authorization: `Bearer ${phoenix.client.token}`,
      ...(keyed ? { "idempotency-key": name } : {}),
    },
    body: JSON.stringify({ name, config: { duration: "1h" } }),
  });
  const body: unknown = await response.json();
  if (response.status !== 201) {
    throw new ApiError("POST", "/api/v1/experiments", response.status, body as ApiError["body"]);
  }
  const { id, name: stored } = body as { id: string; name: string };
  return { id, name: stored, location: response.headers.get("location") ?? "" };
}
