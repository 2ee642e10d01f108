import { expect, test } from "vitest";

import { createRunProgress } from "../../../../sim/cli/run.js";

interface Shown {
  readonly bars: string[];
  readonly lines: string[];
  nowMs: number;
}

function watch(onTerminal: boolean): Shown & { readonly progress: ReturnType<typeof createRunProgress> } {
  const shown: Shown = { bars: [], lines: [], nowMs: 0 };
  const err = (text: string): void => void shown.lines.push(text);
  const status = (text: string): void => void shown.bars.push(text);
  const terminal = onTerminal ? { err, status } : { err };
  return Object.assign(shown, { progress: createRunProgress(4, terminal, () => shown.nowMs) });
}

test("a terminal shows a bar with the scenario and its step, ten times a second at most", () => {
  const shown = watch(true);
  shown.progress.begin("lifecycle", 1);
  shown.progress.step("create");
  shown.nowMs = 100;
  shown.progress.result(false);
  shown.progress.begin("recovery", 2);
  shown.nowMs = 200;
  shown.progress.step("crash");
  shown.progress.end();
  const bar = (filled: number): string => `[${"=".repeat(filled)}${" ".repeat(24 - filled)}]`;
  expect(shown.bars).toEqual([
    `${bar(0)} 0 of 4: lifecycle, seed 1`,
    `${bar(6)} 1 of 4, 1 failed: recovery, seed 2`,
    `${bar(6)} 1 of 4, 1 failed: recovery, seed 2, crash`,
    "",
  ]);
});

test("anywhere else a line comes every five seconds at most, and none in the first five", () => {
  const shown = watch(false);
  shown.progress.begin("lifecycle", 1);
  for (const nowMs of [4_000, 6_000, 8_000, 12_000]) {
    shown.nowMs = nowMs;
    shown.progress.step(`at ${nowMs}`);
  }
  shown.progress.end();
  expect(shown.lines).toEqual(["0 of 4: lifecycle, seed 1, at 6000", "0 of 4: lifecycle, seed 1, at 12000"]);
});
