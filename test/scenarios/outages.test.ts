import { ApiError, type Phoenix } from "phoenix-sim";
import { createTest, expect } from "phoenix-sim/vitest";
import { describe } from "vitest";

const test = createTest({ nodes: ["node1", "node2"], globals: false });

const ways = ["stop", "crash", "pause", "partition"] as const;
type Way = (typeof ways)[number];

interface Answers {
  readonly create: string;
  readonly read: string;
  readonly metrics: string;
  readonly reload: string;
  /** States of the new experiment while the outage lasts. */
  readonly states: string;
}

const every = (answer: string): Omit<Answers, "states"> => ({
  create: answer,
  read: answer,
  metrics: answer,
  reload: answer,
});
const healthy = every("ok");
const silent = { ...every("ETIMEDOUT"), states: "" };
const refused = { ...every("ECONNREFUSED"), states: "" };
const part503 = (what: string): string => `503 SERVICE_UNAVAILABLE ${what}, try again`;
const noDatabase = part503("a service this needs is unavailable");
// A session that is there already is asked and stays silent; a new one cannot be opened.
const silentDatabase = expect.stringMatching(
  /^503 SERVICE_UNAVAILABLE (?:a service this needs is unavailable|this takes too long), try again$/,
) as string;
const noMetrics = part503("metrics are unavailable");
const noGenerator = part503("the config generator is unavailable");
const toRunning = "pending > initializing > running";

/** What a client gets while a part is out; what it gets in another way when the part is only silent. */
const expected: Readonly<Record<string, Answers>> = {
  generator: { ...healthy, reload: noGenerator, states: "pending" },
  "gateway, dead": refused,
  "gateway, silent": silent,
  controller: { ...healthy, states: "pending" },
  "postgres, dead": { ...every(noDatabase), states: "" },
  "postgres, silent": { ...every(silentDatabase), states: "" },
  redis: { ...healthy, states: toRunning },
  prometheus: { ...healthy, metrics: noMetrics, states: toRunning },
  node1: { ...healthy, states: "pending > initializing" },
};

const cases = ["generator", "gateway", "controller", "postgres", "redis", "prometheus", "node1"].flatMap(
  (part) => ways.map((way) => ({ part, way })),
);

describe("what a client sees, and how far a new experiment gets, while", () => {
  test.for(cases)("$part is out by $way", async ({ part, way }, { phoenix }) => {
    const { client } = phoenix;
    const { id } = await client.createExperiment({ name: "running", config: { duration: "2h" } });
    await phoenix.waitForState(id, "running", { within: "1m" });
    await phoenix.clock.advance("20s");

    const heal = breakPart(phoenix, part, way);
    const asked = Promise.all([
      told(client.createExperiment({ name: "during" }, { idempotencyKey: "during" })),
      told(client.getExperiment(id)),
      told(client.getMetrics(id)),
      told(client.updatePipelineConfig(id, [{ type: "topk", config: { k: 3 } }])),
    ]);
    await phoenix.clock.advance("35s");
    const [create, read, metrics, reload] = await asked;
    const kind = way === "pause" || way === "partition" ? "silent" : "dead";
    const row = phoenix.postgres.rows("experiments").find(({ name }) => name === "during");
    const states = phoenix.stateHistory(String(row?.["id"])).join(" > ");
    expect({ create, read, metrics, reload, states }).toEqual(expected[part] ?? expected[`${part}, ${kind}`]);
    expect(phoenix.stateHistory(id)).toEqual(["pending", "initializing", "running"]);

    await heal();
    const late = await client.createExperiment({ name: "during" }, { idempotencyKey: "during" });
    await phoenix.waitForState(late.id, "running", { within: "2m" });
    expect(phoenix.postgres.rows("experiments")).toHaveLength(2);
    expect(phoenix.stateHistory(id)).toEqual(["pending", "initializing", "running"]);
  });
});

function breakPart(phoenix: Phoenix, part: string, way: Way): () => Promise<void> {
  if (way === "partition") {
    const cut = phoenix.network.isolate(part);
    return async () => cut.heal();
  }
  const target =
    part in phoenix.services ? phoenix.services[part as keyof Phoenix["services"]] : phoenix.node(part);
  return target[way]().heal;
}

async function told(asked: Promise<unknown>): Promise<string> {
  return asked.then(
    () => "ok",
    (error: unknown) => {
      if (error instanceof ApiError) {
        const text = typeof error.body === "string" ? error.body : error.body.error;
        return `${error.status} ${error.code} ${text}`;
      }
      return String(Reflect.get(error as object, "code"));
    },
  );
}

test("a 503 says when to try again", async ({ phoenix }) => {
  const { token } = await phoenix.client.login("admin@phoenix.io", "admin123");
  phoenix.services.postgres.crash();
  const response = await phoenix.fetch(`${phoenix.url}/api/v1/experiments`, {
    headers: { authorization: `Bearer ${token}` },
  });
  expect(response.status).toBe(503);
  expect(Number(response.headers.get("retry-after"))).toBeGreaterThan(0);
  expect(await response.json()).toMatchObject({ code: "SERVICE_UNAVAILABLE", error: expect.any(String) });
});
