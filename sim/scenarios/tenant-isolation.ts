/** Scenario 7: what belongs to one tenant is closed to every other, and to tokens that are not ours. */
import { ApiError, type Client } from "../client/index.js";
import type { Checks } from "./checks.js";
import type { Scenario } from "./scenario.js";

export const tenantIsolation: Scenario = {
  name: "tenant-isolation",
  summary: "tenants reach their own experiments and nothing of each other's",
  smoke: true,
  deadline: "5m",
  world: {},
  async run({ phoenix, check, step }) {
    step("two tenants log in and create an experiment each");
    const tenant1 = phoenix.clientFor("admin@tenant1.phoenix.io", "tenant1");
    const tenant2 = phoenix.clientFor("admin@tenant2.phoenix.io", "tenant2");
    const first = await tenant1.createExperiment({ name: "tenant1-experiment" });
    const second = await tenant2.createExperiment({ name: "tenant2-experiment" });

    step("neither can read the other's");
    await checkForbidden(check, tenant1, "GET", `/api/v1/experiments/${second.id}`);
    await checkForbidden(check, tenant2, "GET", `/api/v1/experiments/${first.id}`);

    step("each can read its own");
    check.equal((await tenant1.getExperiment(first.id)).id, first.id, "the id that tenant 1 reads");
    check.equal((await tenant2.getExperiment(second.id)).id, second.id, "the id that tenant 2 reads");

    step("nor can they reach them by another route");
    await phoenix.waitForState(second.id, "running", { within: "2m" });
    for (const rest of [
      "/status",
      "/metrics",
      "/analysis",
      "/cost-analysis",
      "/results",
      "/deployments",
      "/configs",
    ]) {
      await checkForbidden(check, tenant1, "GET", `/api/v1/experiments/${second.id}${rest}`);
    }
    for (const rest of ["/start", "/stop"]) {
      await checkForbidden(check, tenant1, "POST", `/api/v1/experiments/${second.id}${rest}`);
    }
    await checkForbidden(check, tenant1, "DELETE", `/api/v1/experiments/${second.id}`);
    check.equal((await tenant2.getExperiment(second.id)).state, "running", "the state after those attempts");

    step("lists show only one's own");
    const listed = await tenant1.listExperiments();
    check.equal(
      listed.experiments.map(({ id }) => id),
      [first.id],
      "what tenant 1 lists",
    );
    check.equal(listed.total, 1, "the total that tenant 1 sees");
  },
};

async function checkForbidden(check: Checks, client: Client, method: string, path: string): Promise<void> {
  const error: unknown = await client.call(method, path).catch((caught: unknown) => caught);
  check.ok(error instanceof ApiError && error.status === 403, `a 403 for ${method} ${path}`);
  check.ok(
    error instanceof ApiError && error.message.includes("forbidden"),
    `"forbidden" for ${method} ${path}`,
  );
}
