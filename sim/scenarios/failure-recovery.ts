/** Scenario 3: parts of the platform fail and come back; what runs goes on, what is new waits and then proceeds. */
import { ApiError } from "../world/client/index.js";
import type { Phoenix } from "../world/index.js";
import { createAndStart, during, type Checks, type Scenario } from "./scenario.js";

const parts = ["generator", "gateway", "controller", "postgres", "redis", "prometheus", "node1"] as const;
const failureModes = ["stop", "crash", "pause", "partition"] as const;

type FailureMode = (typeof failureModes)[number];

/** Without these a new experiment gets running all the same. */
const dispensable: ReadonlySet<string> = new Set(["redis", "prometheus"]);

export const failureRecovery: Scenario = {
  name: "failure-recovery",
  summary: "each part stops, crashes, freezes or is cut off in turn, and nothing is lost",
  deadline: "90m",
  faultWindow: "4m",
  world: { nodes: ["node1", "node2"] },
  async run({ phoenix, check, step, scale }) {
    const { client } = phoenix;

    step("an experiment runs");
    const experiment = await createAndStart(client, { name: "recovery-exp", config: { duration: "2h" } });
    await phoenix.waitForState(experiment.id, "running", { within: "1m" });

    step("it goes on while the config generator is down");
    const outage = phoenix.services.generator.stop();
    const rendering = { body: { experiment_id: experiment.id } };
    await during(outage, async () => {
      await phoenix.clock.advance("30s");
      const { state } = await client.getExperiment(experiment.id);
      check.equal(state, "running", "the state during the outage");
      const refusal: unknown = await client
        .call("POST", "/api/v1/generator/generate", rendering)
        .catch((error: unknown) => error);
      checkRefusal(check, refusal, "rendering without the generator");
    });

    step("after the generator is back, a new experiment runs");
    await phoenix.clock.advance("30s");
    const later = await client.createExperiment({ name: "post-recovery-exp" });
    await phoenix.waitForState(later.id, "running", { within: "2m" });
    const { configuration } = await client.call<{ configuration: string }>(
      "POST",
      "/api/v1/generator/generate",
      rendering,
    );
    const { valid } = await client.call<{ valid: boolean }>("POST", "/api/v1/generator/validate", {
      body: { configuration },
    });
    check.ok(valid, "a valid configuration from the generator");

    for (const part of parts) {
      // At a reduced size each part fails in one way, another one in each run.
      const chosen = scale < 1 ? phoenix.choose(`failure-mode/${part}`, failureModes.length) : undefined;
      for (const failureMode of chosen === undefined
        ? failureModes
        : failureModes.slice(chosen, chosen + 1)) {
        step(`${part}: ${failureMode}`);
        await failAndRecover(phoenix, check, experiment.id, part, failureMode);
      }
    }
    check.equal(
      phoenix.stateHistory(experiment.id),
      ["pending", "initializing", "running"],
      "the first experiment ran through all of it",
    );
  },
};

async function failAndRecover(
  phoenix: Phoenix,
  check: Checks,
  runningId: string,
  part: string,
  failureMode: FailureMode,
): Promise<void> {
  const heal = fail(phoenix, part, failureMode);
  const name = `during-${part}-${failureMode}`;
  const during = phoenix.client.createExperiment({ name }, { idempotencyKey: name }).then(
    ({ id }) => id,
    (error: unknown) => {
      checkRefusal(check, error, `creating while ${part} is out by ${failureMode}`);
      return undefined;
    },
  );
  const reading = phoenix.client.getExperiment(runningId).then(
    ({ state }) =>
      check.equal(state, "running", `what a client reads while ${part} is out by ${failureMode}`),
    (error: unknown) => checkRefusal(check, error, `reading while ${part} is out by ${failureMode}`),
  );
  const both = Promise.all([during, reading]);
  // Awaited below; what it finds before that must not end the process.
  both.catch(() => undefined);
  await phoenix.clock.advance("30s");
  const named = phoenix.postgres.rows("experiments").filter((row) => row["name"] === name);
  check.equal(
    named.some((row) => row["state"] === "running"),
    dispensable.has(part),
    `whether an experiment gets running while ${part} is out by ${failureMode}`,
  );
  await heal();
  const [firstId] = await both;

  // The same key again: if the first attempt took effect this is that experiment, and none is made twice.
  const { id } = await phoenix.client.createExperiment({ name }, { idempotencyKey: name });
  if (firstId !== undefined) check.equal(id, firstId, `one experiment for the key ${name}`);
  await phoenix.waitForState(id, "running", { within: "2m" });
  await phoenix.client.stopExperiment(id);
  const rows = phoenix.postgres.rows("experiments").filter((row) => row["name"] === name);
  check.equal(rows.length, 1, `one row for ${name}`);
  check.equal(
    (await phoenix.client.getExperiment(runningId)).state,
    "running",
    "the experiment that ran before",
  );
}

function fail(phoenix: Phoenix, part: string, failureMode: FailureMode): () => Promise<void> {
  if (failureMode === "partition") {
    const cut = phoenix.network.isolate(part);
    return cut.heal;
  }
  const target = part.startsWith("node")
    ? phoenix.node(part)
    : phoenix.services[part as keyof Phoenix["services"]];
  return target[failureMode]().heal;
}

// A clear 503, or a connection that failed or stayed silent: never a wrong answer.
function checkRefusal(check: Checks, error: unknown, what: string): void {
  if (error instanceof ApiError) {
    check.equal(error.status, 503, `a 503 when ${what}: ${error.message}`);
    check.equal(error.code, "SERVICE_UNAVAILABLE", `the code when ${what}`);
    check.ok(error.message.includes("try again"), `a clear text when ${what}: ${error.message}`);
    return;
  }
  const code = error instanceof Error && "code" in error ? error.code : String(error);
  check.includes<unknown>(
    ["ECONNREFUSED", "ECONNRESET", "ETIMEDOUT"],
    code,
    `a failed connection when ${what}`,
  );
}
