/** Runs test/fixtures/time-outs by Vitest's command, and looks at what its reporters are told. */
import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";

import { beforeAll, expect, test } from "vitest";

interface Outcome {
  readonly title: string;
  readonly status: string;
  readonly failureMessages: readonly string[];
}

const folder = fileURLToPath(new URL("../../../fixtures/time-outs/", import.meta.url));
let outcomes: readonly Outcome[] = [];

beforeAll(async () => {
  const environment = Object.entries(process.env).filter(([name]) => !/^(?:VITEST|PHOENIX_SIM)/.test(name));
  const report = await new Promise<string>((resolve) => {
    const options = { cwd: folder, env: { ...Object.fromEntries(environment), NO_COLOR: "1" } };
    execFile("npx", ["vitest", "run", "--silent", "--reporter=json"], options, (_error, stdout) =>
      resolve(stdout),
    );
  });
  const { testResults } = JSON.parse(report) as {
    testResults: readonly { readonly assertionResults: readonly Outcome[] }[];
  };
  outcomes = testResults.flatMap(({ assertionResults }) => assertionResults);
}, 120_000);

function messageOf(title: string): string {
  const found = outcomes.find((outcome) => outcome.title === title);
  expect(found?.status).toBe("failed");
  return found?.failureMessages.join("\n") ?? "";
}

test("the error of a time-out names what the test waited for, with its line", () => {
  const message = messageOf("waits for a timer that is far away");
  expect(message).toContain("Test timed out in 600ms");
  expect(message).toMatch(/The world had reached \d+ ms of virtual time, and the test waited for:/);
  expect(message).toMatch(
    /a timer of the test: Interval due in \d+ ms \(opened at waiting\.fixture\.ts:\d+\)/,
  );
});

test("where nothing moved time, the error says so and what to write instead", () => {
  for (const title of ["waits for nothing that a world brings", "polls with a timer from before the world"]) {
    const message = messageOf(title);
    expect(message).toContain("stood still, because nothing was awaited that virtual time can bring");
    expect(message).toContain("Await phoenix.until(() => ...)");
  }
});

test("an open socket is named", () => {
  expect(messageOf("waits for a message of an idle socket")).toMatch(
    /Open were:\n {2}- a WebSocket to ws:\/\/gateway:8080\/ws \(opened at waiting\.fixture\.ts:\d+\)/,
  );
});

test("a world that was too late is ended, and the next test has the globals", () => {
  expect(messageOf("runs out of time while its world is built")).toContain(
    "The world was still being built.",
  );
  expect(outcomes.find(({ title }) => title === "has the globals after that")?.status).toBe("passed");
});
