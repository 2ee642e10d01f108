/** The command line with a world of the user's own, that leaks. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";

import { runUntil } from "../unit/sim/cli/captured-terminal.js";
import { tempFolder } from "../unit/sim/scenarios/history/temp-folder.js";

// Nobody presses Ctrl-C.
async function run(...args: readonly string[]): Promise<Awaited<ReturnType<typeof runUntil>>> {
  return runUntil(async () => new Promise(() => {}), ...args);
}

beforeEach(() => {
  const before = process.cwd();
  process.chdir(tempFolder());
  return () => process.chdir(before);
});

const scenarios = `
export const scenarios = [{
  name: "asking", summary: "", deadline: "10m", world: { nodes: 1 },
  async run({ phoenix, check }) {
    const reply = await phoenix.fetch(phoenix.url + "/moment");
    check.ok((await reply.text()) !== "wrong", "a right answer");
  },
}];`;

function write(before: string, answer: string): string {
  writeFileSync(
    "own.mjs",
    `${before}
export const world = { platform: { gateway: { handler: (inner) => async (request) => {
  if (!request.url.endsWith("/moment")) return inner(request);
  const text = await (async () => ${answer})();
  return { status: 404, headers: {}, body: String(text) };
} } } };${scenarios}`,
  );
  return join(".", "own.mjs");
}

const calm = ["--profile", "calm", "--runs", "1"] as const;

test.each([
  ["const now = Date.now;", "now()", "Date.now at own.mjs:4"],
  ["const { random } = Math;", "random()", "Math.random at own.mjs:4"],
  ['import { randomUUID } from "node:crypto";', "randomUUID()", "crypto.randomUUID at own.mjs:4"],
  ["const later = setTimeout;", "new Promise((done) => later(done, 1))", "setTimeout at own.mjs:4"],
  ["let count = 0;", "(count += 1)", "state kept from one run to the next"],
])("with %s and %s it ends with 3 and names the culprit", async (before, answer, culprit) => {
  const { code, err } = await run("explore", "asking", "--world", write(before, answer), ...calm);
  expect([code, err]).toEqual([3, expect.stringContaining(`Likely culprits:\n  ${culprit}`)]);
});

test("a file that a part of the world reads makes no two runs differ: time stands still meanwhile", async () => {
  const file = write('import { readFile } from "node:fs/promises";', 'readFile("own.mjs")');
  const { code, err } = await run("explore", "asking", "--world", file, ...calm);
  expect([code, err]).toEqual([
    0,
    expect.stringContaining("without effect on the run: fs/promises.readFile at own.mjs:4"),
  ]);
});

test("a world without a leak ends with 0, and one that uses what makes no difference says so", async () => {
  const file = write("", "Math.random() < 2");
  const { code, err } = await run("explore", "asking", "--world", file, ...calm);
  expect([code, err]).toEqual([
    0,
    expect.stringContaining("without effect on the run: Math.random at own.mjs:4"),
  ]);
});

test("what is found in a world of one's own is brought back with it", async () => {
  const file = write("", '"wrong"');
  const found = await run("explore", "asking", "--world", file, ...calm);
  expect(found.code).toBe(1);
  const [, again = ""] = /Again: {2}npx phoenix-sim (replay .*)/.exec(found.out) ?? [];
  expect(again).toMatch(/ --world own\.mjs$/);
  const replayed = await run(...again.split(" "));
  expect([replayed.code, replayed.out]).toEqual([1, expect.stringContaining("assertion/SIM_ASSERTION")]);
});

test.each([
  ["export const nothing = 1;", "exports neither world nor scenarios"],
  ["export const world = 1;", "exports 1 as its world"],
  ["export default {}; export const scenarios = {};", "as its scenarios"],
  ["throw new Error('broken');", "Cannot load bad.mjs: broken"],
  ["export const world = { node: 1 };", 'Did you mean "nodes"?'],
  [
    'export const scenarios = [{ name: "x", run() {} }];',
    'The scenario "x" of bad.mjs says nothing of its world',
  ],
  [
    'export const scenarios = [{ name: "x", world: {} }];',
    'The scenario "x" of bad.mjs has no function `run`',
  ],
  ["export const scenarios = [{ world: {} }];", "bad.mjs exports a scenario whose name is missing"],
])("a module that says %s is wrong usage", async (text, message) => {
  const file = `bad.mjs`;
  writeFileSync(file, text);
  const { code, err } = await run("explore", "--world", file, ...calm);
  expect([code, err]).toEqual([2, expect.stringContaining(message)]);
});

test("a module that is not there is wrong usage", async () => {
  const { code, err } = await run("explore", "--world", "none.mjs");
  expect([code, err]).toEqual([2, expect.stringContaining("There is no module none.mjs.")]);
});
