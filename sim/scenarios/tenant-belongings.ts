/** What a tenant has besides experiments: accounts, deployments made by hand, templates. Used by scenario 7. */
import { ApiError, type Client } from "../client/index.js";
import type { Phoenix } from "../phoenix/index.js";
import type { Checks } from "./checks.js";

/** @returns The id of a new deployment. */
export async function createDeployment(client: Client): Promise<string> {
  const body = { deployment_name: "by-hand", pipeline_name: "process-topk-v1", target_nodes: ["node1"] };
  return (await client.call<{ id: string }>("POST", "/api/v1/pipelines/deployments", { body })).id;
}

/** Reads, changes and deletes a deployment. */
export async function useDeployment(check: Checks, client: Client, id: string): Promise<void> {
  const path = `/api/v1/pipelines/deployments/${id}`;
  const body = { parameters: { k: 5 } };
  await client.call("PATCH", path, { body });
  const { parameters } = await client.call<{ parameters: unknown }>("GET", path);
  check.equal(parameters, { k: 5 }, "the parameters of a deployment");
  await client.call("DELETE", path);
  await checkMissing(check, client, path);
}

/** Makes, changes and deletes a template, which two tenants may call by the same name. */
export async function useTemplates(check: Checks, owner: Client, stranger: Client): Promise<void> {
  const path = "/api/v1/templates/house-style";
  const make = async (client: Client, content: string): Promise<unknown> =>
    client.call("POST", "/api/v1/templates", { body: { name: "house-style", content } });
  await make(owner, "first");
  await checkMissing(check, stranger, path);
  await make(stranger, "theirs");
  await owner.call("PUT", path, { body: { content: "second" } });
  const read = async (client: Client): Promise<string> =>
    (await client.call<{ content: string }>("GET", path)).content;
  check.equal([await read(owner), await read(stranger)], ["second", "theirs"], "templates of one name");
  await owner.call("DELETE", path);
  await checkMissing(check, owner, path);
  check.equal(await read(stranger), "theirs", "the template of the other tenant");
}

/** Reads who one is, renews a token, logs out, and registers; a new account begins in a tenant of its own. */
export async function useAccount(check: Checks, phoenix: Phoenix, client: Client): Promise<void> {
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
