import { type PhoenixOptions, createPhoenix } from "phoenix-sim";
import { expect, test } from "vitest";

import { createInvariantHub, invariants } from "../../../../../sim/world/invariants/index.js";

type Platform = NonNullable<PhoenixOptions["platform"]>;

// Answers reads of one experiment from a cache for ten of its requests.
const cached: Platform = {
  gateway: {
    handler: (handler) => {
      const cache = new Map<string, { readonly reply: Awaited<ReturnType<typeof handler>>; left: number }>();
      return async (request) => {
        if (request.method !== "GET" || !/\/experiments\/[0-9a-f-]{36}$/.test(request.url))
          return handler(request);
        const known = cache.get(request.url);
        if (known !== undefined && known.left-- > 0) return known.reply;
        const reply = await handler(request);
        cache.set(request.url, { reply, left: 10 });
        return reply;
      };
    },
  },
};

async function work(platform: Platform): Promise<void> {
  await using phoenix = await createPhoenix({ seed: 7, nodes: 1, platform, invariants: ["linearizable"] });
  const { id } = await phoenix.client.createExperiment({ name: "first", config: { duration: "30s" } });
  await phoenix.client.getExperiment(id);
  await phoenix.client.call("PATCH", `/api/v1/experiments/${id}`, { body: { name: "second" } });
  await phoenix.client.getExperiment(id);
  await phoenix.converge();
}

test("a gateway that answers reads from a cache is caught by its clients' view alone", async () => {
  await expect(work(cached)).rejects.toMatchObject({ code: "SIM_INVARIANT", invariant: "linearizable" });
  await expect(work({})).resolves.toBeUndefined();
});

test("invariants are chosen by name, and a wrong name is refused", async () => {
  await expect(createPhoenix({ invariants: ["linearisable"] })).rejects.toThrow(
    /Did you mean "linearizable"/,
  );
});

const id = "00000000-0000-4000-8000-000000000001";
const path = `/api/v1/experiments/${id}`;

/** Does to a hub what a gateway does, a millisecond a step; the answer is left out where a reply was lost. */
function history(...calls: readonly (readonly [method: string, body: object, status?: number])[]): string {
  let nowMs = 0;
  let problem = "";
  const linearizable = invariants.filter(({ name }) => name === "linearizable");
  const hub = createInvariantHub(linearizable, {
    epochMs: 0,
    get nowMs() {
      return nowMs;
    },
    fail: (_, found) => (problem ||= found),
    rows: () => [],
    collectors: () => new Map(),
    loads: () => new Map(),
    nodesOfSeries: () => [],
    versionOnceLive: () => 0,
  });
  const create = ["POST", { id, name: "first", state: "pending" }, 201] as const;
  for (const [method, body, status] of [create, ...calls]) {
    nowMs += 1;
    const askedAtMs = nowMs;
    const url = method === "POST" ? "/api/v1/experiments" : path;
    const request = { method, url, headers: {}, body: JSON.stringify(body) };
    hub.onRequest(request);
    nowMs += 1;
    const reply = { status: status ?? 0, headers: {}, body: JSON.stringify(body) };
    if (status !== undefined) hub.onResponse({ host: "gateway-0", request, reply, askedAtMs });
  }
  hub.finished();
  return problem;
}

const read = (name: string, state = "running") => ["GET", { id, name, state }, 200] as const;

test("a rename whose reply was lost may show at once, later or never", () => {
  const lost = ["PATCH", { name: "second" }] as const;
  expect(history(lost, read("first"), read("second"))).toBe("");
  expect(history(lost, read("first"), read("first"))).toBe("");
  expect(history(["PATCH", { name: "second" }, 503], read("first"), read("second"))).toBe("");
  expect(history(lost, read("second"), read("first"))).toContain("the name of experiment");
});

test("a rename that was acknowledged shows, and one that was refused does not", () => {
  expect(history(["PATCH", { name: "second" }, 200], read("second"))).toBe("");
  expect(history(["PATCH", { name: "second" }, 200], read("first"))).toMatch(
    /write second .* cannot come read first/,
  );
  expect(history(["PATCH", { name: "second" }, 400], read("second"))).toContain("has no order");
});

test("states only move on, and what was deleted is gone", () => {
  expect(history(read("first"), read("first", "completed"))).toBe("");
  expect(history(read("first"), read("first", "pending"))).toContain("the state of experiment");
  expect(history(["DELETE", {}, 204], ["GET", {}, 404])).toBe("");
  expect(history(["DELETE", {}, 204], read("first"))).toContain("the state of experiment");
});
