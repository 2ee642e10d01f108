import { expect, test } from "vitest";
import { createPlatform } from "../support/platform.js";

test("an experiment lives from creation to results without any further request", async () => {
  const platform = await createPlatform();
  const { clock, call, nodes } = platform;
  await platform.startController();

  const created = await call("POST", "/experiments", {
    name: "cut-cost",
    target_nodes: ["node1", "node2"],
    config: { duration: "5m" },
  });
  expect(created.status).toBe(201);
  expect(created.body.state).toBe("pending");
  const { id } = created.body;

  await clock.advance(500);
  expect((await call("GET", `/experiments/${id}`)).body.state).toBe("initializing");
  expect((await call("GET", `/experiments/${id}/configs`)).body).toMatchObject({ version: 1 });
  expect((await call("GET", `/experiments/${id}/deployments`)).body["deployments"]).toHaveLength(2);
  const load = await call("POST", "/load-simulations", {
    experiment_id: id,
    process_count: 100,
    duration: "5m",
  });
  expect(load.status).toBe(201);

  await clock.advance(3_000);
  expect((await call("GET", `/experiments/${id}/status`)).body.state).toBe("running");
  expect(nodes.get("node1")?.collectors.size).toBe(2);
  expect(nodes.get("node2")?.loads.size).toBe(1);
  expect((await call("GET", `/experiments/${id}/metrics`)).body).toMatchObject({
    baseline_metrics: { time_series_count: 100 },
    candidate_metrics: { time_series_count: 40 },
  });

  await clock.advance(300_000);
  expect((await call("GET", `/experiments/${id}/status`)).body.state).toBe("analyzing");
  await clock.advance(10_000);
  expect((await call("GET", `/experiments/${id}`)).body.state).toBe("completed");
  const results = await call("GET", `/experiments/${id}/results`);
  expect(results.body).toMatchObject({ cardinality_reduction: 60, recommendation: "candidate" });
  expect(nodes.get("node1")?.collectors.size).toBe(0);
  const history = await call("GET", `/experiments/${id}/history`);
  expect((history.body["events"] as { to_state: string }[]).map(({ to_state }) => to_state)).toEqual([
    "pending",
    "initializing",
    "running",
    "analyzing",
    "completed",
  ]);
  expect(platform.logs.filter((line) => line.includes(" warn ") || line.includes(" error "))).toEqual([]);
});

test("a load ends with an experiment that is stopped before it is configured, and one that has ended takes none", async () => {
  const platform = await createPlatform();
  const { clock, call } = platform;
  const created = await call("POST", "/experiments", { name: "short", target_nodes: ["node1"] });
  const { id } = created.body;
  const load = await call("POST", "/load-simulations", { experiment_id: id, process_count: 10 });
  expect(load.status).toBe(201);
  expect((await call("POST", `/experiments/${id}/stop`)).status).toBe(200);
  await platform.startController();
  await clock.advance(5_000);
  const stopped = await call("GET", `/load-simulations/${load.body["id"]}`);
  expect(stopped.body).toMatchObject({ state: "stopped" });
  const late = await call("POST", "/load-simulations", { experiment_id: id, process_count: 10 });
  expect(late).toMatchObject({ status: 409, body: { code: "CONFLICT" } });
});
