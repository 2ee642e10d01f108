import { expect, test } from "vitest";

import type { HttpHandler } from "../../../../../src/ports/index.js";
import { type Host, advance, holdWhile, seededDriver } from "../../../../../sim/kernel/index.js";
import type { Connection } from "../../../../../sim/kernel/network/index.js";
import { type BareWorld, createBareWorld } from "../../../../support/world.js";

interface Pair extends BareWorld {
  readonly client: Host;
  readonly server: Host;
  readonly served: string[];
  /** Sends one request and holds the loop until it settles. */
  get(path: string, timeoutMs?: number): Promise<string>;
}

function createPair(options: Parameters<typeof createBareWorld>[0] = {}, handler?: HttpHandler): Pair {
  const world = createBareWorld({ link: { delayMsMin: 5, delayMsMax: 5 }, ...options });
  const { network, loop } = world;
  const client = network.fabric.addHost("client");
  const server = network.fabric.addHost("gateway-0");
  network.fabric.addService("gateway", ["gateway-0"]);
  const served: string[] = [];
  network.listen(server.boot(), 80, {
    onRequest:
      handler ??
      ((request: { url: string }) => {
        served.push(`${request.url} at ${loop.clock.nowMs}`);
        return { status: 200, headers: {}, body: "hello" };
      }),
  });
  const http = network.http(client.boot());
  return {
    ...world,
    client,
    server,
    served,
    get: async (path, timeoutMs = 1000) =>
      holdWhile(
        loop,
        `GET ${path}`,
        http.request(`http://gateway${path}`, { timeoutMs }).then(({ body }) => body),
      ),
  };
}

test("a request and its reply take one delay each", async () => {
  const { get, served, loop } = createPair();
  expect(await get("/a")).toBe("hello");
  expect(served).toEqual(["http://gateway/a at 5"]);
  expect(loop.clock.nowMs).toBe(10);
});

test("a closed port refuses the connection, an unknown name is not found", async () => {
  const { client, network, loop } = createPair();
  const incarnation = client.incarnation;
  if (incarnation === undefined) throw new Error("the client is up");
  const http = network.http(incarnation);
  const ask = async (url: string): Promise<unknown> => holdWhile(loop, url, http.request(url));
  await expect(ask("http://gateway:81/")).rejects.toMatchObject({ code: "ECONNREFUSED" });
  await expect(ask("http://nowhere/")).rejects.toMatchObject({ code: "ENOTFOUND" });
});

