import { expect, test } from "vitest";

import { sourceFiles } from "./source-files.js";

const files = sourceFiles("src", "sim");
const shipped = files.filter(({ path }) => !path.endsWith("/index.ts"));

test("no file is over 300 lines, and nine in ten are under 200", () => {
  const lengths = files.map(({ path, text }) => ({ path, lines: text.split("\n").length }));
  expect(lengths.filter(({ lines }) => lines > 301)).toEqual([]);
  const long = lengths.filter(({ lines }) => lines > 201);
  expect(long.length / lengths.length).toBeLessThanOrEqual(0.1);
});

test("every module opens by saying what it is", () => {
  const silent = files.filter(({ text }) => !/^(?:#!.*\n)?\/\*\*/.test(text)).map(({ path }) => path);
  expect(silent).toEqual([]);
});

test("services and the world take time and randomness from arguments only", () => {
  const globals =
    /\b(?:Date\.now\(|new Date\(\)|Math\.random\(|randomUUID\(|setTimeout\(|setInterval\(|process\.env)/;
  const exempt = /^(?:src\/(?:adapters|bin)\/|sim\/(?:cli|edge|determinism|testing)\/|sim\/vitest)/;
  const offences = shipped
    .filter(({ path }) => !exempt.test(path))
    .flatMap(({ path, text }) =>
      text
        .split("\n")
        .map((line, index) => ({ line: line.replace(/\/[/*].*|^\s*\*.*/, ""), number: index + 1 }))
        .filter(({ line }) => globals.test(line) && !/\.(?:setTimeout|setInterval|randomUUID)\(/.test(line))
        .map(({ line, number }) => `${path}:${number} ${line.trim()}`),
    );
  expect(offences).toEqual([]);
});

test("nothing in the project knows the machine it was written on", () => {
  const everything = sourceFiles("src", "sim", "test");
  const offences = everything
    .filter(({ text }) => /["'`]\/(?:work|tmp|root|home)\//.test(text))
    .map(({ path }) => path);
  expect(offences).toEqual([]);
});
