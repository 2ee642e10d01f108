import { describe, expect, test } from "vitest";
import type { NodeClient } from "../../../../src/controller/index.js";
import { createPlatform, type Platform } from "../support/platform.js";

async function create(platform: Platform, body: object = {}): Promise<string> {
  return (await platform.call("POST", "/experiments", { name: "exp", config: { duration: "1m" }, ...body }))
    .body.id;
}

async function stateOf(platform: Platform, id: string): Promise<string> {
  return (await platform.call("GET", `/experiments/${id}`)).body.state;
}

async function statesOf(platform: Platform, id: string): Promise<string[]> {
  const { body } = await platform.call("GET", `/experiments/${id}/history`);
  const events = body["events"] as { type: string; to_state: string }[];
  return events.filter(({ type }) => type !== "config_updated").map(({ to_state }) => to_state);
}

const complete = ["pending", "initializing", "running", "analyzing", "completed"];

test("while the generator is away an experiment waits in pending, and goes on when it is back", async () => {
  const platform = await createPlatform();
  await platform.startController();
  platform.down.add("generator");
  const id = await create(platform);
  await platform.clock.advance(120_000);
  expect(await stateOf(platform, id)).toBe("pending");
  platform.down.delete("generator");
  await platform.clock.advance(120_000);
  expect(await statesOf(platform, id)).toEqual(complete);
});

test("an experiment that cannot be initialized in time fails, by the legal way", async () => {
  const platform = await createPlatform();
  await platform.startController();
  platform.down.add("generator");
  const id = await create(platform);
  await platform.clock.advance(11 * 60_000);
  expect(await statesOf(platform, id)).toEqual(["pending", "initializing", "failed"]);
  expect((await platform.call("GET", `/experiments/${id}/status`)).body["message"]).toContain("10 min");
});

test("collectors that do not come up fail the experiment in time and leave nothing behind", async () => {
  const platform = await createPlatform();
  await platform.startController();
  platform.down.add("node2");
  const id = await create(platform, { target_nodes: ["node1", "node2"] });
  await platform.clock.advance(11 * 60_000);
  expect(await stateOf(platform, id)).toBe("failed");
  platform.down.delete("node2");
  await platform.clock.advance(60_000);
  expect(platform.nodes.get("node1")?.collectors.size).toBe(0);
});

test("a metrics outage only delays the analysis", async () => {
  const platform = await createPlatform();
  await platform.startController();
  const id = await create(platform);
  await platform.clock.advance(30_000);
  platform.down.add("prometheus");
  await platform.clock.advance(300_000);
  expect(await stateOf(platform, id)).toBe("analyzing");
  expect((await platform.call("GET", `/experiments/${id}/metrics`)).status).toBe(503);
  platform.down.delete("prometheus");
  await platform.clock.advance(30_000);
  expect(await stateOf(platform, id)).toBe("completed");
});

test("cancelling at any moment leaves no collector and no later state", async () => {
  for (const afterMs of [0, 50, 500, 1_500, 2_500, 10_000]) {
    const platform = await createPlatform();
    await platform.startController();
    const id = await create(platform);
    await platform.clock.advance(afterMs);
    expect((await platform.call("POST", `/experiments/${id}/stop`)).status).toBe(200);
    await platform.clock.advance(90_000);
    expect((await statesOf(platform, id)).at(-1)).toBe("cancelled");
    expect(platform.nodes.get("node1")?.collectors.size ?? 0).toBe(0);
  }
});

test("the state of an experiment that has ended cannot be changed", async () => {
  const platform = await createPlatform();
  await platform.startController();
  const id = await create(platform);
  await platform.clock.advance(90_000);
  expect((await platform.call("POST", `/experiments/${id}/stop`)).body).toMatchObject({
    code: "INVALID_TRANSITION",
  });
  expect((await platform.call("POST", `/experiments/${id}/start`)).status).toBe(400);
  const change = await platform.call("PUT", `/experiments/${id}/pipeline-config`, { processors: [] });
  expect(change.body).toMatchObject({ code: "INVALID_TRANSITION" });
});

