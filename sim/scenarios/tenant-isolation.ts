/** Scenario 7: what belongs to one tenant is closed to every other, and to tokens that are not ours. */
import { ApiError, type Client } from "../world/client/index.js";
import type { Phoenix } from "../world/index.js";
import type { Checks, Scenario } from "./scenario.js";

// What a tenant has besides experiments: accounts, deployments made by hand, templates. Used by scenario 7.

/** @returns The id of a new deployment. */
async function createDeployment(client: Client): Promise<string> {
  const body = { deployment_name: "by-hand", pipeline_name: "process-topk-v1", target_nodes: ["node1"] };
  return (await client.call<{ id: string }>("POST", "/api/v1/pipelines/deployments", { body })).id;
}

/** Reads, changes and deletes a deployment. */
async function useDeployment(check: Checks, client: Client, id: string): Promise<void> {
  const path = `/api/v1/pipelines/deployments/${id}`;
  const body = { parameters: { k: 5 } };
  await client.call("PATCH", path, { body });
  const { parameters } = await client.call<{ parameters: unknown }>("GET", path);
  check.equal(parameters, { k: 5 }, "the parameters of a deployment");
  await client.call("DELETE", path);
  await checkMissing(check, client, path);
}

/** Makes, changes and deletes a template, which two tenants may call by the same name. */
async function useTemplates(check: Checks, owner: Client, otherTenant: Client): Promise<void> {
  const path = "/api/v1/templates/house-style";
  const make = async (client: Client, content: string): Promise<unknown> =>
    client.call("POST", "/api/v1/templates", { body: { name: "house-style", content } });
  await make(owner, "first");
  await checkMissing(check, otherTenant, path);
  await make(otherTenant, "theirs");
  await owner.call("PUT", path, { body: { content: "second" } });
  const read = async (client: Client): Promise<string> =>
    (await client.call<{ content: string }>("GET", path)).content;
  check.equal([await read(owner), await read(otherTenant)], ["second", "theirs"], "templates of one name");
  await owner.call("DELETE", path);
  await checkMissing(check, owner, path);
  check.equal(await read(otherTenant), "theirs", "the template of the other tenant");
}

/** Reads who one is, renews a token, logs out, and registers; a new account begins in a tenant of its own. */
async function useAccount(check: Checks, phoenix: Phoenix, client: Client): Promise<void> {
  const me = await client.call<{ tenant_id: string }>("GET", "/api/v1/auth/me");
  check.equal(me.tenant_id, "tenant1", "the tenant of the token");
  const renewed = await client.call<{ user: { tenant_id: string } }>("POST", "/api/v1/auth/refresh", {
    body: { token: client.token },
  });
  check.equal(renewed.user.tenant_id, "tenant1", "the tenant of a renewed token");
  const bye = await client.call<{ message: string }>("POST", "/api/v1/auth/logout", { body: {} });
  check.ok(bye.message.length > 0, "a message at logout");
  const email = "newcomer@example.com";
  const asked = await client.call<{ message: string }>("POST", "/api/v1/auth/password-reset/request", {
    body: { email },
  });
  check.ok(asked.message.length > 0, "a message that tells nothing of the account");
  await client.call("POST", "/api/v1/auth/register", { body: { name: "New", email, password: "newcomer" } });
  const newcomer = phoenix.clientFor(email, "newcomer");
  check.equal((await newcomer.listExperiments()).total, 0, "experiments that a newcomer sees");
}

async function checkMissing(check: Checks, client: Client, path: string): Promise<void> {
  const error: unknown = await client.call("GET", path).catch((caught: unknown) => caught);
  check.ok(error instanceof ApiError && error.status === 404, `a 404 for ${path}`);
}

export const tenantIsolation: Scenario = {
  name: "tenant-isolation",
  summary: "tenants reach their own experiments and nothing of each other's",
  smoke: true,
  deadline: "5m",
  faultWindow: "12s",
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
    const load = await tenant2.startLoad({ experiment_id: second.id, duration: "1m" });
    const deployment = await createDeployment(tenant2);
    await phoenix.clock.advance("5s");
    const before = tenantRows(phoenix);
    for (const [method, path] of routesTo(second.id)) await checkForbidden(check, tenant1, method, path);
    await checkForbidden(check, tenant1, "POST", "/api/v1/load-simulations", { experiment_id: second.id });
    await checkForbidden(check, tenant1, "POST", "/api/v1/generator/generate", { experiment_id: second.id });
    const signal = { experiment_id: second.id, type: "rollback" };
    await checkForbidden(check, tenant1, "POST", "/api/v1/control/signals", signal);
    await checkForbidden(check, tenant1, "GET", `/api/v1/load-simulations/${load.id}`);
    for (const method of ["GET", "PATCH", "DELETE"]) {
      await checkForbidden(check, tenant1, method, `/api/v1/pipelines/deployments/${deployment}`);
    }
    check.equal(tenantRows(phoenix), before, "what is stored after those attempts");

    step("lists show only one's own");
    const listed = await tenant1.listExperiments();
    check.equal(
      listed.experiments.map(({ id }) => id),
      [first.id],
      "what tenant 1 lists",
    );
    check.equal(listed.total, 1, "the total that tenant 1 sees");
    for (const path of ["/load-simulations", "/pipelines/deployments", "/templates"]) {
      const list = JSON.stringify(await tenant1.call("GET", `/api/v1${path}`));
      const foreign = [second.id, load.id, deployment].filter((id) => list.includes(id));
      check.equal(foreign, [], `ids of tenant 2 in ${path}`);
    }

    step("each may use what is its own");
    await useDeployment(check, tenant2, deployment);
    await useTemplates(check, tenant1, tenant2);
    await useAccount(check, phoenix, tenant1);
    await useExperiment(check, tenant1, first.id);

    step("within a tenant, viewers only read, and users do not administer");
    await checkRoles(phoenix, check, second.id);

    step("tokens that were tampered with open nothing");
    for (const [what, token] of badTokens(tenant1.token)) {
      const response = await phoenix.fetch(`${phoenix.url}/api/v1/experiments/${first.id}`, {
        headers: { authorization: `Bearer ${token}` },
      });
      check.equal(response.status, 401, `the status for a token ${what}`);
    }
  },
};

