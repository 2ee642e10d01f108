import { expect, test } from "vitest";

import { advance, defaultDriver, type ChoicePoint, type Driver } from "../../../../../sim/kernel/index.js";
import { createLane, type Lane } from "../../../../../sim/kernel/network/fabric.js";
import { createCapacity, resolveLinkOptions, sampleDelayMs } from "../../../../../sim/kernel/network/link.js";
import type { Message, Verdict } from "../../../../../sim/kernel/network/message.js";
import { createBareWorld } from "../../../../support/world.js";

const link = { delayMsMin: 5, delayMsMax: 5 };

/** Two hosts; what arrives is noted with its virtual milliseconds. */
function open(options: Parameters<typeof createBareWorld>[0] = {}) {
  const world = createBareWorld({ link, ...options });
  const { loop } = world;
  const { fabric } = world.network;
  for (const name of ["a", "b", "c"]) fabric.addHost(name);
  const seen: string[] = [];
  function send(
    label: string,
    more: Partial<Message> & { readonly lane?: Lane; readonly wanted?: () => boolean } = {},
  ): void {
    const { lane, wanted = () => true, ...message } = more;
    fabric.send(
      { from: "a", to: "b", protocol: "http", part: "request", label, digest: 0, ...message },
      {
        arrive: () => seen.push(`${label} at ${loop.clock.nowMs}`),
        broken: (code) => seen.push(`${label} ${code} at ${loop.clock.nowMs}`),
        wanted,
        ...(lane === undefined ? {} : { lane }),
      },
    );
  }
  return { ...world, fabric, seen, send };
}

/** Answers by label; 0 elsewhere. @param asked - Gets every question. */
function answering(answers: Readonly<Record<string, number>>, asked: ChoicePoint[] = []): Driver {
  return {
    ...defaultDriver(),
    choose: (point) => {
      asked.push({ ...point });
      return answers[point.label] ?? 0;
    },
  };
}

test("a message takes the delay of its link, and each direction and pair may have its own", async () => {
  const { fabric, send, seen, loop } = open();
  fabric.setLink("a", "c", { delayMsMin: 20, delayMsMax: 20 });
  send("ab");
  send("ac", { to: "c" });
  send("ca", { from: "c", to: "a" });
  await advance(loop, 30);
  expect(seen).toEqual(["ab at 5", "ac at 20", "ca at 20"]);
});

test("what is asked about a message names its way and its label", async () => {
  const asked: ChoicePoint[] = [];
  const { send, loop } = open({
    driver: answering({}, asked),
    link: { delayMsMin: 1, delayMsMax: 2, lossProbability: 0.5 },
  });
  send("x");
  send("x");
  send("x", { to: "c" });
  send("x", { from: "c" });
  send("y");
  await advance(loop, 10);
  expect(
    asked.filter(({ kind }) => kind !== "order").map(({ label, occurrence }) => `${label} ${occurrence}`),
  ).toEqual([
    "a>b/x/loss 0",
    "a>b/x/latency 0",
    "a>b/x/loss 1",
    "a>b/x/latency 1",
    "a>c/x/loss 0",
    "a>c/x/latency 0",
    "c>b/x/loss 0",
    "c>b/x/latency 0",
    "a>b/y/loss 0",
    "a>b/y/latency 0",
  ]);
});

test("what is lost is sent again after 200 ms, then twice that, up to 3.2 s", async () => {
  const { fabric, send, seen, loop } = open();
  const attempts: number[] = [];
  fabric.rules.add("drop", () => {
    attempts.push(loop.clock.nowMs);
    return attempts.length < 8 ? { action: "drop" } : undefined;
  });
  send("x");
  await advance(loop, 60_000);
  expect(attempts).toEqual([0, 200, 600, 1400, 3000, 6200, 9400, 12_600]);
  expect(seen).toEqual(["x at 12605"]);
});

test("after twenty more attempts the sender gives up", async () => {
  const { fabric, send, seen, loop } = open();
  let attempts = 0;
  fabric.rules.add("drop", () => {
    attempts += 1;
    return { action: "drop" };
  });
  send("x");
  await advance(loop, 120_000);
  expect(attempts).toBe(21);
  // 200 + 400 + 800 + 1600, then sixteen pauses of 3200.
  expect(seen).toEqual(["x ETIMEDOUT at 54200"]);
});

test("a loss that the driver chooses is one attempt", async () => {
  const { send, seen, loop } = open({
    driver: {
      ...defaultDriver(),
      choose: ({ label, occurrence }) => (label === "a>b/x/loss" && occurrence === 0 ? 1 : 0),
    },
    link: { ...link, lossProbability: 0.1 },
  });
  send("x");
  await advance(loop, 1000);
  expect(seen).toEqual(["x at 205"]);
});