describe("a new configuration", () => {
  const filter = { processors: [{ type: "filter", config: { include_patterns: ["critical_*"] } }] };

  test("reaches every collector at once, and the baseline keeps its content", async () => {
    const platform = await createPlatform();
    await platform.startController();
    const id = await create(platform);
    await platform.clock.advance(5_000);
    const before = platform.nodes.get("node1")?.collectors.get(`${id}/baseline`);
    expect((await platform.call("PUT", `/experiments/${id}/pipeline-config`, filter)).status).toBe(202);
    await platform.clock.advance(100);
    const collectors = platform.nodes.get("node1")?.collectors;
    expect(collectors?.get(`${id}/candidate`)).toMatchObject({ version: 2 });
    expect(collectors?.get(`${id}/candidate`)?.config).toContain("critical_");
    const strip = (text = ""): string => text.replaceAll(/version.*$/gm, "");
    expect(strip(collectors?.get(`${id}/baseline`)?.config)).toBe(strip(before?.config));
  });

  test("that is invalid is refused and changes nothing", async () => {
    const platform = await createPlatform();
    await platform.startController();
    const id = await create(platform);
    await platform.clock.advance(5_000);
    const bad = { processors: [{ type: "topk", config: { k: 0 } }] };
    expect((await platform.call("PUT", `/experiments/${id}/pipeline-config`, bad)).status).toBe(400);
    expect((await platform.call("GET", `/experiments/${id}/configs`)).body["version"]).toBe(1);
  });

  test("is unavailable while the generator is", async () => {
    const platform = await createPlatform();
    await platform.startController();
    const id = await create(platform);
    await platform.clock.advance(5_000);
    platform.down.add("generator");
    expect((await platform.call("PUT", `/experiments/${id}/pipeline-config`, filter)).status).toBe(503);
  });

  test("sent several times at once becomes several versions, the last of which is live", async () => {
    const platform = await createPlatform();
    await platform.startController();
    const id = await create(platform);
    await platform.clock.advance(5_000);
    const replies = await Promise.all(
      [1, 2, 3].map(() => platform.call("PUT", `/experiments/${id}/pipeline-config`, filter)),
    );
    expect(replies.map(({ body }) => Number(body["config_version"])).sort((a, b) => a - b)).toEqual([
      2, 3, 4,
    ]);
    await platform.clock.advance(5_000);
    expect(platform.nodes.get("node1")?.collectors.get(`${id}/candidate`)?.version).toBe(4);
  });

  test("reaches the collectors although the message to the controller is lost", async () => {
    const platform = await createPlatform();
    await platform.startController();
    const id = await create(platform);
    await platform.clock.advance(5_000);
    platform.cache.lossy = true;
    await platform.call("PUT", `/experiments/${id}/pipeline-config`, filter);
    await platform.clock.advance(30_000);
    expect(platform.nodes.get("node1")?.collectors.get(`${id}/candidate`)?.version).toBe(2);
  });
});

test("collectors that a node has lost are deployed again, orphans are removed", async () => {
  const platform = await createPlatform();
  await platform.startController();
  const id = await create(platform, { config: { duration: "5m" } });
  await platform.clock.advance(5_000);
  const collectors = platform.nodes.get("node1")?.collectors;
  collectors?.clear();
  collectors?.set("00000000-0000-4000-8000-000000000000/baseline", { version: 3, config: "" });
  await platform.clock.advance(35_000);
  expect([...(collectors?.keys() ?? [])].sort()).toEqual([`${id}/baseline`, `${id}/candidate`]);
});

test("a node that comes back with an old disk is cleaned, though no tick ever saw its experiment", async () => {
  for (const restarted of [false, true]) {
    const platform = await createPlatform();
    const controller = await platform.startController();
    const id = await create(platform);
    await platform.clock.advance(4_000);
    const collectors = platform.nodes.get("node1")?.collectors;
    const before = [...(collectors ?? [])];
    expect(before).toHaveLength(2);
    await platform.call("POST", `/experiments/${id}/stop`);
    await platform.clock.advance(1_000);
    expect(collectors?.size).toBe(0);
    if (restarted) {
      await controller.stop();
      await platform.startController();
    }
    for (const [key, collector] of before) collectors?.set(key, collector);
    await platform.clock.advance(35_000);
    expect(collectors?.size).toBe(0);
  }
});

test("an experiment that a dead controller held is taken over, and its late write is refused", async () => {
  const platform = await createPlatform();
  let reached = (): void => undefined;
  let resume = (): void => undefined;
  const stuck = new Promise<void>((resolve) => (reached = resolve));
  const gate = new Promise<void>((resolve) => (resume = resolve));
  const accepted = { kind: "accepted", ready: true, port: 31_000 } as const;
  const nodes: NodeClient = {
    putCollector: async () => {
      reached();
      await gate;
      return accepted;
    },
    deleteCollector: async () => undefined,
    listCollectors: async () => [],
    putLoad: async () => undefined,
    deleteLoad: async () => undefined,
  };
  await platform.startController({ nodes });
  const id = await create(platform);
  await stuck;
  await platform.startController();
  await platform.clock.advance(20_000);
  expect(await stateOf(platform, id)).toBe("running");
  resume();
  await platform.clock.advance(120_000);
  expect(await statesOf(platform, id)).toEqual(complete);
});

