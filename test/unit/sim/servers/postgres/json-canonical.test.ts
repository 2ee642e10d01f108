import fc from "fast-check";
import { expect, test } from "vitest";

import {
  canonicalJson,
  compareKeys,
  parseJson,
  printJson,
} from "../../../../../sim/servers/postgres/types/json.js";

const theLongWay = (text: string): string => printJson(parseJson(text));

test("a text of JSON.stringify becomes what the parser of PostgreSQL's JSON makes of it", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const text = JSON.stringify(value);
      expect(canonicalJson(text)).toBe(theLongWay(text));
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  '{"b":1,"a":2}',
  '{"10":1,"9":2,"aa":3}',
  '{"a":1,"a":2}',
  '{ "a" : [ 1.0, 1e3, -0, 0.1e-7 ] }',
  "[1e21,1e-7,123456789012345680000]",
  '"\\u00e9"',
  '{"\u00e9":1,"zz":2,"\u{1f600}":3,"\uffff":4}',
  '{"__proto__":{"x":1},"constructor":null}',
  "true",
])("%s is kept as the parser of PostgreSQL's JSON reads it", (text) => {
  expect(canonicalJson(text)).toBe(theLongWay(text));
});

test("what is no JSON is refused as before", () => {
  expect(() => canonicalJson('{"a":}')).toThrow(/invalid input syntax/);
});

test("keys of jsonb are ordered by length in UTF-8, then by bytes", () => {
  const encoder = new TextEncoder();
  const byBytes = (a: string, b: string): number => {
    const [left, right] = [encoder.encode(a), encoder.encode(b)];
    return left.length - right.length || Buffer.compare(left, right);
  };
  const keys = fc.oneof(fc.string(), fc.string({ unit: "grapheme" }));
  fc.assert(
    fc.property(keys, keys, (a, b) => {
      expect(Math.sign(compareKeys(a, b))).toBe(Math.sign(byBytes(a, b)));
    }),
    { numRuns: 2_000 },
  );
});