test("what nobody waits for any more is not sent again, and lets go what waits behind it", async () => {
  const { fabric, send, seen, loop } = open();
  const lane = createLane();
  let wanted = true;
  const cut = fabric.rules.add("cut", ({ label }) => (label === "first" ? { action: "drop" } : undefined));
  send("first", { lane, wanted: () => wanted });
  send("second", { lane });
  await advance(loop, 100);
  wanted = false;
  await advance(loop, 200);
  cut.heal();
  expect(seen).toEqual(["second at 205"]);
});

test("what is not wanted from the start is never sent", async () => {
  const { send, seen, loop } = open();
  send("x", { wanted: () => false });
  await advance(loop, 1000);
  expect(seen).toEqual([]);
});

test("a lane keeps its order behind a lost message, and moves on when that arrives", async () => {
  const { fabric, send, seen, loop } = open();
  const lane = createLane();
  let drops = 1;
  fabric.rules.add("lose one", () => (drops-- > 0 ? { action: "drop" } : undefined));
  for (const label of ["1", "2", "3"]) send(label, { lane });
  send("beside");
  await advance(loop, 1000);
  expect(seen).toEqual(["beside at 5", "1 at 205", "2 at 205.001", "3 at 205.002"]);
  send("4", { lane });
  await advance(loop, 10);
  expect(seen.at(-1)).toBe("4 at 1005");
});

test("a lane stalls again when the next of those that waited is lost", async () => {
  const { fabric, send, seen, loop } = open();
  const lane = createLane();
  const lost = new Set(["1", "2"]);
  fabric.rules.add("lose", ({ label }) => (lost.delete(label) ? { action: "drop" } : undefined));
  for (const label of ["1", "2", "3"]) send(label, { lane });
  await advance(loop, 1000);
  expect(seen).toEqual(["1 at 205", "2 at 405", "3 at 405.001"]);
});

test("within a lane a fast message does not overtake a slow one", async () => {
  const { fabric, send, seen, loop } = open();
  const lane = createLane();
  fabric.rules.add("slow", ({ label }) => (label === "slow" ? { action: "delay", ms: 50 } : undefined));
  send("slow", { lane });
  send("fast", { lane });
  send("beside");
  await advance(loop, 100);
  expect(seen).toEqual(["beside at 5", "slow at 55", "fast at 55.001"]);
});

test("what is held goes out when it is released, in its order, and not before", async () => {
  const { fabric, send, seen, loop } = open();
  const lane = createLane();
  const releases: (() => void)[] = [];
  const hold = fabric.rules.add("hold", () => ({
    action: "hold",
    until: (release) => releases.push(release),
  }));
  send("1", { lane });
  send("2", { lane });
  send("beside");
  await advance(loop, 1000);
  expect([seen, releases.length]).toEqual([[], 2]);
  hold.heal();
  for (const release of releases) release();
  send("3", { lane });
  await advance(loop, 100);
  expect(seen).toEqual(["1 at 1005", "beside at 1005", "2 at 1005.001", "3 at 1005.002"]);
});

test("a reset is told after the shortest delay, and the next message is not kept", async () => {
  const { fabric, send, seen, loop } = open({ link: { delayMsMin: 5, delayMsMax: 9 } });
  const lane = createLane();
  fabric.rules.add("reset", ({ label }) => (label === "x" ? { action: "reset" } : undefined));
  send("x", { lane });
  send("y", { lane });
  await advance(loop, 100);
  expect(seen).toEqual(["x ECONNRESET at 5", "y at 5"]);
});

test("a reset of a message that was sent again lets go what waits behind it", async () => {
  const { fabric, send, seen, loop } = open();
  const lane = createLane();
  const verdicts: Verdict[] = [{ action: "drop" }, { action: "reset" }];
  fabric.rules.add("drop, then reset", () => verdicts.shift());
  send("x", { lane });
  send("y", { lane });
  await advance(loop, 1000);
  expect(seen).toEqual(["x ECONNRESET at 205", "y at 205"]);
});

test("only a request is duplicated: it arrives again after twice its delay", async () => {
  const { fabric, send, seen, loop } = open();
  fabric.rules.add("duplicate", () => ({ action: "duplicate" }));
  send("request");
  send("reply", { part: "reply" });
  await advance(loop, 100);
  expect(seen).toEqual(["request at 5", "reply at 5", "request at 10"]);
});

