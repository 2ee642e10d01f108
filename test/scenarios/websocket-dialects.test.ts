import { createTest, expect } from "phoenix-sim/vitest";
import { describe } from "vitest";
import { WebSocket as WsClient } from "ws";

import { type Frame, type Listener, listen, runOne, tokenOf, whole } from "../support/socket-listener.js";

const test = createTest({ globals: false });

describe("subscribing as", () => {
  test.for([
    ["the scenarios do", { type: "subscribe", payload: { event: "experiment.updates" }, timestamp: 1 }],
    ["documents do", { type: "subscribe", channels: ["experiment.updates"], filters: {} }],
    ["a later generation does", { type: "subscribe", data: { topic: "experiment.updates" } }],
    ["somebody who wants all there is", { type: "subscribe", channels: ["*"] }],
    ["somebody who names no topic", { type: "subscribe" }],
  ] as const)("%s tells each state once and in order", async ([, frame], { phoenix }) => {
    const listener = await listen(phoenix, `/ws?token=${await tokenOf(phoenix)}`);
    listener.send(frame);
    await phoenix.clock.advance("1s");
    const id = await runOne(phoenix);
    expect(listener.states(id)).toEqual(whole);
    const updates = listener.frames.filter(({ type }) => type === "experiment.update");
    expect(updates.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    for (const update of updates) {
      expect(update).toMatchObject({
        event: expect.stringMatching(/^experiment\./),
        topic: "experiment.updates",
        position: expect.any(Number),
        timestamp: expect.stringMatching(/Z$/),
        data: update.payload,
        payload: { experiment: { id } },
      });
    }
    listener.socket.close();
  });

  test("somebody who follows one experiment tells of no other", async ({ phoenix }) => {
    const token = await tokenOf(phoenix);
    const config = { duration: "30s" };
    const mine = await phoenix.client.createExperiment({ name: "mine", config });
    const flat = await listen(phoenix, `/ws?token=${token}`);
    flat.send({ type: "subscribe", experiment_id: mine.id });
    const filtered = await listen(phoenix, `/ws?token=${token}`);
    filtered.send({
      type: "subscribe",
      channels: ["experiment.updates"],
      filters: { experiment_id: mine.id },
    });
    const other = await runOne(phoenix, "other");
    await phoenix.waitForState(mine.id, "completed", { within: "5m" });
    await phoenix.clock.advance("2s");
    for (const listener of [flat, filtered]) {
      expect(listener.states(mine.id).slice(-3)).toEqual(["running", "analyzing", "completed"]);
      expect(listener.states(other)).toEqual([]);
      listener.socket.close();
    }
  });

  test.for([
    ["experiment.created", ["pending"]],
    ["experiment.started", ["running"]],
    ["experiment.completed", ["completed"]],
    ["experiment.state_changed", whole.slice(1)],
    ["experiment.status_changed", whole.slice(1)],
    ["experiment.failed", []],
  ] as const)("one who wants %s tells that alone", async ([event, states], { phoenix }) => {
    const listener = await listen(phoenix, `/ws?token=${await tokenOf(phoenix)}`);
    listener.send({ type: "subscribe", payload: { event } });
    await phoenix.clock.advance("1s");
    expect(listener.states(await runOne(phoenix))).toEqual(states);
    listener.socket.close();
  });
});

test("whoever unsubscribes hears no more, and a ping is answered", async ({ phoenix }) => {
  const listener = await listen(phoenix, `/ws?token=${await tokenOf(phoenix)}`);
  listener.send({ type: "subscribe", payload: { event: "experiment.updates" } });
  listener.send({ type: "unsubscribe", payload: { event: "experiment.updates" } });
  listener.send({ type: "ping" });
  await phoenix.clock.advance("1s");
  expect(listener.states(await runOne(phoenix))).toEqual([]);
  expect(listener.frames.map(({ type }) => type)).toEqual(
    expect.arrayContaining(["subscribed", "unsubscribed", "pong"]),
  );
  listener.socket.close();
});

test("what nobody understands is ignored, what is broken is answered, and the socket stays", async ({
  phoenix,
}) => {
  const listener = await listen(phoenix, `/ws?token=${await tokenOf(phoenix)}`);
  listener.send({ type: "dance" });
  listener.send("{");
  listener.send("[]");
  listener.send({ type: "subscribe", channels: ["*"], since: -1 });
  listener.send({ type: "subscribe", channels: ["*"] });
  await phoenix.clock.advance("1s");
  expect(listener.states(await runOne(phoenix))).toEqual(whole);
  expect(listener.frames.filter(({ type }) => type === "error")).toHaveLength(3);
  expect(listener.closes).toEqual([]);
  listener.socket.close();
});

test.for(["/ws", "/v1/ws", "/api/v1/ws"])("sockets are served at %s", async (path, { phoenix }) => {
  const listener = await listen(phoenix, `${path}?token=${await tokenOf(phoenix)}`);
  listener.send({ type: "ping" });
  await phoenix.clock.advance("1s");
  expect(listener.frames.map(({ type }) => type)).toContain("pong");
  listener.socket.close();
});

test("a path without sockets is closed with a code of its own", async ({ phoenix }) => {
  const { closes } = await listen(phoenix, `/elsewhere?token=${await tokenOf(phoenix)}`);
  await phoenix.clock.advance("1s");
  expect(closes).toEqual([{ code: 4404, reason: expect.any(String) }]);
});

describe("a token may come", () => {
  const subscribe = { type: "subscribe", payload: { event: "experiment.updates" } };

  test.for([
    { where: "as token of the query", path: (token: string) => `/ws?token=${token}` },
    { where: "as access_token of the query", path: (token: string) => `/ws?access_token=${token}` },
    { where: "as a sub-protocol", path: () => "/ws", protocols: (token: string) => ["bearer", token] },
  ])("$where", async ({ path, protocols }, { phoenix }) => {
    const token = await tokenOf(phoenix);
    const listener = await listen(phoenix, path(token), protocols?.(token));
    listener.send(subscribe);
    await phoenix.clock.advance("1s");
    expect(listener.states(await runOne(phoenix))).toEqual(whole);
    listener.socket.close();
  });

  test.for([
    ["in the Authorization header", (token: string) => ({ authorization: `Bearer ${token}` })],
    ["in a cookie", (token: string) => ({ cookie: `theme=dark; token=${token}` })],
  ] as const)("%s", async ([, headers], { phoenix }) => {
    const { createConnection } = await phoenix.realClients();
    const options = { createConnection, headers: headers(await tokenOf(phoenix)) };
    const socket = new WsClient("ws://gateway:8080/ws", options);
    const states: string[] = [];
    socket.on("message", (data) => {
      const { type, payload } = JSON.parse((data as Buffer).toString()) as Frame;
      if (type === "experiment.update") states.push(payload?.state ?? "");
    });
    socket.on("open", () => socket.send(JSON.stringify(subscribe)));
    await phoenix.until(() => socket.readyState === WsClient.OPEN);
    await phoenix.clock.advance("1s");
    await runOne(phoenix);
    expect(states).toEqual(whole);
    socket.close();
    await phoenix.until(() => socket.readyState === WsClient.CLOSED);
  });

  test("in a frame, until which nothing is told", async ({ phoenix }) => {
    const listener = await listen(phoenix, "/ws");
    listener.send(subscribe);
    await phoenix.clock.advance("1s");
    expect(listener.frames.at(0)).toMatchObject({ type: "error", code: "AUTHENTICATION_ERROR" });
    const { id } = await phoenix.client.createExperiment({ name: "unseen" });
    await phoenix.clock.advance("5s");
    expect(listener.states(id)).toEqual([]);
    listener.send({ type: "auth", token: await tokenOf(phoenix) });
    await phoenix.clock.advance("1s");
    // What happened since the socket was opened is told late, but not lost.
    expect(listener.states(id)).toEqual(["pending", "initializing", "running"]);
    listener.socket.close();
  });

  test("but a wrong one closes the socket", async ({ phoenix }) => {
    const listener = await listen(phoenix, "/ws?token=a.b.c");
    await phoenix.clock.advance("1s");
    expect(listener.closes).toEqual([{ code: 4401, reason: expect.any(String) }]);
  });
});

describe("the dashboard's dialect", () => {
  const path = "/socket.io/?EIO=4&transport=websocket";

  function eventsOf(
    listener: Listener,
  ): readonly (readonly [name: string, payload: Record<string, unknown>])[] {
    return listener.texts
      .filter((text) => text.startsWith("42"))
      .map((text) => JSON.parse(text.slice(2)) as [string, Record<string, unknown>]);
  }

  test("pushes everything of the tenant without being asked", async ({ phoenix }) => {
    const listener = await listen(phoenix, path);
    await phoenix.clock.advance("1s");
    expect(listener.texts[0]).toMatch(/^0\{.*"pingInterval":25000/);
    listener.send(`40${JSON.stringify({ token: await tokenOf(phoenix) })}`);
    await phoenix.clock.advance("1s");
    expect(listener.texts[1]).toMatch(/^40\{"sid":/);

    const id = await runOne(phoenix);
    const events = eventsOf(listener);
    const of = (name: string) => events.filter(([each]) => each === name).map(([, payload]) => payload);
    expect(of("message").map(({ payload }) => (payload as { state: string }).state)).toEqual(whole);
    expect(of(`experiment:${id}`).map(({ event }) => event)).toEqual([
      ...whole.slice(0, 4).map(() => "status_changed"),
      "analysis_complete",
    ]);
    expect(of("experiments:update").at(-1)).toMatchObject({ experiments: [{ id, status: "completed" }] });
    expect(of("system:notification")).toHaveLength(1);
    listener.socket.close();
  });

  test("keeps the connection up, and answers a ping", async ({ phoenix }) => {
    const listener = await listen(phoenix, path);
    listener.send(`40${JSON.stringify({ token: await tokenOf(phoenix) })}`);
    listener.send("2");
    await phoenix.clock.advance("1m");
    expect(listener.texts).toContain("3");
    expect(listener.texts.filter((text) => text === "2")).toHaveLength(2);
    listener.socket.close();
  });

  test("shows nothing of another tenant, and refuses a wrong token", async ({ phoenix }) => {
    const anonymous = await listen(phoenix, path);
    anonymous.send(
      `40${JSON.stringify({ token: await tokenOf(phoenix, "admin@tenant2.phoenix.io", "tenant2") })}`,
    );
    const wrong = await listen(phoenix, path);
    wrong.send(`40${JSON.stringify({ token: "a.b.c" })}`);
    await runOne(phoenix, "secret");
    expect(anonymous.texts.join("\n")).not.toContain("secret");
    expect(wrong.texts.join("\n")).toMatch(/^44\{/m);
    expect(wrong.closes).toEqual([{ code: 4401, reason: expect.any(String) }]);
    anonymous.socket.close();
  });
});
