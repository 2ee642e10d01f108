/** The command that runs a test again is read alike by every shell; the ones of this machine are asked. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";

import { namePatternOf, rerunCommand } from "../../../../sim/explore/test-runners.js";

const names = [
  "plain words",
  'costs 5 $ (or "more") [a|b] `c` \\ d',
  "$HOME, ${PATH}, %PATH% and $(id)",
  "it's 100 % of * and ? and +",
  "umlauts: äöü, and 漢字",
  "{braces} ^caret !bang ~tilde #hash & <angle> ; semicolon",
  "two\tof\nthem",
];

test.each(names)("the pattern of %j matches that name", (name) => {
  expect(name).toMatch(new RegExp(`^${namePatternOf(name)}$`));
});

test.each(names)("sh hands the pattern of %j on as it is", (name) => {
  const command = rerunCommand(7, "vitest", { file: "a.test.ts", namePattern: namePatternOf(name) });
  const [, words = ""] = /^npx phoenix-sim (.*)$/s.exec(command) ?? [];
  const printed = execFileSync("sh", ["-c", `printf '%s\\0' ${words}`], { encoding: "utf8" });
  const seen = ["rerun", "7", "vitest", "run", "a.test.ts", "-t", `^${namePatternOf(name)}$`];
  expect(printed.split("\0").slice(0, -1)).toEqual(seen);
});

test.each(names)(
  "nothing in the pattern of %j is replaced by cmd or PowerShell between double quotes",
  (name) => {
    // In cmd: % and "; in PowerShell: $, ` and ". A $ before the closing quote is one in both.
    expect(namePatternOf(name)).not.toMatch(/["%`$]/);
  },
);

test("each runner gets the file and the name as it takes them", () => {
  const place = { file: "test/order.test.js", namePattern: "the order" };
  const of = (runner: "jest" | "node" | "bun" | "deno"): string => rerunCommand("px1.a~b.c", runner, place);
  expect(of("jest")).toBe('npx phoenix-sim rerun px1.a~b.c jest test/order.test.js -t "the order"');
  expect(of("node")).toBe(
    'npx phoenix-sim rerun px1.a~b.c node --test --test-name-pattern "the order" test/order.test.js',
  );
  expect(of("bun")).toBe('npx phoenix-sim rerun px1.a~b.c bun test test/order.test.js -t "the order"');
  expect(of("deno")).toBe("npx phoenix-sim rerun px1.a~b.c deno test -A test/order.test.js");
  expect(rerunCommand(7, "node", { file: undefined, namePattern: undefined })).toBe(
    "npx phoenix-sim rerun 7 node --test",
  );
});

test("a file is quoted where it must be, and cut where no shell would hand it on", () => {
  const of = (file: string): string => rerunCommand(1, "vitest", { file, namePattern: "x" });
  expect(of("a b/c.test.ts")).toContain(' "a b/c.test.ts" -t');
  expect(of("a/$b/c.test.ts")).toContain(" b/c.test.ts -t");
});
