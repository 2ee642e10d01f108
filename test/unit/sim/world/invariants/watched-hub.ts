/** A hub of all invariants without a world, and what it is told. */
import { type RowChange, createInvariantHub, invariants } from "../../../../../sim/world/invariants/index.js";

export const id = "11111111-1111-4111-8111-111111111111";

/** A hub without a world: what broke, in order. */
export function watch() {
  const broken: string[] = [];
  const hub = createInvariantHub(invariants, {
    nowMs: 0,
    epochMs: 0,
    fail: (invariant) => broken.push(invariant),
    rows: () => [],
    collectors: () => new Map([["node1", []]]),
    loads: () => new Map(),
    versionOnceLive: () => 0,
    nodesOfSeries: () => [],
  });
  return { hub, broken };
}

export function experiment(changes: Readonly<Record<string, unknown>> = {}) {
  return {
    id,
    tenant_id: "tenant1",
    name: "one",
    description: "",
    state: "pending",
    reason: "",
    target_nodes: ["node1"],
    config: { duration_ms: 60_000 },
    config_version: 0,
    applied_version: 0,
    event_seq: 1,
    lease_token: 0,
    lease_owner: null,
    open: true,
    deleted: false,
    promoted_variant: null,
    created_by: "u",
    init_started_at: null,
    ...changes,
  };
}

export function change(table: string, before: object | null, after: object | null): RowChange {
  return { table, key: id, before, after } as RowChange;
}

export function answer(
  method: string,
  path: string,
  status: number,
  body: unknown,
  claims: object,
  headers = {},
) {
  const token = `x.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;
  return {
    host: "gateway-0",
    request: {
      method,
      url: `http://gateway:8080${path}`,
      headers: { authorization: `Bearer ${token}`, ...headers },
      body: "{}",
    },
    reply: { status, headers: {}, body: JSON.stringify(body) },
    askedAtMs: 1,
  };
}

export const mine = { tenant_id: "tenant1", user_id: "u", roles: ["admin"] };
export const others = { tenant_id: "tenant2", user_id: "v", roles: ["admin"] };

export const created = change("experiments", null, experiment());
