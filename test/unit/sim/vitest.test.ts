/** Runs the files of test/fixtures/vitest, of which some fail on purpose, as a user would: by Vitest's command. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { beforeAll, describe, expect, test } from "vitest";

interface Outcome {
  readonly fullName: string;
  readonly status: "passed" | "failed" | "skipped";
  readonly failureMessages: readonly string[];
  readonly meta: { readonly seed?: number };
}

interface Run {
  /** In the order of the files and their tests. */
  readonly outcomes: readonly Outcome[];
  readonly stderr: string;
}

const folder = fileURLToPath(new URL("../../fixtures/vitest/", import.meta.url));

async function runVitest(command: string): Promise<Run> {
  const output = mkdtempSync(path.join(tmpdir(), "phoenix-sim-vitest-"));
  try {
    const report = path.join(output, "report.json");
    const reporters = `--reporter=default --reporter=json --outputFile.json='${report}'`;
    const environment = Object.entries(process.env).filter(([name]) => !/^(?:VITEST|PHOENIX_SIM)/.test(name));
    const stderr = await new Promise<string>((resolve) => {
      const options = { cwd: folder, env: { ...Object.fromEntries(environment), NO_COLOR: "1" } };
      execFile("sh", ["-c", `${command} ${reporters}`], options, (_error, _stdout, text) => resolve(text));
    });
    const { testResults } = JSON.parse(readFileSync(report, "utf8")) as {
      testResults: readonly { assertionResults: readonly Outcome[] }[];
    };
    return { outcomes: testResults.flatMap(({ assertionResults }) => assertionResults), stderr };
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

let all: Run;

beforeAll(async () => {
  all = await runVitest("npx vitest run");
}, 180_000);

function outcomesOf(name: string): readonly Outcome[] {
  const found = all.outcomes.filter(({ fullName }) => fullName.includes(name));
  expect(
    found.length,
    `${name} is among ${all.outcomes.map(({ fullName }) => fullName).join(", ")}`,
  ).toBeGreaterThan(0);
  return found;
}

test.each([
  "plain code reaches the world",
  "takes options of its own",
  "has the options of the describe",
  "has the options of the file again",
  "serves fixtures of the user's own",
  "a test without globals",
  "fails as expected",
  "every run has a world of its own",
  "each run had another seed",
  "is meant to fail",
  "options that do not exist are refused",
])("a test passes that %s", (name) => {
  for (const { status, failureMessages } of outcomesOf(name))
    expect([status, failureMessages]).toEqual(["passed", []]);
});

test("the seed comes from the name of a test, wherever it stands, unless its options give one", () => {
  const [one, same] = outcomesOf("plain code reaches the world").map(({ meta }) => meta.seed);
  expect(one).toBeTypeOf("number");
  expect(same).toBe(one);
  expect(outcomesOf("takes options of its own")[0]?.meta.seed).not.toBe(one);
  expect(outcomesOf("keeps a seed of its own")[0]?.meta.seed).toBe(7);
});

test.each([
  ["leaves a timer", "a timer of the test: Timeout due in 60000 ms"],
  ["leaves a request", "a wait for fetch GET http://gateway:8080/health"],
  ["leaves a socket", "a WebSocket to ws://gateway:8080/ws"],
  ["leaves a wait", "a wait for a train"],
])("a test that %s fails, and is told what it left open", (name, what) => {
  for (const { status, failureMessages } of outcomesOf(name)) {
    expect(status).toBe("failed");
    expect(failureMessages.join("\n")).toContain(what);
    expect(failureMessages.join("\n")).toContain("[SIM_LEFT_OPEN]");
  }
});

test("a test that fails is not also blamed for what it left open", () => {
  const [{ failureMessages } = { failureMessages: [] }] = outcomesOf("throws while a fetch is pending");
  expect(failureMessages.join("\n")).toContain("thrown by the test");
  expect(failureMessages.join("\n")).not.toContain("SIM_LEFT_OPEN");
});

test.each([
  "the process's own after a test that failed",
  "the process's own after a test that threw",
  "the process's own after a test that ran out of time",
  "the process has its own timers again",
  "the process has its own timers after an exploration that ran out of time",
])("globals are restored: %s", (name) => {
  expect(outcomesOf(name).map(({ status }) => status)).toEqual(["passed"]);
});

describe("the command that a failing test prints", () => {
  const commands = (): readonly string[] =>
    all.stderr.split("\n").filter((line) => line.startsWith("Again: "));

  test("is there once for each that failed, and for none that was meant to", () => {
    const failed = all.outcomes.filter(
      ({ status, fullName }) => status === "failed" && !fullName.includes("does not come back"),
    );
    expect(commands()).toHaveLength(failed.length);
    expect(commands().some((line) => line.includes("as expected"))).toBe(false);
  });

  test("is readable where the name is plain", () => {
    expect(commands().join("\n")).toMatch(
      /^Again: PHOENIX_SIM_SEED=\d+ npx vitest run leaking\.fixture\.ts -t '\^leaves a timer\$'$/m,
    );
  });

  test("runs that test and no other, with its seed, also where the name is full of signs", async () => {
    const name = "a suite's $HOME costs 5 $";
    const command =
      commands()
        .find((line) => line.includes("HOME"))
        ?.replace("Again: ", "") ?? "";
    const again = await runVitest(command.replace(/(?<==)\d+/, "12345"));
    const ran = again.outcomes.filter(({ status }) => status !== "skipped");
    expect(ran.map(({ fullName }) => fullName.slice(0, name.length))).toEqual([name]);
    expect(ran[0]).toMatchObject({ status: "failed", meta: { seed: 12_345 } });
    expect(command).toContain(`PHOENIX_SIM_SEED=${outcomesOf(name)[0]?.meta.seed} `);
  }, 180_000);
});

describe("kept cases", () => {
  test("pass while their bug is mended, and where nothing is kept yet", () => {
    const names = [
      "mended does not come back",
      "nothing is kept in test/regressions",
      "a folder that is not",
    ];
    for (const name of names) expect(outcomesOf(name).map(({ status }) => status)).toEqual(["passed"]);
  });

  test("fail with their story and the command that runs them again when their bug is back", () => {
    const [{ status, failureMessages } = { status: "passed", failureMessages: [] }] =
      outcomesOf("back does not come back");
    expect(status).toBe("failed");
    const text = failureMessages.join("\n");
    expect(text).toContain("[SIM_REGRESSION]");
    expect(text).toContain("the fault strikes: ");
    expect(text).toMatch(/npx phoenix-sim replay cases\/two-clients-one-effect-per-key-\w+\.json --trace/);
  });

  test("say on stderr that the code has changed since they were recorded", () => {
    expect(all.stderr).toMatch(/changed\/\S+\.json goes well\. 1 of 2 recorded answers were never asked for/);
  });

  test("are not passed over when they are damaged", () => {
    const [{ failureMessages } = { failureMessages: [] }] = outcomesOf(
      "damaged does not come back: half-a-case",
    );
    expect(failureMessages.join("\n")).toContain("[SIM_CASE_INVALID]");
  });
});

describe("an exploration", () => {
  const messagesOf = (name: string): string => {
    const [{ status, failureMessages } = { status: "passed", failureMessages: [] }] = outcomesOf(name);
    expect(status).toBe("failed");
    return failureMessages.join("\n");
  };

  test("fails with the very error of the test, and tells the shrunk story", () => {
    expect(messagesOf("the order of two writes")).toContain("expected 'one' to be 'two'");
    expect(all.stderr).toMatch(/shrunk from \d+ to 1 deviations in \d+ runs: throw\/AssertionError/);
    expect(all.stderr).toContain("out of order: number 1 goes before gateway-0/PATCH");
  });

  test("watches the invariants of the platform", () => {
    expect(messagesOf("a doubled request has one effect")).toContain("[SIM_INVARIANT]");
  });

  test("finds a test that is not deterministic", () => {
    expect(messagesOf("knows what other runs did")).toContain("[SIM_NOT_DETERMINISTIC]");
  });

  test("fails when what should come true in some run came true in none", () => {
    expect(messagesOf("waits for what never comes true")).toContain("[SIM_NEVER_REACHED]");
    expect(messagesOf("waits for what never comes true")).toContain("it snows");
  });

  test("prints a command that runs the one shrunk world again, and no other test's", async () => {
    const line = all.stderr
      .split("\n")
      .find((text) => text.startsWith("Again: PHOENIX_SIM_TOKEN=px1.the-order"));
    expect(line).toMatch(
      / npx vitest run exploring\.fixture\.ts -t '\^the order of two writes is not certain\$'$/,
    );
    const command = (line ?? "").replace("Again: ", "").replace("'^the order", "'every run|^the order");
    const again = await runVitest(command);
    const ran = again.outcomes.filter(({ status }) => status !== "skipped");
    expect(ran.map(({ status }) => status)).toEqual(["failed", "failed"]);
    expect(ran[0]?.failureMessages.join("\n")).toContain("[SIM_TOKEN_INVALID]");
    expect(ran[1]?.failureMessages.join("\n")).toContain("expected 'one' to be 'two'");
    expect(again.stderr).toContain("The run of the token fails as it did");
  }, 180_000);
});
