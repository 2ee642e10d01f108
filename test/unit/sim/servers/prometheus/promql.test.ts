import { expect, test } from "vitest";
import { compareText, goQuote, isUtf8, labelsOf } from "../../../../../sim/servers/prometheus/labels.js";
import { createEngine, printExpr, unquote } from "../../../../../sim/servers/prometheus/promql/index.js";
import { createStorage, type Storage } from "../../../../../sim/servers/prometheus/storage.js";

const engine = createEngine();

/** Series by selector-like name, a value every ten seconds from `startMs` on. */
function stored(series: Readonly<Record<string, { startMs?: number; values: readonly number[] }>>): Storage {
  const storage = createStorage();
  for (const [name, { startMs = 0, values }] of Object.entries(series)) {
    const one = storage.series(labelsOf({ __name__: name }));
    values.forEach((value, index) => storage.append(one, startMs + index * 10_000, value));
  }
  return storage;
}

test.each([
  ["# before\nx", "x"],
  ["- # sign\n 2", "-2"],
  ["sum # a\n by # b\n (c # d\n) (x # e\n)", "sum by (c) (x)"],
  ["x[5m # range\n] # then\n offset # by\n 1m", "x[5m] offset 1m"],
  ["x{a # name\n = # value\n 'b'}", 'x{a="b"}'],
])("comments may stand between any two words: %j", (query, printed) => {
  expect(printExpr(engine.parse(query))).toBe(printed);
});

test("metrics may be named like most keywords", () => {
  for (const word of "offset by without and or unless sum topk group start end step range fill".split(" ")) {
    for (const query of [
      word,
      `${word} + ${word}`,
      `${word}{a="b"} offset 5m`,
      `-${word}`,
      `rate(${word}[5m])`,
      `topk(2, ${word})`,
      `sum by (${word}) (x) / on(${word}) group_left ${word}`,
      `a and ${word}`,
    ])
      expect(() => engine.parse(query)).not.toThrow();
  }
  for (const word of ["on", "ignoring", "bool", "group_left"])
    expect(() => engine.parse(`${word} + 1`)).toThrow(/unexpected/);
});

test("functions over ranges and the unary minus refuse series that differ only by name, whenever they hold values", () => {
  const storage = stored({ early: { values: [1, 2, 3] }, late: { startMs: 800_000, values: [4, 5, 6] } });
  for (const query of ["max_over_time({__name__=~'early|late'}[1m])", "-{__name__=~'early|late'}"])
    expect(() => engine.range(storage, query, 0, 830_000, 30_000)).toThrow(
      "vector cannot contain metrics with the same labelset",
    );
  // Other functions look at one step after the other.
  expect(engine.range(storage, "abs({__name__=~'early|late'})", 0, 830_000, 30_000)).toMatchObject({
    series: [{ labels: labelsOf({}) }],
  });
});

test("timestamp looks at the pinned moment, among the samples loaded for the offset", () => {
  const storage = stored({ m: { values: Array.from({ length: 100 }, (_, index) => index) } });
  const at = (query: string) => engine.instant(storage, query, 900_000);
  expect(at("timestamp(m @ 500 offset 1m)")).toMatchObject({ samples: [{ value: 440 }] });
  expect(at("timestamp(m @ 500 offset 6m)")).toMatchObject({ samples: [] });
});

test("the lost height of counters is added reset by reset", () => {
  const storage = stored({ p: { values: [2e16, 7, 3, 1, 6] } });
  const result = engine.instant(storage, "increase(p[41s])", 40_000);
  expect(result).toMatchObject({ samples: [{ value: expect.closeTo((18 * 41) / 40, 9) as number }] });
});

test("arguments are checked in the order of the server", () => {
  const storage = stored({ m: { values: [1] } });
  const of = (query: string) => () => engine.instant(storage, query, 0);
  expect(of("topk(-1e300, m)")()).toMatchObject({ samples: [] });
  expect(of("topk(NaN, m)")).toThrow("Parameter value is NaN");
  expect(of("topk(1e300, m)")).toThrow("Scalar value 1e+300 overflows int64");
  expect(of('label_replace(-{__name__=~"m|n"}, "", "", "", "(")')).toThrow("invalid regular expression");
});

test("bytes that are not UTF-8 stay bytes, and name no label", () => {
  const text = unquote(String.raw`"a\xfe\xc3\xa9"`) ?? "";
  expect(isUtf8(text)).toBe(false);
  expect(goQuote(text)).toBe(String.raw`"a\xfeé"`);
  expect(() =>
    engine.instant(createStorage(), String.raw`label_replace(vector(1), "a\xfe", "v", "", "")`, 0),
  ).toThrow("invalid destination label name");
});

test("texts are ordered by their bytes", () => {
  const sorted = ["b", "a", "\u{1F680}", "\uFF21", "ab", ""].sort(compareText);
  expect(sorted).toEqual(["", "a", "ab", "b", "\uFF21", "\u{1F680}"]);
});

test("columns of errors count bytes", () => {
  expect(() => engine.parse('x{a="é🚀"} +')).toThrow("1:16: parse error: unexpected end of input");
});

test.each([
  ["sum(a b)", '1:7: parse error: unexpected identifier "b" in aggregation'],
  ["rate(a b)", '1:8: parse error: unexpected identifier "b"'],
  ["label_join(a, )", "1:13: parse error: trailing commas not allowed in function call args"],
  ["a =~ b", "1:3: parse error: unexpected character after '=': '~'"],
  ["a ; b", "1:3: parse error: unexpected character: ';'"],
  ["a \\ b", "1:3: parse error: unexpected character: '\\\\'"],
  ["a{b)", "1:4: parse error: unexpected character inside braces: ')'"],
  ["a inf", '1:3: parse error: unexpected number "inf"'],
  ["0.9x", '1:1: parse error: bad number or duration syntax: "0.9"'],
  ["5mx", '1:1: parse error: bad number or duration syntax: "5mx"'],
  ["a[5m1m]", '1:3: parse error: not a valid duration string: "5m1m"'],
])("of %j it is said: %s", (query, message) => {
  expect(() => engine.parse(query)).toThrow(message);
});

test("functions behind the server's flag are known to an engine that is told so", () => {
  const reported = createEngine({ experimentalFunctions: true });
  const storage = stored({ m: { values: [4, 1, 9, 1] } });
  const valueOf = (query: string) => reported.instant(storage, query, 30_000);
  expect(valueOf("mad_over_time(m[1m])")).toMatchObject({ samples: [{ value: 1.5 }] });
  expect(valueOf("ts_of_max_over_time(m[1m])")).toMatchObject({ samples: [{ value: 20 }] });
  expect(valueOf("ts_of_min_over_time(m[1m])")).toMatchObject({ samples: [{ value: 30 }] });
  const hosts = createStorage();
  for (const host of ["h10", "h2"]) hosts.append(hosts.series(labelsOf({ __name__: "m", host })), 0, 1);
  expect(reported.instant(hosts, 'sort_by_label(m, "host")', 0)).toMatchObject({
    samples: [{ labels: labelsOf({ __name__: "m", host: "h2" }) }, {}],
  });
  expect(() => engine.parse("mad_over_time(m[1m])")).toThrow("is not enabled");
});
