import { expect, test } from "vitest";

import { type ProcessParts, processTerminal } from "../../../../sim/cli/terminal.js";
import { reportProgress } from "../../../../sim/cli/explore.js";

interface Screen extends ProcessParts {
  readonly written: string[];
}

function screen(isTTY: boolean, env: Readonly<Record<string, string>> = {}): Screen {
  const written: string[] = [];
  const output = { isTTY, columns: 60, write: (text: string) => written.push(text) };
  return { stdout: output, stderr: output, env, onInterrupt: () => {}, written };
}

const at = (runs: number, elapsedMs: number, runsMax = 200) => ({
  runs,
  runsMax,
  findings: 1,
  covered: 40,
  elapsedMs,
});

test("a terminal shows a bar that is written over, ten times a second at most, and cut to its width", () => {
  const parts = screen(true);
  const report = reportProgress("two-clients", processTerminal(parts));
  report(at(1, 20));
  report(at(20, 60));
  report(at(100, 2_000));
  expect(parts.written).toHaveLength(2);
  expect(parts.written[1]).toContain(`two-clients [${"=".repeat(12)}${" ".repeat(12)}] 100 of 200 runs`);
  expect(parts.written.every((text) => text.length <= 60 + 4)).toBe(true);
});

test("whatever else is written takes the bar away first", () => {
  const parts = screen(true);
  const terminal = processTerminal(parts);
  terminal.out("before");
  reportProgress("two-clients", terminal)(at(1, 200));
  terminal.err("a warning");
  terminal.out("data");
  expect([parts.written[0], ...parts.written.slice(2)]).toEqual([
    "before\n",
    "\r\u001B[2K",
    "a warning\n",
    "data\n",
  ]);
});

test.each([
  ["a pipe", screen(false)],
  ["a CI with a terminal", screen(true, { CI: "true" })],
  ["a dumb terminal", screen(true, { TERM: "dumb" })],
])("%s gets a line every five seconds instead", (_, parts) => {
  const report = reportProgress("two-clients", processTerminal(parts));
  for (const elapsedMs of [100, 4_000, 6_000, 8_000, 12_000]) report(at(elapsedMs / 100, elapsedMs));
  expect(parts.written).toEqual([
    "two-clients: 60 of 200 runs, 10.0 a second, 1 findings, 40 pairs covered\n",
    "two-clients: 120 of 200 runs, 10.0 a second, 1 findings, 40 pairs covered\n",
  ]);
});

test("without an end there is no bar, only how far it is", () => {
  const parts = screen(true);
  reportProgress("x", processTerminal(parts))(at(1, 200, Infinity));
  expect(parts.written).toEqual(["\r\u001B[2Kx 1 runs, 5.0 a second, 1 findings, 40 pairs covered"]);
});
