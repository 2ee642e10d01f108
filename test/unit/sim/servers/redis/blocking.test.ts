import { expect, test } from "vitest";
import { createRedisServer, type RedisReply } from "../../../../../sim/servers/redis/index.js";
import { createTestClock } from "./test-clock.js";

function setup() {
  const clock = createTestClock();
  const server = createRedisServer({ clock });
  /** Sends one command and notes its answer when it comes. */
  function waiter(...args: string[]) {
    const session = server.connect();
    const seen: RedisReply[] = [];
    void Promise.resolve(session.execute(args)).then((reply) => seen.push(reply));
    return { session, seen };
  }
  return { clock, server, waiter };
}

const settle = (): Promise<void> => Promise.resolve().then(() => undefined);
const nothing: RedisReply = { kind: "array", items: null };

test("BLPOP gives up when its time is over, on the virtual clock", async () => {
  const { clock, server, waiter } = setup();
  const { seen } = waiter("BLPOP", "q", "1.5");
  clock.advance(1499);
  await settle();
  expect(seen).toEqual([]);
  clock.advance(1);
  await settle();
  expect(seen).toEqual([nothing]);
  expect(server.inspect.blocked).toBe(0);
});

test("who has given up leaves the element to the next", async () => {
  const { clock, server, waiter } = setup();
  const first = waiter("BLPOP", "q", "1");
  const second = waiter("BLPOP", "q", "0");
  clock.advance(1000);
  await server.connect().execute(["RPUSH", "q", "a"]);
  await settle();
  expect(first.seen).toEqual([nothing]);
  expect(second.seen).toHaveLength(1);
});

test("a closed connection does not take an element", async () => {
  const { server, waiter } = setup();
  const gone = waiter("BLPOP", "q", "0");
  gone.session.close();
  const other = server.connect();
  await other.execute(["RPUSH", "q", "a"]);
  expect(other.execute(["LLEN", "q"])).toEqual({ kind: "integer", value: 1 });
  expect(gone.seen).toEqual([]);
});

test("commands behind one that waits keep their order", async () => {
  const { server } = setup();
  const session = server.connect();
  const seen: string[] = [];
  const note = (name: string) => (reply: RedisReply) => seen.push(`${name} ${reply.kind}`);
  const all = [
    Promise.resolve(session.execute(["BLPOP", "q", "0"])).then(note("pop")),
    Promise.resolve(session.execute(["SET", "k", "v"])).then(note("set")),
    Promise.resolve(session.execute(["GET", "k"])).then(note("get")),
  ];
  const other = server.connect();
  expect(other.execute(["EXISTS", "k"])).toEqual({ kind: "integer", value: 0 });
  await other.execute(["RPUSH", "q", "a"]);
  await Promise.all(all);
  expect(seen).toEqual(["pop array", "set simple", "get bulk"]);
});

test("XREAD BLOCK times out and wakes without polling", async () => {
  const { clock, server, waiter } = setup();
  const late = waiter("XREAD", "BLOCK", "100", "STREAMS", "s", "$");
  const patient = waiter("XREAD", "BLOCK", "0", "STREAMS", "s", "$");
  clock.advance(100);
  await settle();
  expect(late.seen).toEqual([nothing]);
  await server.connect().execute(["XADD", "s", "*", "f", "v"]);
  await settle();
  expect(JSON.stringify(patient.seen)).toContain(`${clock.now()}-0`);
});
