/** The command line as a process: pipes that close, full disks, and signals. */
import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";

import { type BundledCommand, bundleCommand } from "../../../support/bundled-command.js";
import { tempFolder } from "../scenarios/history/temp-folder.js";

/** It takes about a second; machines are shared, and what is not stopped would take minutes. */
const soonMs = 15_000;

let command: BundledCommand;
let folder = "";

beforeAll(async () => {
  command = await bundleCommand();
});

afterAll(() => command.remove());

beforeEach(() => {
  folder = tempFolder();
  writeFileSync(join(folder, "own.mjs"), own);
});

/** One scenario that fails at once, one that is over at once, a careless one, two that wait in vain, a busy one. */
const own = `
import { once } from "node:events";
import net from "node:net";
const scenario = (name, run, world = {}) => ({ name, summary: "is " + name, world, run });
export const scenarios = [
  scenario("failing", async () => { throw new Error("on purpose"); }),
  scenario("quick", async ({ phoenix }) => { console.log("noise"); await phoenix.clock.advance("1s"); }),
  scenario("careless", async () => {
    net.createServer().listen(0);
    setTimeout(() => {}, 60_000);
  }),
  scenario("stuck", async () => new Promise(() => {})),
  scenario("open", async ({ phoenix }) => {
    const { host, port } = phoenix.redis.connection;
    const socket = net.connect(port, host, () => socket.write("BLPOP jobs 0\\r\\n"));
    await once(socket, "data");
  }, { globals: true }),
  scenario("busy", async ({ phoenix }) => { console.log("busy begins"); for (;;) await phoenix.clock.advance("1s"); }),
];
`;

interface Ended {
  readonly code: number | string | null;
  readonly out: string;
  readonly err: string;
  /** Real milliseconds from \`since\` to the end. */
  readonly tookMs: number;
}

interface Running {
  readonly child: ChildProcess;
  /** Resolves once so much was printed on stdout and stderr together. */
  printed(text: string): Promise<void>;
  readonly ended: Promise<Ended>;
  /** Starts to count. */
  mark(): void;
}

function start(...args: readonly string[]): Running {
  const child = spawn(process.execPath, [command.file, ...args], { cwd: folder, stdio: "pipe" });
  let [out, err] = ["", ""];
  let since = performance.now();
  const listeners = new Set<() => void>();
  const hear = (): void => listeners.forEach((listen) => listen());
  child.stdout.on("data", (data: Buffer) => ((out += data.toString()), hear()));
  child.stderr.on("data", (data: Buffer) => ((err += data.toString()), hear()));
  return {
    child,
    printed: async (text) =>
      new Promise((resolve) => {
        const look = (): void => {
          if ((out + err).includes(text)) resolve();
        };
        listeners.add(look);
        look();
      }),
    ended: new Promise((resolve) => {
      child.on("close", (code, signal) =>
        resolve({ code: code ?? signal, out, err, tookMs: performance.now() - since }),
      );
    }),
    mark: () => {
      since = performance.now();
    },
  };
}

const everyCommand = [
  ["--help"],
  ["--version"],
  ["explore", "--help"],
  ["run", "--list"],
  ["run", "--list", "--json"],
  ["run", "quick", "--world", "own.mjs"],
  ["run", "quick", "--world", "own.mjs", "--reporter", "jsonl"],
  ["history"],
  ["history", "check", "--json"],
  ["explore", "failing", "--world", "own.mjs", "--runs", "2", "--workers", "1"],
  ["serve", "--port", "0", "--prometheus-port", "0"],
] as const;

test.each(everyCommand.map((args) => [args.join(" "), args] as const))(
  "%s ends quietly when nobody reads its output",
  async (_, args) => {
    const { child, ended } = start(...args);
    child.stdout?.destroy();
    const { code, err } = await ended;
    expect([code, /EPIPE|^ {4}at /m.test(err)]).toEqual([141, false]);
  },
);

test.each([
  ["a wrong command", ["frobnicate"]],
  ["progress", ["explore", "failing", "--world", "own.mjs", "--runs", "2", "--workers", "1", "--json"]],
  ["log lines", ["run", "quick", "--world", "own.mjs", "--verbose"]],
] as const)("%s that nobody reads on stderr ends the command quietly", async (_, args) => {
  const { child, ended } = start(...args);
  child.stderr?.destroy();
  expect((await ended).code).toBe(141);
});

test.runIf(existsSync("/dev/full"))(
  "a full disk is an error that says so, whatever is written there",
  async () => {
    const toFullDisk = async (redirect: string, ...args: readonly string[]): Promise<Ended> => {
      const words = [process.execPath, command.file, ...args].map((word) => `'${word}'`).join(" ");
      const child = spawn("sh", ["-c", `${words} ${redirect}`], { cwd: folder, stdio: "pipe" });
      let err = "";
      child.stderr.on("data", (data: Buffer) => (err += data.toString()));
      const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
      return { code, out: "", err, tookMs: 0 };
    };
    const run = ["run", "quick", "--world", "own.mjs"];
    for (const ended of [
      await toFullDisk(">/dev/full", "--version"),
      await toFullDisk(">/dev/full", ...run),
      await toFullDisk("", ...run, "--reporter", "junit=/dev/full"),
      await toFullDisk("", "explore", "quick", "--world", "own.mjs", "--runs", "1", "--report", "/dev/full"),
    ])
      expect(ended).toMatchObject({ code: 2, err: expect.stringContaining("ENOSPC") });
  },
);

