/** Runs the files of test/fixtures/vitest, of which some fail on purpose, as a user would: by Vitest's command. */
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { beforeAll, describe, expect, test } from "vitest";

interface Outcome {
  readonly fullName: string;
  readonly status: "passed" | "failed" | "skipped" | "todo";
  readonly failureMessages: readonly string[];
  readonly meta: { readonly seed?: number };
}

interface Run {
  /** In the order of the files and their tests. */
  readonly outcomes: readonly Outcome[];
  readonly stderr: string;
}

const folder = fileURLToPath(new URL("../../../fixtures/vitest/", import.meta.url));

function environmentOfUser(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(([name]) => !/^(?:VITEST|PHOENIX_SIM)/.test(name));
  return { ...Object.fromEntries(entries), NO_COLOR: "1" };
}

async function runVitest(command: string): Promise<Run> {
  // What an earlier run kept would be tried first.
  rmSync(path.join(folder, ".phoenix-sim"), { recursive: true, force: true });
  const output = mkdtempSync(path.join(tmpdir(), "phoenix-sim-vitest-"));
  try {
    const report = path.join(output, "report.json");
    const reporters = `--reporter=default --reporter=json --outputFile.json='${report}'`;
    const stderr = await new Promise<string>((resolve) => {
      const options = { cwd: folder, env: environmentOfUser() };
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

test("a test that does not name phoenix reaches mocks and this machine, else it is told so by SIM_NO_WORLD", () => {
  const names = ["without a world", "with a world", "after them sockets are as they were"];
  for (const { status, failureMessages } of names.flatMap(outcomesOf))
    expect([status, failureMessages]).toEqual(["passed", []]);
});

describe("a call that nobody awaits", () => {
  test("gives one error, at its own test, and none at the next", () => {
    const tests = outcomesOf("float");
    const failed = tests.filter(({ status }) => status === "failed");
    expect(failed.map(({ failureMessages }) => failureMessages.length)).toEqual(failed.map(() => 1));
    expect(failed).toHaveLength(7);
    for (const { status } of outcomesOf("is not blamed")) expect(status).toBe("passed");
    expect(all.stderr).not.toMatch(/Unhandled (?:Error|Rejection)/);
  });

  test("is shown with its own error when it failed while the test went on", () => {
    const [{ failureMessages } = { failureMessages: [] }] = outcomesOf("fails while the test goes on");
    expect(failureMessages[0]).toMatch(/^ApiError: .*404/);
    expect(failureMessages[0]).toContain("where nobody awaited it");
  });

  test("does not hide why the test failed, nor what broke the world", () => {
    expect(outcomesOf("fails while a call floats")[0]?.failureMessages[0]).toMatch(/^Error: its own reason/);
    const broken = outcomesOf("breaks an invariant while two wait")[0]?.failureMessages ?? [];
    expect([broken.length, broken[0]?.includes("[SIM_INVARIANT]")]).toEqual([1, true]);
  });
});

test("test.explore has the flags, cases, options and fixtures of test", () => {
  const tests = outcomesOf("explored ").filter(({ fullName }) => fullName.startsWith("explored "));
  expect(tests.length).toBeGreaterThan(25);
  for (const { fullName, status, failureMessages } of tests) {
    const expected = fullName.endsWith("must not run") ? "skipped" : "passed";
    if (!fullName.endsWith("to do"))
      expect([fullName, status, failureMessages]).toEqual([fullName, expected, []]);
  }
  const [broken] = outcomesOf("says that its fixture broke");
  expect(broken?.failureMessages[0]).toMatch(
    /^Error: the fixture broke\n\nRun 0 of says that its fixture broke/,
  );
});

describe("whatever a test throws", () => {
  const names = [
    ["an assertion of expect", "AssertionError: expected { a: 1 } to deeply equal { a: 2 }"],
    ["an assertion of Node", "AssertionError [ERR_ASSERTION]: Expected values to be strictly deep-equal:"],
    ["a frozen error", "TypeError: frozen"],
    ["an error with a cause", "Coded: outer"],
    ["an error without a message", "Error:"],
    ["several errors", "Error: one"],
    ["a text", "only a text"],
    ["undefined", "undefined"],
    ["null", "null"],
    ["an object", "503"],
  ] as const;

  test.each(names)("%s keeps its text and stack, and says how to run the test again", (name, text) => {
    const [plain, explored] = ["plain", "explored"].map((how) => outcomesOf(`${how}: ${name}`)[0]);
    const [one = ""] = plain?.failureMessages ?? [];
    const [other = ""] = explored?.failureMessages ?? [];
    expect(one.split("\n")[0]).toContain(text);
    expect(other.split("\n")[0]).toContain(text);
    expect(one).toMatch(/^Run it again: npx phoenix-sim rerun \d+ vitest run thrown/m);
    expect(other).toMatch(/^Token: PHOENIX_SIM_TOKEN=px1\.\S+$/m);
    expect(other).toMatch(/^Run it again: npx phoenix-sim rerun px1\S+ vitest run thrown/m);
    expect(other).toContain("Kept in .phoenix-sim/failures/");
    if (/error|assertion/.test(name))
      expect(`${one}${other}`.match(/thrown\.fixture\.ts:\d+/g)?.length).toBe(4);
  });

  test("and what it catches is as it was", () => {
    expect(outcomesOf("a rejection that is expected")[0]?.status).toBe("passed");
  });
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

/** The commands that bring failures of a run back, from the errors themselves. */
function commandsOf({ outcomes }: Run): readonly string[] {
  return outcomes.flatMap(({ failureMessages }) =>
    failureMessages.flatMap((text) => text.match(/(?<=^Run it again: ).*$/gm) ?? []),
  );
}

/** The command, for the package that is tested here: the sources of this project. */
function here(command: string): string {
  const bin = fileURLToPath(new URL("../../../../sim/cli/bin.ts", import.meta.url));
  const runTs = fileURLToPath(new URL("../../../../tools/run-ts.mjs", import.meta.url));
  expect(command).toMatch(/^npx phoenix-sim rerun /);
  return command.replace("npx phoenix-sim", `node '${runTs}' '${bin}'`);
}

describe("the command in the error of a failing test", () => {
  const commands = (): readonly string[] => commandsOf(all);

  test("is there once for each that failed, and for none that was meant to", () => {
    const failed = all.outcomes.filter(
      ({ status, fullName }) => status === "failed" && !fullName.includes("does not come back"),
    );
    expect(commands()).toHaveLength(failed.length);
    expect(commands().some((line) => line.includes("as expected"))).toBe(false);
  });

  test("is readable where the name is plain", () => {
    expect(commands().join("\n")).toMatch(
      /^npx phoenix-sim rerun \d+ vitest run leaking\.fixture\.ts -t "\^leaves a timer\$"$/m,
    );
  });

  test("runs that test and no other, with its seed, also where the name is full of signs", async () => {
    const name = "a suite's $HOME costs 5 $";
    const command = commands().find((line) => line.includes("HOME")) ?? "";
    const again = await runVitest(here(command).replace(/(?<=rerun )\d+/, "12345"));
    const ran = again.outcomes.filter(({ status }) => status !== "skipped");
    expect(ran.map(({ fullName }) => fullName.slice(0, name.length))).toEqual([name]);
    expect(ran[0]).toMatchObject({ status: "failed", meta: { seed: 12_345 } });
    expect(command).toContain(`rerun ${outcomesOf(name)[0]?.meta.seed} `);
  }, 180_000);
});

describe("kept cases", () => {
  test("pass while their bug is fixed, and where nothing is kept yet", () => {
    const names = ["fixed does not come back", "nothing is kept in test/regressions", "a folder that is not"];
    for (const name of names) expect(outcomesOf(name).map(({ status }) => status)).toEqual(["passed"]);
  });

  test("fail with their story and the command that runs them again when their bug is back", () => {
    const [{ status, failureMessages } = { status: "passed", failureMessages: [] }] =
      outcomesOf("back does not come back");
    expect(status).toBe("failed");
    const text = failureMessages.join("\n");
    expect(text).toContain("[SIM_REGRESSION]");
    expect(text).toContain("injected: ");
    expect(text).toMatch(/npx phoenix-sim replay cases\/two-clients-idempotency-\w+\.json --trace/);
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

  test("fails with the very error of the test, and the minimized story is in it", () => {
    const message = messagesOf("the order of two writes");
    expect(message).toMatch(/^AssertionError: expected 'one' to be 'two'/);
    expect(message).toMatch(/minimized from \d+ to 1 decisions in \d+ runs: throw\/AssertionError/);
    expect(message).toMatch(
      /reordered: of two times PATCH \/api\/v1\/experiments\/\S+ · exploring\.fixture\.ts:\d+ at gateway-0 the later ran first/,
    );
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
    const command = commandsOf(all).find((line) => line.includes("rerun px1.the-order"));
    expect(command).toMatch(
      / vitest run exploring\.fixture\.ts -t "\^the order of two writes is not certain\$"$/,
    );
    const again = await runVitest(here(command ?? "").replace('"^the order', '"every run|^the order'));
    const ran = again.outcomes.filter(({ status }) => status !== "skipped");
    expect(ran.map(({ status }) => status)).toEqual(["failed", "failed"]);
    expect(ran[0]?.failureMessages.join("\n")).toContain("[SIM_TOKEN_INVALID]");
    expect(ran[1]?.failureMessages.join("\n")).toContain("expected 'one' to be 'two'");
    expect(ran[1]?.failureMessages.join("\n")).toContain("The run of the token fails as it did");
  }, 180_000);
});

describe("every reporter shows how to run a failed test again, and the story of an explored one", () => {
  const seed = /npx phoenix-sim rerun \d+ vitest run leaking\.fixture\.ts -t/;
  const token = /npx phoenix-sim rerun px1\.the-order\S+ vitest run exploring\.fixture\.ts -t/;
  const story = /reordered: of two times PATCH .* at gateway-0 the later ran first/;

  // One run for all: they print among each other, two into files.
  test("under --silent, too", async () => {
    rmSync(path.join(folder, ".phoenix-sim"), { recursive: true, force: true });
    const output = mkdtempSync(path.join(tmpdir(), "phoenix-sim-reporters-"));
    const printing = ["default", "verbose", "dot", "tap", "tap-flat", "github-actions"];
    const writing = ["json", "junit"];
    const reporters = [...printing, ...writing].map((name) => `--reporter=${name}`);
    const files = writing.map((name) => `--outputFile.${name}='${path.join(output, name)}'`);
    const command = `npx vitest run leaking exploring -t 'leaves a timer|the order' --silent`;
    const printed = await new Promise<string>((resolve) => {
      const options = { cwd: folder, env: { ...environmentOfUser(), GITHUB_ACTIONS: "true" } };
      execFile("sh", ["-c", [command, ...reporters, ...files].join(" ")], options, (_error, stdout, stderr) =>
        resolve(stdout + stderr),
      );
    });
    // What GitHub and XML write for signs of their own.
    const plain = (text: string): string =>
      text.replaceAll("%0A", "\n").replaceAll("%3A", ":").replaceAll("&quot;", '"');
    for (const sign of [seed, token, story]) {
      const count = plain(printed).match(new RegExp(sign, "g"))?.length ?? 0;
      expect(count).toBeGreaterThanOrEqual(printing.length);
      for (const name of writing) expect(plain(readFileSync(path.join(output, name), "utf8"))).toMatch(sign);
    }
    rmSync(output, { recursive: true, force: true });
  }, 120_000);
});
