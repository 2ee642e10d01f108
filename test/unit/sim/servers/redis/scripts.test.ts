import { describe, expect, test } from "vitest";
import { createRedisServer, type RedisReply } from "../../../../../sim/servers/redis/index.js";
import { createTestClock } from "./test-clock.js";

function setup() {
  const server = createRedisServer({ clock: createTestClock() });
  const session = server.connect();
  const run = (...args: string[]) => session.execute(args);
  const lua = (script: string, ...args: string[]) => run("EVAL", script, "0", ...args);
  return { run, lua };
}

const bulk = (value: string | null): RedisReply => ({ kind: "bulk", value });
const integer = (value: number): RedisReply => ({ kind: "integer", value });

describe("numbers are those of Lua 5.1", () => {
  test.each([
    ["return 65536 * 65536", integer(4294967296)],
    ["return tostring(10 / 2)", bulk("5")],
    ["return tostring(1700000000123)", bulk("1700000000123")],
    ["return 1700000000123 * 0x1000 .. ''", bulk("6.9632000005038e+15")],
    ["return 3.99", integer(3)],
    ["return -3.99", integer(-3)],
    ["return string.format('%d', 1700000000000.7)", bulk("1700000000000")],
    ["return #'abc' .. ''", bulk("3")],
    ["local s = 0 for i = 1, 3 do s = s + i end return tostring(s)", bulk("6")],
    ["return math.floor(7 / 2) .. ''", bulk("3")],
    ["return tostring(tonumber('0xff'))", bulk("255")],
  ])("%s", (script, expected) => {
    expect(setup().lua(script)).toEqual(expected);
  });
});

test("a script that never ends is stopped, and the server goes on", () => {
  const { lua, run } = setup();
  expect(lua("while true do end")).toMatchObject({
    text: expect.stringContaining("SIM_STEP_LIMIT") as string,
  });
  expect(run("PING")).toEqual({ kind: "simple", text: "PONG" });
});

test("two servers give their scripts the same random numbers", () => {
  const script = "return { tostring(math.random()), math.random(1000) }";
  expect(setup().lua(script)).toEqual(setup().lua(script));
});

test("messagepack goes in and comes out the same", () => {
  const { lua } = setup();
  const script = `
    local value = { name = "x", list = { 1, -5, 300, 70000, 1.5, "text" }, yes = true }
    local back = cmsgpack.unpack(cmsgpack.pack(value))
    return { back.name, back.list[2], back.list[4], tostring(back.list[5]), back.list[6], back.yes }`;
  expect(lua(script)).toEqual({
    kind: "array",
    items: [bulk("x"), integer(-5), integer(70000), bulk("1.5"), bulk("text"), integer(1)],
  });
});

test("struct packs and unpacks with the sizes and the byte order asked for", () => {
  const { lua } = setup();
  expect(lua("return struct.pack('>I2<I4bs', 258, 1, -1, 'hi')")).toEqual(
    bulk("\x01\x02\x01\x00\x00\x00\xffhi\0"),
  );
  expect(lua("return { struct.unpack('>I2<I4b', struct.pack('>I2<I4b', 258, 1, -1)) }")).toEqual({
    kind: "array",
    items: [258, 1, -1, 8].map(integer),
  });
});