test("a crash while a request is served resets it; the effect may have happened", async () => {
  const world = createPair({}, async () => new Promise(() => {}));
  world.loop.schedule(7, "fault", "crash", () => world.server.kill());
  await expect(world.get("/a")).rejects.toMatchObject({ code: "ECONNRESET" });
  await expect(world.get("/b")).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("a partition is silent: the caller's own time-out ends the wait", async () => {
  const { get, network, loop, served } = createPair();
  const cut = network.fabric.rules.add("partition", () => ({ action: "drop" }));
  await expect(get("/a", 500)).rejects.toMatchObject({ code: "ETIMEDOUT" });
  expect(loop.clock.nowMs).toBe(500);
  expect(served).toEqual([]);
  cut.heal();
  expect(await get("/b")).toBe("hello");
});

test("a short partition only delays: what was lost is sent again", async () => {
  const { get, network, loop } = createPair();
  const cut = network.fabric.rules.add("partition", () => ({ action: "drop" }));
  loop.schedule(150, "fault", "heal", () => cut.heal());
  expect(await get("/a")).toBe("hello");
  expect(loop.clock.nowMs).toBe(210);
});

test("a lost reply leaves the caller without an answer after the effect has happened", async () => {
  const { get, network, served } = createPair();
  network.fabric.rules.add("lose replies", ({ part }) =>
    part === "reply" ? { action: "reset" } : undefined,
  );
  await expect(get("/a")).rejects.toMatchObject({ code: "ECONNRESET" });
  expect(served).toHaveLength(1);
});

test("a duplicated request is served twice and answered once", async () => {
  const { get, network, served } = createPair();
  network.fabric.rules.add("duplicate", () => ({ action: "duplicate" }));
  expect(await get("/a")).toBe("hello");
  await expect(get("/b")).resolves.toBe("hello");
  expect(served.filter((line) => line.startsWith("http://gateway/a"))).toHaveLength(2);
});

test("a delay adds to the way it lies on", async () => {
  const { get, network, loop } = createPair();
  network.fabric.rules.add("slow", ({ to }) =>
    to === "gateway-0" ? { action: "delay", ms: 100 } : undefined,
  );
  await get("/a");
  expect(loop.clock.nowMs).toBe(110);
});

test("a paused server answers after it resumes", async () => {
  const { get, server, loop } = createPair();
  server.pause();
  loop.schedule(300, "fault", "resume", () => server.resume());
  expect(await get("/a")).toBe("hello");
  expect(Math.round(loop.clock.nowMs)).toBe(305);
});

test("links of a lossy network lose attempts at the chance they were given", async () => {
  const { get, loop } = createPair({
    driver: seededDriver(5),
    link: { delayMsMin: 1, lossProbability: 0.5 },
  });
  for (let i = 0; i < 20; i++) await get(`/${i}`, 60_000);
  // Twenty exchanges of at most 4 ms without a loss; each loss costs 200 ms or more.
  expect(loop.clock.nowMs).toBeGreaterThan(1000);
});

test("a service name reaches every replica that is up, and none that is down", async () => {
  const { get, network, served } = createPair({ driver: seededDriver(2) });
  const second = network.fabric.addHost("gateway-1");
  network.fabric.addService("gateway", ["gateway-0", "gateway-1"]);
  let servedBySecond = 0;
  network.listen(second.boot(), 80, {
    onRequest: () => {
      servedBySecond += 1;
      return { status: 200, headers: {}, body: "second" };
    },
  });
  for (let i = 0; i < 20; i++) await get("/a");
  expect(servedBySecond).toBeGreaterThan(3);
  expect(served.length).toBeGreaterThan(3);
  second.kill();
  const before = servedBySecond;
  for (let i = 0; i < 5; i++) expect(await get("/a")).toBe("hello");
  expect(servedBySecond).toBe(before);
});

async function connectPair(world: Pair): Promise<{ near: Connection; far: Connection }> {
  let far: Connection | undefined;
  const incarnation = world.server.incarnation;
  const from = world.client.incarnation;
  if (incarnation === undefined || from === undefined) throw new Error("both hosts are up");
  world.network.listen(incarnation, 5432, { onConnection: (connection) => (far = connection) });
  const near = await holdWhile(
    world.loop,
    "connect",
    world.network.connect(from, "gateway-0", 5432, "sql", 1000),
  );
  if (far === undefined) throw new Error("the server was not told");
  return { near, far };
}

test("a connection keeps its messages in order, whatever their delays", async () => {
  const world = createPair({ driver: seededDriver(9), link: { delayMsMin: 1, delayMsMax: 50 } });
  const { near, far } = await connectPair(world);
  const seen: number[] = [];
  far.onMessage((payload: number) => seen.push(payload));
  for (let i = 0; i < 50; i++) near.send(i, "number", i);
  await advance(world.loop, 200);
  expect(seen).toEqual(Array.from({ length: 50 }, (_, index) => index));
});

test("what is sent into a partition arrives in order once it heals", async () => {
  const world = createPair();
  const { near, far } = await connectPair(world);
  const seen: number[] = [];
  far.onMessage((payload: number) => seen.push(payload));
  const cut = world.network.fabric.rules.add("partition", () => ({ action: "drop" }));
  for (let i = 0; i < 5; i++) near.send(i, "number", i);
  await advance(world.loop, 100);
  expect([seen, near.inFlight]).toEqual([[], 5]);
  cut.heal();
  near.send(5, "number", 5);
  await advance(world.loop, 1000);
  expect([seen, near.inFlight]).toEqual([[0, 1, 2, 3, 4, 5], 0]);
});

test("closing tells the peer after what was sent has arrived; aborting tells it with an error", async () => {
  const world = createPair();
  const first = await connectPair(world);
  const seen: string[] = [];
  first.far.onMessage((payload: string) => seen.push(payload));
  first.far.onClose((error) => seen.push(error?.code ?? "closed"));
  first.near.send("last words", "frame", 0);
  first.near.close();
  const second = await connectPair(world);
  second.far.onClose((error) => seen.push(error?.code ?? "closed"));
  second.near.abort();
  await advance(world.loop, 100);
  expect(seen).toEqual(["last words", "closed", "ECONNRESET"]);
});

test("the death of one side's process resets the connection of the other", async () => {
  const world = createPair();
  const { near } = await connectPair(world);
  let ended = "";
  near.onClose((error) => (ended = error?.code ?? "closed"));
  world.server.kill();
  await advance(world.loop, 100);
  expect([ended, near.open]).toEqual(["ECONNRESET", false]);
});

test("a connection asked for by a process that dies meanwhile is never made", async () => {
  const world = createPair();
  const server = world.server.incarnation;
  const from = world.client.incarnation;
  if (server === undefined || from === undefined) throw new Error("both hosts are up");
  let accepted = 0;
  world.network.listen(server, 5432, { onConnection: () => (accepted += 1) });
  void world.network.connect(from, "gateway-0", 5432, "sql", 1000);
  world.loop.schedule(2, "fault", "crash", () => world.client.kill());
  await advance(world.loop, 2000);
  expect([accepted, world.loop.failure]).toEqual([0, undefined]);
});

test("a reader that stops reading leaves messages in flight", async () => {
  const world = createPair();
  const { near, far } = await connectPair(world);
  const seen: string[] = [];
  near.onMessage((payload: string) => seen.push(payload));
  near.setReading(false);
  far.send("abc", "frame", 0, 3);
  await advance(world.loop, 100);
  expect([seen, far.inFlight]).toEqual([[], 3]);
  near.setReading(true);
  expect([seen, far.inFlight]).toEqual([["abc"], 0]);
});

test("an illegal link is refused with the values found", () => {
  expect(() => createBareWorld({ link: { delayMsMin: 9, delayMsMax: 1 } })).toThrow(
    "delayMsMin is 9, delayMsMax is 1",
  );
  expect(() => createBareWorld({ link: { lossProbability: 2 } })).toThrow("lossProbability is 2");
});
