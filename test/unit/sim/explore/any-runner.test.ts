/** `explore` without Vitest's fixtures: what every runner's tests may call. */
import { execFile } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { type Phoenix, SimError, explore } from "phoenix-sim";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const before = process.cwd();
let folder = "";

// Failures are kept below the current folder.
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), "phoenix-sim-explore-"));
  process.chdir(folder);
});

afterEach(() => {
  vi.unstubAllEnvs();
  process.chdir(before);
  rmSync(folder, { recursive: true, force: true });
});

async function twoWrites({ phoenix }: { readonly phoenix: Phoenix }): Promise<void> {
  const { id } = await phoenix.client.createExperiment({ name: "first" });
  const rename = async (name: string): Promise<unknown> =>
    phoenix.client.call("PATCH", `/api/v1/experiments/${id}`, { body: { name } });
  await Promise.all([rename("one"), rename("two")]);
  expect((await phoenix.client.getExperiment(id)).name).toBe("two");
}

async function errorOf(work: Promise<unknown>): Promise<Error> {
  return work.then(
    () => new Error("it passed"),
    (error: unknown) => error as Error,
  );
}

const tokenIn = ({ message }: Error): string => /rerun (px1\S+)/.exec(message)?.[1] ?? "none";

test("what passes is reported, and the seed decides all runs", async () => {
  const seeds: number[] = [];
  const body = ({ phoenix }: { readonly phoenix: Phoenix }): void => void seeds.push(phoenix.seed);
  const report = await explore({ name: "passes", runs: 4, seed: 7 }, body);
  expect(report).toMatchObject({ runs: 4, seed: 7 });
  const first = seeds.splice(0);
  await explore({ name: "another name", runs: 4, seed: 7 }, body);
  expect(seeds).toEqual(first);
});

describe("what fails", () => {
  test("throws its own error, with the story and the command that runs it again", async () => {
    const error = await errorOf(explore({ name: "two writes", runs: 50 }, twoWrites));
    expect(error.name).toBe("AssertionError");
    expect(error).toMatchObject({ actual: "one", expected: "two" });
    expect(error.message).toMatch(/minimized from \d+ to 1 decisions/);
    expect(error.message).toMatch(/reordered: .+ ran (?:before|first)/);
    expect(error.message).toMatch(
      /npx phoenix-sim rerun px1\.two-writes\S+ vitest run \S+ -t "\^two writes\$"$/,
    );
    expect(error.stack).toContain(error.message);
  });

  test("comes again by its token, and by an example of any name", async () => {
    const token = tokenIn(await errorOf(explore({ name: "two writes", runs: 50 }, twoWrites)));
    rmSync(".phoenix-sim", { recursive: true });
    vi.stubEnv("PHOENIX_SIM_TOKEN", token);
    const again = await errorOf(explore({ name: "two writes" }, twoWrites));
    expect(again.message).toContain("The run of the token fails as it did:");
    await expect(explore({ name: "others" }, twoWrites)).rejects.toMatchObject({ code: "SIM_TOKEN_INVALID" });
    vi.unstubAllEnvs();
    const example = await errorOf(explore({ name: "renamed", runs: 1, examples: [token] }, twoWrites));
    expect(example.message).toMatch(/^expected 'one' to be 'two'.*\n\nExample 1 of renamed fails; minimized/);
  });

  test("is kept, and tried first in the next run until it is fixed", async () => {
    await errorOf(explore({ name: "two writes", runs: 50 }, twoWrites));
    expect(readdirSync(".phoenix-sim/failures")).toEqual([
      expect.stringMatching(/^two-writes-assertionerror-\w+\.json$/),
    ]);
    let runs = 0;
    const counted = async (context: { readonly phoenix: Phoenix }): Promise<void> => {
      runs += 1;
      await twoWrites(context);
    };
    const next = await errorOf(explore({ name: "two writes", runs: 50, shrinkRuns: 0 }, counted));
    expect(next.message).toContain("was kept in .phoenix-sim/failures comes again");
    // Once to see it fail, once to tell of it.
    expect(runs).toBe(2);
    expect((await explore({ name: "two writes", runs: 2 }, () => {})).runs).toBe(2);
  });

  test("passes where the code was fixed since the token was made", async () => {
    const token = tokenIn(await errorOf(explore({ name: "two writes", runs: 50 }, twoWrites)));
    vi.stubEnv("PHOENIX_SIM_TOKEN", token);
    const warn = vi.spyOn(console, "warn").mockImplementation(() => {});
    expect(await explore({ name: "two writes" }, () => {})).toMatchObject({ runs: 1 });
    expect(warn.mock.calls.join("\n")).toContain("The recorded failure no longer occurs; this run passed.");
    warn.mockRestore();
  });
});

