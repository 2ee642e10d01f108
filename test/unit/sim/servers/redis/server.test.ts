import { describe, expect, test } from "vitest";
import { createRedisServer, replyText, type RedisReply } from "../../../../../sim/servers/redis/index.js";
import { createTestClock } from "./test-clock.js";

function setup(options: { persistence?: "none" | "aof"; replicaLagMsMax?: number } = {}) {
  const clock = createTestClock();
  const server = createRedisServer({ clock, ...options });
  const session = server.connect();
  const run = (...args: string[]) => session.execute(args);
  return { clock, server, session, run };
}

const integer = (value: number): RedisReply => ({ kind: "integer", value });
const bulk = (value: string | null): RedisReply => ({ kind: "bulk", value });

describe("time", () => {
  test("a key lives through the millisecond of its deadline and is gone in the next one", () => {
    const { clock, run } = setup();
    void run("SET", "k", "v", "PX", "100");
    clock.advance(100);
    expect(run("GET", "k")).toEqual(bulk("v"));
    expect(run("PTTL", "k")).toEqual(integer(0));
    clock.advance(1);
    expect(run("GET", "k")).toEqual(bulk(null));
    expect(run("TTL", "k")).toEqual(integer(-2));
  });

  test("expired events come from the clock, without anybody looking at the key", () => {
    const { clock, server, run } = setup();
    const received: RedisReply[] = [];
    const listener = server.connect({ onPush: (reply) => received.push(reply) });
    void run("CONFIG", "SET", "notify-keyspace-events", "Ex");
    void listener.execute(["SUBSCRIBE", "__keyevent@0__:expired"]);
    void run("SET", "k", "v", "PX", "50");
    clock.advance(60);
    const items = ["message", "__keyevent@0__:expired", "k"].map(bulk);
    expect(received).toEqual([{ kind: "array", items }]);
  });
});

test("expired events also come for deadlines set before anybody asked for events", () => {
  const { clock, server, run } = setup();
  const received: RedisReply[] = [];
  void run("SET", "k", "v", "PX", "50");
  void run("CONFIG", "SET", "notify-keyspace-events", "Ex");
  void server
    .connect({ onPush: (reply) => received.push(reply) })
    .execute(["SUBSCRIBE", "__keyevent@0__:expired"]);
  clock.advance(60);
  expect(received).toHaveLength(1);
});

describe("faults", () => {
  test("a crash without persistence empties the server and breaks its connections", () => {
    const { server, session, run } = setup();
    void run("SET", "k", "v");
    server.crash();
    expect(session.open).toBe(false);
    expect(() => server.connect()).toThrow("the server is down");
    server.restart();
    expect(server.connect().execute(["GET", "k"])).toEqual(bulk(null));
  });

  test("a crash with an append-only file keeps what was answered", () => {
    const { server, run } = setup({ persistence: "aof" });
    void run("SET", "k", "v");
    server.crash();
    server.restart();
    expect(replyText(server.connect().execute(["GET", "k"]) as RedisReply)).toBe("v");
  });

  test("a failover takes back the writes of the last milliseconds and no others", () => {
    const { clock, server, run } = setup({ replicaLagMsMax: 1000 });
    void run("RPUSH", "l", "a");
    void run("SET", "s", "old");
    clock.advance(500);
    void run("RPUSH", "l", "b");
    void run("SET", "s", "new");
    void run("SET", "fresh", "1");
    clock.advance(100);
    server.failover({ loseLastWritesMs: 200 });
    const after = server.connect();
    expect(after.execute(["LRANGE", "l", "0", "-1"])).toEqual({ kind: "array", items: [bulk("a")] });
    expect(after.execute(["GET", "s"])).toEqual(bulk("old"));
    expect(server.inspect.keys()).toEqual(["l", "s"]);
  });

  test("losing more than is kept is refused with both numbers", () => {
    const { server } = setup({ replicaLagMsMax: 100 });
    expect(() => server.failover({ loseLastWritesMs: 200 })).toThrow(/200 ms .* 100 ms/);
  });
});

test("two servers share no keys, and a disposed one leaves nothing behind for the next", () => {
  const first = setup();
  const second = setup();
  void first.run("SET", "k", "1");
  expect(second.run("GET", "k")).toEqual(bulk(null));
  first.server.dispose();
  const third = setup();
  void third.run("SET", "other", "1");
  expect(third.run("GET", "k")).toEqual(bulk(null));
});

test.each([
  ["GEOADD k 1 2 m", "SIM_UNSUPPORTED GEOADD"],
  ["CLIENT PAUSE 100", "SIM_UNSUPPORTED CLIENT PAUSE"],
  ["COMMAND", "SIM_UNSUPPORTED COMMAND"],
  ["CONFIG SET maxmemory 1", "SIM_UNSUPPORTED CONFIG SET maxmemory"],
  ["SWAPDB 0 1", "SIM_UNSUPPORTED SWAPDB"],
])("%s, which Redis has and the simulation has not, answers with an error that names it", (line, text) => {
  const { run } = setup();
  expect(run(...line.split(" "))).toMatchObject({
    kind: "error",
    text: expect.stringContaining(text) as string,
  });
});
