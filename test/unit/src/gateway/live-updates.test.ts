import { expect, test } from "vitest";
import { createPlatform, type Platform } from "../support/platform.js";
import { createRecordingSocket, type RecordingSocket } from "../support/recording-socket.js";

async function open(
  platform: Platform,
  login = "admin",
  password = "admin123",
  path = "/ws",
): Promise<RecordingSocket> {
  const socket = createRecordingSocket();
  const token = login === "" ? "" : await platform.login(login, password);
  platform.gateway.openSocket(socket, {
    url: `ws://gateway${path}`,
    headers: { authorization: `Bearer ${token}` },
  });
  return socket;
}

const everything = { type: "subscribe", payload: { event: "experiment.updates" } };

test("a subscriber hears each state of an experiment once and in order", async () => {
  const platform = await createPlatform();
  await platform.startController();
  const socket = await open(platform);
  socket.receive(everything);
  await platform.call("POST", "/experiments", { name: "first", config: { duration: "30s" } });
  await platform.clock.advance(60_000);
  const frames = socket.frames();
  expect(frames.map(({ state }) => state)).toEqual([
    "pending",
    "initializing",
    "running",
    "analyzing",
    "completed",
  ]);
  expect(frames.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
  expect(frames.map(({ position }) => position)).toEqual([1, 2, 3, 4, 5]);
});

test("a subscription that arrives after the request that it was sent before still hears pending", async () => {
  const platform = await createPlatform();
  const socket = await open(platform);
  await platform.clock.advance(1_500);
  await platform.call("POST", "/experiments", { name: "first" });
  await platform.clock.advance(1_500);
  socket.receive(everything);
  await platform.clock.advance(1_500);
  expect(socket.frames().map(({ state }) => state)).toEqual(["pending"]);
});

test("a socket that opens later is not told what was before", async () => {
  const platform = await createPlatform();
  await platform.call("POST", "/experiments", { name: "first" });
  await platform.clock.advance(30_000);
  const socket = await open(platform);
  socket.receive(everything);
  await platform.clock.advance(5_000);
  expect(socket.frames()).toEqual([]);
});

test("a lost message delays an event by at most the poll", async () => {
  const platform = await createPlatform();
  platform.cache.lossy = true;
  const socket = await open(platform);
  socket.receive(everything);
  await platform.call("POST", "/experiments", { name: "first" });
  await platform.clock.advance(1_100);
  expect(socket.frames()).toHaveLength(1);
});

test("coming back with the last place seen tells everything in between, once", async () => {
  const platform = await createPlatform();
  const first = await open(platform);
  first.receive(everything);
  await platform.call("POST", "/experiments", { name: "one" });
  await platform.clock.advance(1_000);
  const seen = first.frames().at(-1)?.position;
  first.drop();
  for (let index = 0; index < 20; index += 1)
    await platform.call("POST", "/experiments", { name: `more-${index}` });
  await platform.clock.advance(60_000);
  const second = await open(platform);
  second.receive({ ...everything, since: seen });
  await platform.clock.advance(2_000);
  expect(second.frames().map(({ position }) => position)).toEqual(
    Array.from({ length: 20 }, (_, index) => index + 2),
  );
});

test("nothing of one tenant reaches another", async () => {
  const platform = await createPlatform();
  const otherTenant = await open(platform, "tenant1", "tenant1");
  otherTenant.receive({ type: "subscribe", channels: ["*"] });
  const { body } = await platform.call("POST", "/experiments", { name: "secret" });
  otherTenant.receive({ type: "subscribe", experiment_id: body.id });
  await platform.clock.advance(5_000);
  expect(otherTenant.frames()).toEqual([]);
});

test("without a token nothing is told until one is shown", async () => {
  const platform = await createPlatform();
  const socket = await open(platform, "");
  socket.receive(everything);
  await platform.call("POST", "/experiments", { name: "first" });
  await platform.clock.advance(2_000);
  expect(socket.frames()).toEqual([]);
  expect(socket.frames("error")[0]?.code).toBe("AUTHENTICATION_ERROR");
  socket.receive({ type: "auth", token: await platform.login("admin", "admin123") });
  await platform.clock.advance(2_000);
  expect(socket.frames()).toHaveLength(1);
});

test("a forged token closes the socket", async () => {
  const platform = await createPlatform();
  const socket = createRecordingSocket();
  platform.gateway.openSocket(socket, { url: "ws://gateway/ws?token=a.b.c", headers: {} });
  expect(socket.closes[0]?.code).toBe(4401);
});

test("a client that does not read is closed with the place to come back to", async () => {
  const platform = await createPlatform();
  const socket = await open(platform);
  socket.receive(everything);
  await platform.call("POST", "/experiments", { name: "first" });
  await platform.clock.advance(1_000);
  socket.bufferedAmount = 1_000_000;
  await platform.call("POST", "/experiments", { name: "second" });
  await platform.clock.advance(1_000);
  expect(socket.closes).toEqual([{ code: 4008, reason: "too slow, come back with since=1" }]);
});

test("unknown frames are ignored, broken ones are answered, and the socket stays", async () => {
  const platform = await createPlatform();
  const socket = await open(platform);
  socket.receive({ type: "dance" });
  socket.receive("{");
  socket.receive({ type: "ping" });
  expect(socket.frames("error")).toHaveLength(1);
  expect(socket.frames("pong")).toHaveLength(1);
  expect(socket.closes).toEqual([]);
});

test("the dashboard's dialect gets events and the list without subscribing", async () => {
  const platform = await createPlatform();
  const socket = await open(platform, "", "", "/socket.io/?EIO=4&transport=websocket");
  expect(socket.texts[0]?.startsWith("0{")).toBe(true);
  socket.receive(`40${JSON.stringify({ token: await platform.login("admin", "admin123") })}`);
  expect(socket.texts[1]?.startsWith("40{")).toBe(true);
  const { body } = await platform.call("POST", "/experiments", { name: "first" });
  await platform.clock.advance(2_000);
  const names = socket.texts
    .filter((text) => text.startsWith("42"))
    .map((text) => JSON.parse(text.slice(2))[0]);
  expect(names).toContain("message");
  expect(names).toContain(`experiment:${body.id}`);
  expect(names).toContain("experiments:update");
});

test("a hub without sockets does not look at the database", async () => {
  const platform = await createPlatform();
  const socket = await open(platform);
  await platform.clock.advance(2_000);
  socket.drop();
  await platform.clock.advance(100);
  platform.sql.counts.clear();
  await platform.clock.advance(60_000);
  expect([...platform.sql.counts.keys()]).toEqual([]);
});

test.each([["frame"], ["address"]])(
  "a place beyond the end, in a %s, is told so, and what comes is heard",
  async (where) => {
    const platform = await createPlatform();
    await platform.call("POST", "/experiments", { name: "before" });
    const path = where === "address" ? "/ws?since=700000" : "/ws";
    const socket = await open(platform, "admin", "admin123", path);
    socket.receive(where === "address" ? everything : { ...everything, since: 700_000 });
    await platform.clock.advance(2_000);
    expect(socket.frames("error")).toMatchObject([{ code: "POSITION_BEYOND_END", position: 1 }]);
    await platform.call("POST", "/experiments", { name: "after" });
    await platform.clock.advance(2_000);
    expect(socket.frames()).toMatchObject([{ position: 2 }]);
  },
);