function routesTo(id: string): readonly (readonly [method: string, path: string])[] {
  const at = `/api/v1/experiments/${id}`;
  const reads = [
    "status",
    "history",
    "metrics",
    "analysis",
    "cost-analysis",
    "results",
    "deployments",
    "configs",
  ];
  return [
    ...reads.map((rest) => ["GET", `${at}/${rest}`] as const),
    ["GET", `/api/v1/generator/configs/${id}`],
    ["GET", `/api/v1/control/experiments/${id}/signals`],
    ["GET", `/api/v1/control/experiments/${id}/drift`],
    ["POST", `${at}/start`],
    ["POST", `${at}/stop`],
    ["POST", `${at}/promote`],
    ["PATCH", `${at}/state`],
    ["PUT", `${at}/pipeline-config`],
    ["PUT", at],
    ["PATCH", at],
    ["DELETE", at],
  ];
}

async function checkForbidden(
  check: Checks,
  client: Client,
  method: string,
  path: string,
  body: unknown = {},
): Promise<void> {
  const options = method === "GET" || method === "DELETE" ? {} : { body };
  const error: unknown = await client.call(method, path, options).catch((caught: unknown) => caught);
  check.ok(error instanceof ApiError && error.status === 403, `a 403 for ${method} ${path}`);
  check.ok(
    error instanceof ApiError && error.message.includes("forbidden"),
    `"forbidden" for ${method} ${path}`,
  );
}

// Not the columns that the controller keeps for itself.
function tenantRows(phoenix: Phoenix): readonly unknown[] {
  const { rows } = phoenix.postgres;
  return [
    rows("experiments").map(({ id, name, description, state, config_version, promoted_variant, deleted }) => [
      id,
      name,
      description,
      state,
      config_version,
      promoted_variant,
      deleted,
    ]),
    rows("experiment_events").length,
    rows("control_signals").length,
    rows("load_simulations").map(({ id }) => id),
    rows("pipeline_deployments").map(({ id, parameters, status }) => [id, parameters, status]),
  ];
}

async function checkRoles(phoenix: Phoenix, check: Checks, id: string): Promise<void> {
  const viewer = phoenix.clientFor("viewer@tenant2.phoenix.io", "tenant2");
  const user = phoenix.clientFor("user@tenant2.phoenix.io", "tenant2");
  check.equal((await viewer.getExperiment(id)).id, id, "what a viewer reads");
  await checkForbidden(check, viewer, "POST", "/api/v1/experiments", { name: "by-a-viewer" });
  await checkForbidden(check, viewer, "DELETE", `/api/v1/experiments/${id}`);
  const made = await user.createExperiment({ name: "by-a-user" });
  await checkForbidden(check, user, "POST", `/api/v1/experiments/${made.id}/stop`);
  await checkForbidden(check, user, "GET", "/api/v1/templates");
  await user.deleteExperiment(made.id);
}

async function useExperiment(check: Checks, client: Client, id: string): Promise<void> {
  const path = `/api/v1/experiments/${id}`;
  const description = "changed by its own tenant";
  const patched = await client.call<{ description: string }>("PATCH", path, { body: { description } });
  check.equal(patched.description, description, "the description");
  const put = await client.call<{ name: string }>("PUT", path, { body: { name: "renamed" } });
  check.equal(put.name, "renamed", "the name");
  const ended = await client.call<{ current_state: string }>("PATCH", `${path}/state`, {
    body: { action: "cancel" },
  });
  check.equal(ended.current_state, "cancelled", "the state after a cancel");
  await client.deleteExperiment(id);
  const gone: unknown = await client.getExperiment(id).catch((error: unknown) => error);
  check.ok(gone instanceof ApiError && gone.status === 404, "a 404 for what was deleted");
}

function badTokens(good: string): readonly (readonly [what: string, token: string])[] {
  const [header = "", claims = "", signature = ""] = good.split(".");
  const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString("base64url");
  const swapped = Buffer.from(
    Buffer.from(claims, "base64url").toString().replace('"tenant1"', '"tenant2"'),
  ).toString("base64url");
  const flipped = `${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
  return [
    ["with another signature", `${header}.${claims}.${flipped}`],
    ["with another tenant", `${header}.${swapped}.${signature}`],
    ["that says it needs no signature", `${none}.${claims}.`],
  ];
}
