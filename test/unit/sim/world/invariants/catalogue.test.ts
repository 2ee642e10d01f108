import { expect, test } from "vitest";

import type { RowChange } from "../../../../../sim/world/invariants/index.js";
import { answer, change, created, experiment, id, mine, others, watch } from "./watched-hub.js";

function config(text: string) {
  return { experiment_id: id, version: 1, baseline_config: text, candidate_config: text, overrides: {} };
}

function results(candidate: Readonly<Record<string, number>>) {
  const metrics = {
    time_series_count: 10,
    process_count: 1,
    samples_per_second: 1,
    hourly_cost_usd: 0,
    cpu_usage: 0,
    memory_usage: 0,
    latency_p95_ms: 0,
  };
  const baseline_metrics = { ...metrics, time_series_count: 100 };
  return {
    experiment_id: id,
    recommendation: "candidate",
    results: {
      cardinality_reduction: 90,
      latency_increase: 0,
      critical_process_coverage: 100,
      baseline_metrics,
      candidate_metrics: { ...metrics, ...candidate },
    },
  };
}

function changed(changes: Readonly<Record<string, unknown>>): RowChange {
  return change("experiments", experiment(), experiment(changes));
}

test("a creation breaks nothing", () => {
  const { hub, broken } = watch();
  hub.onCommit([created], undefined);
  expect(broken).toEqual([]);
});

test.each([
  ["legal-transitions", changed({ state: "running" })],
  ["atomic-event-log", changed({ state: "cancelled" })],
  ["no-lost-update", changed({ name: "other" })],
  ["no-lost-update", changed({ event_seq: 0 })],
  ["config-versions", changed({ config_version: 1 })],
  ["config-versions", changed({ applied_version: 1 })],
  ["running-means-deployed", changed({ state: "running" })],
  ["running-means-deployed", changed({ config_version: 1, applied_version: 1 })],
  ["config-versions", change("generated_configs", null, config("exporters: {}"))],
  ["results", change("experiment_results", null, results({ time_series_count: Number.NaN }))],
  ["results", change("experiment_results", null, results({ time_series_count: 50 }))],
  ["results", change("experiment_results", null, results({ samples_per_second: -1 }))],
  ["results", changed({ state: "completed" })],
])("%s notices a wrong commit", (name, wrong) => {
  const { hub, broken } = watch();
  hub.onCommit([created], undefined);
  hub.onCommit([wrong], undefined);
  expect(broken).toContain(name);
});

test("fencing notices a controller that writes what another holds, and lets a holder write", () => {
  const { hub, broken } = watch();
  const held = experiment({ lease_owner: "a", lease_token: 1 });
  hub.onCommit([created], undefined);
  hub.onCommit([change("experiments", experiment(), held)], { host: "controller-0", incarnation: 1 });
  hub.onCommit([change("experiments", held, { ...held, applied_version: 0 })], {
    host: "controller-0",
    incarnation: 1,
  });
  expect(broken).toEqual([]);
  hub.onCommit([change("experiments", held, { ...held, lease_owner: null })], {
    host: "controller-0",
    incarnation: 2,
  });
  expect(broken).toEqual(["fencing"]);
});

test.each([
  ["acknowledged-writes", answer("POST", "/api/v1/experiments", 201, { id: "lost", name: "one" }, mine)],
  ["acknowledged-writes", answer("POST", `/api/v1/experiments/${id}/stop`, 200, {}, mine)],
  ["tenant-isolation", answer("GET", "/api/v1/experiments", 200, { experiments: [{ id }] }, others)],
  ["roles", answer("POST", "/api/v1/experiments", 201, { id, name: "one" }, { ...mine, roles: ["viewer"] })],
  [
    "linearizable-reads",
    answer("GET", `/api/v1/experiments/${id}`, 200, { id, state: "running", name: "one" }, mine),
  ],
  ["linearizable-reads", answer("GET", `/api/v1/experiments/${id}`, 404, {}, mine)],
  [
    "linearizable-reads",
    answer("GET", "/api/v1/experiments", 200, { experiments: [], has_more: false }, mine),
  ],
  ["no-internal-error", answer("GET", "/api/v1/experiments", 500, {}, mine)],
  [
    "own-nodes",
    answer("GET", `/api/v1/experiments/${id}/metrics`, 200, { labels: { node: "node1,node10" } }, mine),
  ],
])("%s notices a wrong answer", (name, wrong) => {
  const { hub, broken } = watch();
  hub.onCommit([created], undefined);
  hub.onResponse(wrong);
  expect(broken).toContain(name);
});

test("a token that was given out is good, and results that agree with each other are right", () => {
  const { hub, broken } = watch();
  const claims = { ...mine, exp: 10_000 };
  const login = answer("POST", "/api/v1/auth/login", 200, {}, claims);
  const token = login.request.headers.authorization.replace("Bearer ", "");
  hub.onResponse(answer("GET", "/api/v1/auth/me", 401, {}, claims));
  hub.onCommit([change("experiment_results", null, results({}))], undefined);
  expect(broken).toEqual([]);
  hub.onResponse({ ...login, reply: { status: 200, body: JSON.stringify({ token }) } });
  hub.onResponse(answer("GET", "/api/v1/auth/me", 401, {}, claims));
  expect(broken).toEqual(["token-validity"]);
});

test("one key gets one answer, and one id belongs to one request", () => {
  const { hub, broken } = watch();
  hub.onCommit([created], undefined);
  const keyed = (body: unknown) =>
    answer("POST", "/api/v1/experiments", 201, body, mine, { "idempotency-key": "k" });
  hub.onResponse(keyed({ id, name: "one" }));
  hub.onResponse(keyed({ id, name: "one" }));
  expect(broken).toEqual([]);
  hub.onResponse(keyed({ id, name: "one", again: true }));
  expect(broken).toEqual(["idempotency"]);
  hub.onResponse(answer("POST", "/api/v1/experiments", 201, { id, name: "one" }, mine));
  expect(broken).toContain("unique-ids");
});

test("what is pending says which experiment waits, and for what", () => {
  const { hub } = watch();
  hub.onCommit([created], undefined);
  expect(hub.pending()).toEqual([
    {
      invariant: "every-experiment-ends",
      reason: expect.stringContaining(`experiment ${id} is pending`) as unknown,
      msMax: Infinity,
    },
  ]);
});
