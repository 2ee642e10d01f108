/**
 * A suite that knew nothing of phoenix-sim: msw for third parties, supertest, axios with time-outs, BullMQ, socket.io,
 * `vi.waitFor` and fake timers of its own. Half of its tests got a world; the other half was not changed.
 */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

import { expect, test } from "vitest";

const folder = fileURLToPath(new URL("../../../fixtures/existing-suite/", import.meta.url));

interface Report {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly assertionResults: readonly {
      readonly fullName: string;
      readonly failureMessages: readonly string[];
    }[];
  }[];
}

async function runSuite(environment: NodeJS.ProcessEnv, ...args: readonly string[]): Promise<Report> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(?:VITEST|PHOENIX_SIM)/.test(name));
  const env = { ...Object.fromEntries(inherited), ...environment };
  const stdout = await new Promise<string>((resolve) => {
    const options = { cwd: folder, env, maxBuffer: 1 << 26 };
    execFile("npx", ["vitest", "run", "--reporter=json", ...args], options, (_error, text) => resolve(text));
  });
  return JSON.parse(stdout.slice(stdout.indexOf("{"))) as Report;
}

function failuresOf({ testResults }: Report): readonly (readonly [string, readonly string[]])[] {
  return testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ failureMessages }) => failureMessages.length > 0)
    .map(({ fullName, failureMessages }) => [fullName, failureMessages]);
}

test("half of the suite passes as it was before, with Vitest's own test", async () => {
  const report = await runSuite({ AS_BEFORE: "1" }, "-t", "^(?!.*in a world)");
  expect(failuresOf(report)).toEqual([]);
  expect(report.numPassedTests).toBe(10);
});

test("the whole suite passes when the other half has worlds", async () => {
  const report = await runSuite({});
  expect(failuresOf(report)).toEqual([]);
  expect(report.numPassedTests).toBe(20);
});