test("messages are counted as they are sent; pairs are listed when they connect, once each, the opener first", () => {
  const { fabric, send } = open();
  expect([fabric.sent, fabric.connectedPairs()]).toEqual([0, []]);
  send("x");
  send("open", { part: "connect", from: "c", to: "a" });
  send("open", { part: "connect" });
  send("open", { part: "connect", from: "c", to: "a" });
  expect(fabric.sent).toBe(4);
  expect(fabric.connectedPairs()).toEqual([
    ["c", "a"],
    ["a", "b"],
  ]);
});

test("names lead to hosts: a host, then a service, then the first alias that fits", () => {
  const { fabric } = open();
  fabric.addService("group", ["b", "a", "nobody"]);
  fabric.addAlias((name) => name.startsWith("db"), "c");
  fabric.addAlias((name) => name.startsWith("d"), "a");
  const names = (name: string): readonly string[] => fabric.resolve(name).map((host) => host.name);
  expect(["a", "group", "db-1", "d-1", "elsewhere"].map(names)).toEqual([
    ["a"],
    ["b", "a"],
    ["c"],
    ["a"],
    [],
  ]);
  expect(fabric.names()).toEqual(["group", "a", "b", "c"]);
  expect(fabric.hosts().map(({ name }) => name)).toEqual(["a", "b", "c"]);
  expect(fabric.host("b").name).toBe("b");
  expect(() => fabric.host("bb")).toThrow('There is no host "bb".');
});

test("an alias of a host that is not there leads nowhere", () => {
  const { fabric } = open();
  fabric.addAlias(() => true, "nobody");
  expect(fabric.resolve("x")).toEqual([]);
});

test("a name that a host or a service has is taken", () => {
  const { fabric } = open();
  fabric.addService("group", ["a"]);
  for (const name of ["a", "group"])
    expect(() => fabric.addHost(name)).toThrow(`Cannot add a host "${name}": the name is taken.`);
  expect(fabric.addHost("d", true).name).toBe("d");
});

test("a link is checked: delays from 0 upwards and in order, a chance from 0 to 1", () => {
  expect(resolveLinkOptions()).toEqual({ delayMsMin: 0.25, delayMsMax: 2, lossProbability: 0 });
  for (const legal of [{ delayMsMin: 0, delayMsMax: 0 }, { delayMsMin: 2 }, { lossProbability: 1 }])
    expect(resolveLinkOptions(legal)).toMatchObject(legal);
  for (const illegal of [
    { delayMsMin: -1 },
    { delayMsMin: 3 },
    { delayMsMin: Number.NaN },
    { lossProbability: -0.1 },
    { lossProbability: 1.1 },
    { lossProbability: Number.NaN },
  ])
    expect(() => resolveLinkOptions(illegal)).toThrow("Cannot build a link");
  expect(() => resolveLinkOptions({ delayMs: 3 } as never)).toThrow(/delayMs\b/);
});

test("delays grow with the square of sixteen levels, from the shortest to the longest", () => {
  const range = { delayMsMin: 1, delayMsMax: 226, lossProbability: 0 };
  const delayAt = (level: number): number => {
    const asked: ChoicePoint[] = [];
    const { loop } = createBareWorld({ driver: answering({ way: level }, asked) });
    const delay = sampleDelayMs(loop.choices, range, "way");
    expect(asked).toMatchObject([{ kind: "latency", label: "way", n: 16 }]);
    return Math.round(delay);
  };
  expect([0, 1, 2, 15].map(delayAt)).toEqual([1, 2, 5, 226]);
});

test("a link without jitter asks nothing", () => {
  const { loop } = createBareWorld();
  expect(sampleDelayMs(loop.choices, { delayMsMin: 3, delayMsMax: 3, lossProbability: 0 }, "way")).toBe(3);
  expect(loop.choices.asked).toBe(0);
});

test("a server with two workers serves two at a time, the others in line, each by the first that is free", async () => {
  const { loop, fabric } = open();
  const capacity = createCapacity({ workers: 2, serviceMs: 10 });
  const incarnation = fabric.host("a").boot();
  const served: string[] = [];
  const serve = (name: string): void =>
    void capacity.serve(incarnation, name).then(() => served.push(`${name} at ${loop.clock.nowMs}`));
  for (const name of ["1", "2", "3", "4", "5"]) serve(name);
  await advance(loop, 25);
  expect(served).toEqual(["1 at 10", "2 at 10", "3 at 20", "4 at 20"]);
  await advance(loop, 5);
  expect(served.at(-1)).toBe("5 at 30");
  await advance(loop, 70);
  serve("late");
  await advance(loop, 10);
  expect(served.at(-1)).toBe("late at 110");
});

test("a server that takes no time lets everything through at once", async () => {
  const { loop, fabric } = open();
  await createCapacity({ workers: 1, serviceMs: 0 }).serve(fabric.host("a").boot(), "x");
  expect(loop.pending().size).toBe(0);
});
