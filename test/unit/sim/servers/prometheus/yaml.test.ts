import { expect, test } from "vitest";
import { plainOf, readYaml } from "../../../../../sim/servers/prometheus/yaml.js";

test.each([
  ["a: \"b\nc\"\nd: 'e\n  f'\n", { a: "b c", d: "e f" }],
  ["- x: \"m{\n    a='b'\n  }\"\n  y: [1,\n2\n]\n", [{ x: "m{ a='b' }", y: ["1", "2"] }]],
  ["a: 'b'# c\nd: it's # e\nf: \"g\\'h\"\n", { a: "b", d: "it's", f: "g'h" }],
  ["a: |\n  'x\n  [y\n- b\n", undefined],
  ["a: |\n  'x\n  [y\nb: >-\n  {z\n", { a: "'x\n[y\n", b: "{z" }],
  ["- a: |\n    \"x\n  b: 'y\n  z'\n", [{ a: '"x\n', b: "y z" }]],
  ["x: {a: it's, b: \"c,\n'd'\"}\ny: [p|q, 'r']\n", { x: { a: "it's", b: "c, 'd'" }, y: ["p|q", "r"] }],
  ["a: 007\nb: ~\nc:\nd: !!str 5\n", { a: "007", b: null, c: null, d: "5" }],
])("%j is read as Go reads it", (text, value) => {
  if (value === undefined) expect(() => readYaml(text)).toThrow(/yaml: line/);
  else expect(plainOf(readYaml(text))).toEqual(value);
});
