import { expect, test } from "vitest";

import { sourceFiles } from "./source-files.js";

const files = sourceFiles("src", "sim");
const shipped = files.filter(({ path }) => !path.endsWith("/index.ts"));

test("every module opens by saying what it is", () => {
  const silent = files.filter(({ text }) => !/^(?:#!.*\n)?\/\*\*/.test(text)).map(({ path }) => path);
  expect(silent).toEqual([]);
});

test("services and the world take time and randomness from arguments only", () => {
  const globals =
    /\b(?:Date\.now\(|new Date\(\)|Math\.random\(|randomUUID\(|setTimeout\(|setInterval\(|process\.env)/;
  const exempt =
    /^(?:src\/(?:adapters|bin)\/|sim\/(?:cli|vitest|world\/edges|explore\/determinism)\/|sim\/explore\/test-runners\.)/;
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