test.each([
  ["SIGINT", 130],
  ["SIGTERM", 143],
] as const)("%s of run prints what has ended, and ends with %i", async (signal, expected) => {
  const { child, printed, ended, mark } = start("run", "quick", "busy", "--world", "own.mjs", "--seeds", "2");
  await printed("ok    quick        2");
  mark();
  child.kill(signal);
  const { code, out, err, tookMs } = await ended;
  expect([code, tookMs < soonMs]).toEqual([expected, true]);
  expect(out).toContain("2 passed, 0 failed");
  expect(err).toContain(`Left out, because of ${signal}: busy (seed 1), busy (seed 2).`);
});

test("Ctrl-C of run --json prints the document of what has ended, with what was left out", async () => {
  const { child, printed, ended } = start(
    "run",
    "quick",
    "busy",
    "--world",
    "own.mjs",
    "--json",
    "--verbose",
  );
  await printed("busy begins");
  child.kill("SIGINT");
  const { code, out } = await ended;
  expect(code).toBe(130);
  expect(JSON.parse(out)).toMatchObject({
    scenarios: [{ name: "quick" }],
    leftOut: [{ name: "busy", seed: 1 }],
    reason: "SIGINT",
  });
});

test.each([
  ["on threads", ["--workers", "2"]],
  ["that is busy in a single run", ["--workers", "1", "--hang-after", "10m"]],
] as const)("Ctrl-C of an exploration %s ends it soon, with what was found", async (_, more) => {
  const { child, printed, ended, mark } = start(
    ..."explore failing busy --world own.mjs --runs 20 --shrink-runs 5 --reporter jsonl".split(" "),
    ...more,
  );
  await printed('"type":"campaign"');
  mark();
  child.kill("SIGINT");
  const { code, out, err, tookMs } = await ended;
  expect([code, tookMs < soonMs]).toEqual([130, true]);
  expect(err).toContain("Stopping; findings are kept.");
  const events = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { readonly type: string });
  expect(events.at(-1)).toMatchObject({ type: "end", exitCode: 130, reason: "SIGINT" });
  const [file = ""] = readdirSync(join(folder, ".phoenix-sim/failures"));
  expect(JSON.parse(readFileSync(join(folder, ".phoenix-sim/failures", file), "utf8"))).toMatchObject({
    scenario: "failing",
    world: "own.mjs",
  });
  const again = await start("replay", file.replace(".json", "")).ended;
  expect([again.code, again.out]).toEqual([1, expect.stringContaining("on purpose")]);
});

test("what was found is stored at once: a second Ctrl-C loses nothing", async () => {
  const campaign = "explore failing --world own.mjs --runs 2000 --failures 9999 --reporter jsonl";
  const { child, printed, ended } = start(...campaign.split(" "));
  await printed('"type":"found"');
  child.kill("SIGINT");
  child.kill("SIGINT");
  expect([130, "SIGINT"]).toContain((await ended).code);
  expect(readdirSync(join(folder, ".phoenix-sim/failures"))).toHaveLength(1);
});

test("serve closes its ports on SIGTERM and ends with 0", async () => {
  const { child, printed, ended } = start("serve", "--port", "0", "--prometheus-port", "0", "--json");
  await printed("prometheus");
  child.kill("SIGTERM");
  const { code, out } = await ended;
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({ gateway: expect.stringMatching(/^http:/), seed: 1, speed: 1 });
});

test("what scenarios print goes to stderr: --json stays one document", async () => {
  const { code, out, err } = await start("run", "quick", "--world", "own.mjs", "--json").ended;
  expect([code, err]).toEqual([0, expect.stringContaining("noise")]);
  expect(JSON.parse(out)).toMatchObject({ scenarios: [{ name: "quick", ok: true }], leftOut: [] });
});

test.each(["1", "2"])(
  "a line that a scenario prints is no use of the real world, on %s threads",
  async (threads) => {
    const args = ["quick", "--world", "own.mjs", "--profile", "calm", "--runs", "3", "--workers", threads];
    const { code, out, err } = await start("explore", ...args, "--json").ended;
    expect([code, err]).toEqual([0, expect.stringContaining("noise")]);
    expect(err).not.toContain("Real (not simulated) source used");
    expect(JSON.parse(out)).toMatchObject([{ runs: 3, benign: [], harmless: [] }]);
  },
);

test("a scenario that nothing can wake ends at once and says what waits; the next one runs", async () => {
  const { code, out, err, tookMs } = await start("run", "stuck", "open", "quick", "--world", "own.mjs").ended;
  expect([code, tookMs < soonMs]).toEqual([1, true]);
  expect(out).toContain("1 passed, 2 failed");
  expect(out + err).toContain('The scenario "stuck" has not ended, and nothing is left that could wake it');
  expect(out + err).toMatch(/"open" has not ended[^]*BLPOP/);
});

test("what a scenario leaves open in the process is named; ours leave nothing", async () => {
  const { out } = await start(..."run careless --world own.mjs --json --history h.jsonl".split(" ")).ended;
  expect(JSON.parse(out)).toMatchObject({
    scenarios: [{ resources: { openHandles: 2, openHandleTypes: ["TCPServerWrap", "Timeout"] } }],
  });
  const checked = await start("history", "check", "--file", "h.jsonl").ended;
  expect([checked.code, checked.out]).toEqual([
    5,
    expect.stringContaining("2 open handles with seed 1, over the limit of 0: TCPServerWrap, Timeout."),
  ]);
  const mine = await start("run", "lifecycle", "tenant-isolation", "websocket-updates", "--json").ended;
  const { scenarios } = JSON.parse(mine.out) as { scenarios: { resources: { openHandleTypes: unknown } }[] };
  expect(scenarios.map(({ resources }) => resources.openHandleTypes)).toEqual([[], [], []]);
});
