import { expect, test } from "vitest";

import { installLeakWatch } from "../../sim/explore/determinism/index.js";
import { differenceError, formatDifference } from "../../sim/explore/index.js";
import { leaks } from "./leaks.js";
import { explore, leaky } from "./leaky-run.js";

test.each(leaks.map(({ says, leak, isAwaited }) => [says, String(leak), leak, isAwaited === true] as const))(
  "%s is what the report says of %s",
  async (says, _, leak, isAwaited) => {
    const { differences, benign } = await explore(leaky(leak));
    if (isAwaited) expect(differences).toEqual([]);
    // What a client of Node's uses besides is named, too.
    const named = isAwaited ? benign.filter((use) => use.startsWith(says)) : differences[0]?.suspects;
    const [culprit = "no difference"] = named ?? [];
    expect(culprit.slice(0, says.length)).toBe(says);
    if (says.endsWith(" at")) expect(culprit).toMatch(/ at test\/leaks\/leaks\.ts:\d+$/);
  },
);

test("what a module kept before the world began is named where the watch came first", async () => {
  const watch = installLeakWatch();
  try {
    const { keptLeaks } = await import("./kept.js");
    for (const [leak, culprit] of [
      [keptLeaks.now, "Date.now at test/leaks/kept.ts:6"],
      [keptLeaks.random, "Math.random at test/leaks/kept.ts:6"],
    ] as const) {
      const { differences } = await explore(leaky(leak));
      expect(differences[0]?.suspects).toEqual([culprit]);
    }
  } finally {
    watch.uninstall();
  }
});

test("the report shows both events side by side with what they carried, and the error has its code", async () => {
  const [difference] = (await explore(leaky(() => Math.random()))).differences;
  if (difference === undefined) throw new Error("No difference was found.");
  const text = formatDifference(difference);
  expect(text).toMatch(/^Two runs of seed \d+ differ at step \d+:\n(?: {4}both .*\n)+/);
  expect(text).toMatch(
    /\n {4}first .* client +message +GET \/moment\/reply {2}\{"moment":0\.\d+\}\n {4}second .*\{"moment":0\.\d+\}\n/,
  );
  expect(text).toMatch(/\nLikely culprits:\n {2}Math\.random at test\/leaks\/leaks\.test\.ts:\d+$/);
  expect(differenceError(difference)).toMatchObject({ code: "SIM_NOT_DETERMINISTIC" });
});

test("a use that makes no difference is told, and is none", async () => {
  const report = await explore(leaky(() => Math.random() < 2));
  expect(report.differences).toEqual([]);
  expect(report.benign).toEqual([
    expect.stringMatching(/^Math\.random at test\/leaks\/leaks\.test\.ts:\d+$/),
  ]);
});

test("what depends on the collection of garbage is noticed", async () => {
  const { benign } = await explore(leaky(() => new WeakRef({}).deref() === undefined));
  expect(benign).toEqual([expect.stringMatching(/^WeakRef at test\/leaks\/leaks\.test\.ts:\d+$/)]);
});

test("a world as it is uses nothing of the process", async () => {
  const report = await explore({});
  expect([report.differences, report.benign]).toEqual([[], []]);
});
