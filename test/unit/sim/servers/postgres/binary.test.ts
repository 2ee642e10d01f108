/** Binary forms, as the send functions of PostgreSQL 15 gave them: `select encode(numeric_send('12.340'), 'hex')`. */
import { expect, test } from "vitest";
import { receiveBinary, sendBinary } from "../../../../../sim/servers/postgres/types/binary.js";
import { types } from "../../../../../sim/servers/postgres/types/type-names.js";
import { arrayOf, type PgType } from "../../../../../sim/servers/postgres/types/type.js";

const recorded: ReadonlyArray<readonly [type: string, text: string, hex: string]> = [
  ["bool", "t", "01"],
  ["int2", "-7", "fff9"],
  ["int4", "2147483647", "7fffffff"],
  ["int8", "-9223372036854775808", "8000000000000000"],
  ["float4", "1.5", "3fc00000"],
  ["float8", "-0.1", "bfb999999999999a"],
  ["numeric", "12.340", "0002000000000003000c0d48"],
  ["numeric", "-0.00012", "0002ffff40000005000107d0"],
  ["numeric", "100000000", "00010002000000000001"],
  ["numeric", "NaN", "00000000c0000000"],
  ["numeric", "-Infinity", "00000000f0000020"],
  ["numeric", "0.00", "0000000000000002"],
  ["text", "añb", "61c3b162"],
  ["bytea", "\\x00ff41", "00ff41"],
  ["uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "a0eebc999c0b4ef8bb6d6bb9bd380a11"],
  ["date", "1999-12-31", "ffffffff"],
  ["date", "infinity", "7fffffff"],
  ["time", "10:20:30.4", "00000008ab1ad200"],
  ["timestamp", "1969-07-20 20:17:40", "fffc96188bae6100"],
  ["timestamptz", "-infinity", "8000000000000000"],
  ["interval", "1 mon -2 days +03:04:05.6", "00000002925e7b00fffffffe00000001"],
  ["json", '{"a": 1}', "7b2261223a20317d"],
  ["jsonb", '{"a": 1}', "017b2261223a20317d"],
  ["varbit", "10101010101", "0000000baaa0"],
  ["oid", "4294967295", "ffffffff"],
  [
    "_int4",
    "{{1,2},{3,NULL}}",
    "00000002000000010000001700000002000000010000000200000001000000040000000100000004000000020000000400000003ffffffff",
  ],
  ["_text", "{}", "000000000000000000000019"],
];

function typeNamed(name: string): PgType {
  const type = types[name.replace("_", "")];
  if (type === undefined) throw new Error(`no type ${name}`);
  return name.startsWith("_") ? arrayOf(type) : type;
}

test.each(recorded)("%s %s is sent and received as the real server does", (name, text, hex) => {
  const type = typeNamed(name);
  expect(Buffer.from(sendBinary(type.parse(text), type)).toString("hex")).toBe(hex);
  expect(type.print(receiveBinary(Buffer.from(hex, "hex"), type))).toBe(text);
});

test("a binary value that is too short is an error of the protocol", () => {
  expect(() => receiveBinary(Buffer.from("00", "hex"), typeNamed("int4"))).toThrow(
    expect.objectContaining({ code: "08P01" }) as Error,
  );
});
