import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { expect, test } from "vitest";

import { didYouMean, shellWord } from "../../../../sim/shared/text.js";

test("a plain word stays as it is, any other is quoted", () => {
  expect(shellWord("test/scenarios/some-file.test.ts")).toBe("test/scenarios/some-file.test.ts");
  expect(shellWord("two words")).toBe("'two words'");
  expect(shellWord("it's $5")).toBe(`'it'\\''s $5'`);
  expect(shellWord("")).toBe("''");
});

test("a shell reads any text as the one word that it was", () => {
  // One shell for many texts: starting it is what takes time.
  const texts = fc.sample(fc.string({ unit: "binary-ascii" }), 200).map((text) => text.replaceAll("\0", ""));
  const script = texts.map((text) => `printf '%s\\0' ${shellWord(text)}`).join("\n");
  expect(execFileSync("sh", { input: script, encoding: "utf8" }).split("\0").slice(0, -1)).toEqual(texts);
});

test("the nearest name is the one with the fewest letters changed, or one that holds the text", () => {
  const hint = 'Did you mean "running"? There are: running, pending.';
  expect(didYouMean("runing", ["running", "pending"])).toBe(hint);
  expect(didYouMean("unn", ["running", "pending"])).toBe(hint);
});

test("where no name is near, none is suggested", () => {
  expect(didYouMean("lifecycle", ["swarm", "calm"])).toBe("There are: swarm, calm.");
  expect(didYouMean("x", ["swarm", "calm"], ["many"])).toBe("There are: many.");
});