test("explorations that run at the same time take turns, also with the globals", async () => {
  let [now, most] = [0, 0];
  const body = async ({ phoenix }: { readonly phoenix: Phoenix }): Promise<void> => {
    now += 1;
    most = Math.max(most, now);
    expect((await fetch(`${phoenix.url}/health`)).status).toBe(200);
    now -= 1;
  };
  const options = { runs: 3, world: { globals: true } };
  await Promise.all(["one", "two", "three"].map(async (name) => explore({ name, ...options }, body)));
  expect(most).toBe(1);
});

test("a signal ends it", async () => {
  const stop = new AbortController();
  const work = explore({ name: "stopped", runs: 1000, signal: stop.signal }, () => stop.abort());
  await work.catch(() => {});
  await expect(
    explore({ name: "never begun", runs: 5, signal: AbortSignal.abort() }, () => {}),
  ).rejects.toThrow("aborted");
});

test.each([
  [{ run: 3 }, /has no option "run".*Did you mean "runs"/s],
  [{ strategy: "luck" }, /SIM_STRATEGY_UNKNOWN/],
  [{ faults: "none-such" }, /SIM_PROFILE_UNKNOWN/],
  [{ examples: ["px1.nothing"] }, /SIM_TOKEN_INVALID/],
  [{ world: { nodes: 0 } }, /SIM_OPTION_INVALID/],
])("%j is refused, without a word on running it again", async (options, message) => {
  const error = await errorOf(explore(options as object, () => {}));
  expect(error).toBeInstanceOf(SimError);
  expect(error.message).toMatch(message);
  expect(error.message).not.toContain("Run it again");
});

test("what is no function is refused", async () => {
  await expect(explore({}, undefined as never)).rejects.toThrow(/SIM_OPTION_INVALID/);
});

test("node:test shows the story, and blames no other test", async () => {
  const environment = Object.entries(process.env).filter(
    ([name]) => !/^(?:VITEST|PHOENIX_SIM|NODE_TEST|NODE_OPTIONS)/.test(name),
  );
  const printed = await new Promise<string>((resolve) => {
    // Which reporter is the default depends on the version of Node.
    const args = [
      "--test-reporter=tap",
      path.join(root, "tools/run-ts.mjs"),
      path.join(root, "test/fixtures/runners/order.fixture.ts"),
    ];
    const options = { cwd: folder, env: Object.fromEntries(environment) };
    execFile(process.execPath, args, options, (_error, stdout) => resolve(stdout));
  });
  const ends = [...printed.matchAll(/^(ok|not ok) \d+ - (.*)$/gm)].map(([, end, name]) => `${end}: ${name}`);
  expect(ends).toEqual([
    "ok: ids are unique",
    "not ok: the order of two writes is not certain",
    "ok: a floating call is not blamed on the next test",
    "ok: the next test",
  ]);
  expect(printed).toMatch(/reordered: of two times PATCH .* at gateway-0 the later ran first/);
  expect(printed).toMatch(
    /npx phoenix-sim rerun px1\S+ node --test --test-name-pattern "the order of two writes is not certain"/,
  );
}, 60_000);