test("two controllers move each experiment once", async () => {
  const platform = await createPlatform();
  await platform.startController();
  await platform.startController();
  const ids = await Promise.all(Array.from({ length: 8 }, () => create(platform)));
  await platform.clock.advance(150_000);
  for (const id of ids) expect(await statesOf(platform, id)).toEqual(complete);
});

test("more experiments than workers start in the order they came, ten at a time", async () => {
  const platform = await createPlatform();
  await platform.startController();
  const ids: string[] = [];
  for (let index = 0; index < 25; index += 1) ids.push(await create(platform));
  await platform.clock.advance(1_000);
  const states = await Promise.all(ids.map((id) => stateOf(platform, id)));
  expect(states.map((state) => state === "initializing")).toEqual(ids.map((_id, index) => index < 10));
  await platform.clock.advance(10_000);
  for (const id of ids) expect(await stateOf(platform, id)).toBe("running");
});

test("without hints the tick finds everything", async () => {
  const platform = await createPlatform();
  await platform.startController();
  platform.cache.lossy = true;
  const id = await create(platform);
  await platform.clock.advance(35_000);
  expect(await stateOf(platform, id)).toBe("running");
});

test("a tick finds an experiment that was cancelled while it ran, though the message was lost", async () => {
  const platform = await createPlatform();
  await platform.startController();
  const id = await create(platform, { config: { duration: "1h" } });
  await platform.clock.advance(5_000);
  expect(platform.nodes.get("node1")?.collectors.size).toBe(2);
  platform.cache.lossy = true;
  await platform.call("POST", `/experiments/${id}/stop`);
  await platform.clock.advance(35_000);
  expect(platform.nodes.get("node1")?.collectors.size).toBe(0);
});

test("when nobody hears the message, the controller is told directly", async () => {
  const platform = await createPlatform();
  await platform.startController();
  platform.cache.publish = async () => {
    throw new Error("redis is away");
  };
  const id = await create(platform);
  await platform.clock.advance(1_000);
  expect(await stateOf(platform, id)).toBe("initializing");
});

test("a database outage at any statement delays an experiment and never doubles a step", async () => {
  for (let failing = 1; failing <= 31; failing += 3) {
    const platform = await createPlatform();
    await platform.startController();
    const id = await create(platform);
    let count = 0;
    platform.sql.onQuery = () => {
      count += 1;
      if (count >= failing && count < failing + 4)
        throw Object.assign(new Error("reset"), { code: "ECONNRESET" });
    };
    await platform.clock.advance(150_000);
    expect(count).toBeGreaterThan(failing + 4);
    expect(await statesOf(platform, id)).toEqual(complete);
  }
});

test("a controller that stops gives its experiments back and starts nothing more", async () => {
  const platform = await createPlatform();
  const controller = await platform.startController();
  const id = await create(platform);
  await platform.clock.advance(1_000);
  await controller.stop();
  await platform.clock.advance(60_000);
  expect(await stateOf(platform, id)).toBe("initializing");
  await platform.startController();
  await platform.clock.advance(3_000);
  expect(await stateOf(platform, id)).toBe("running");
});

test("the scraper is told of collectors while they live", async () => {
  const platform = await createPlatform();
  const controller = await platform.startController();
  const discover = async (): Promise<unknown> =>
    JSON.parse(
      (await controller.handle({ method: "GET", url: "/sd/collectors", headers: {}, body: "" })).body,
    );
  await create(platform, { target_nodes: ["node2", "node1"] });
  await platform.clock.advance(10_000);
  expect(await discover()).toMatchObject([
    { targets: ["node1:31000"] },
    { targets: ["node2:31000"] },
    { targets: ["node1:31000"] },
    { targets: ["node2:31000"] },
  ]);
  await platform.clock.advance(90_000);
  expect(await discover()).toEqual([]);
});

test("a node that was away for longer than it is looked at is cleared of what it comes back with", async () => {
  const platform = await createPlatform();
  const { clock, call, nodes } = platform;
  await platform.startController();
  const { id } = (await call("POST", "/experiments", { name: "one", target_nodes: ["node1"] })).body;
  await clock.advance(10_000);
  const node = nodes.get("node1");
  expect(node?.collectors.size).toBe(2);
  const old = [...(node?.collectors ?? [])];
  await call("POST", `/experiments/${id}/stop`);
  await clock.advance(10_000);
  expect(node?.collectors.size).toBe(0);

  platform.down.add("node1");
  await clock.advance(20 * 60_000);
  platform.down.delete("node1");
  // As from the disk of an earlier moment.
  for (const [key, collector] of old) node?.collectors.set(key, collector);
  await clock.advance(60_000);
  expect(node?.collectors.size).toBe(0);
});
