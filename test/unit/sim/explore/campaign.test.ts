import { expect, test } from "vitest";

import {
  type CampaignOptions,
  type CampaignReport,
  type Pool,
  type RunOnce,
  createExecutor,
  differenceError,
  formatDifference,
  localPool,
  neverReached,
  runCampaign,
} from "../../../../sim/explore/index.js";
import { runShapeOnce } from "../../../shapes/run-once.js";

const target = { scenario: "check-then-act", profile: "calm", version: "0.1.0" };

async function explore(
  options: Partial<CampaignOptions> & { runOnce?: RunOnce } = {},
): Promise<CampaignReport> {
  const { runOnce = runShapeOnce, ...rest } = options;
  const pool = localPool(createExecutor(runOnce));
  return runCampaign({ ...target, seed: 1, runs: 100, pool, ...rest });
}

/** Several executors, each of which takes the next job when it is free. */
function manyExecutors(workers: number): Pool {
  const pools = Array.from({ length: workers }, () => localPool(createExecutor(runShapeOnce)));
  let next = 0;
  return {
    workers,
    submit: async (job) => (pools[next++ % workers] as Pool).submit(job),
    replay: async (recording) => (pools[0] as Pool).replay(recording),
    abandon: () => pools.forEach((pool) => pool.abandon()),
    close: async () => {},
  };
}

test("what is found does not depend on the number of workers", async () => {
  const alone = await explore({ runs: 300 });
  expect(alone.findings).toHaveLength(1);
  for (const workers of [2, 3, 7]) {
    expect(await explore({ runs: 300, pool: manyExecutors(workers) })).toEqual(alone);
  }
});

test("the same options give the same report, another seed another one", async () => {
  expect(await explore()).toEqual(await explore());
  expect((await explore({ seed: 2 })).findings).not.toEqual((await explore()).findings);
});

test("a finding is told once, by its first run, with how often it came", async () => {
  const report = await explore({ runs: 200 });
  const [finding, ...others] = report.findings;
  expect(others).toEqual([]);
  expect(finding).toMatchObject({ identity: "invariant/check-then-act", times: report.failed });
  expect(report.failed).toBeGreaterThan(1);
  expect(report).toMatchObject({ runs: 200, stoppedBy: undefined, differences: [] });
  const tallies = Object.values(report.strategies);
  expect(tallies.reduce((sum, { runs }) => sum + runs, 0)).toBe(200);
});

test("enough findings, an interrupt or the time budget end it, and say so", async () => {
  expect(await explore({ runs: 1000, findingsMax: 1 })).toMatchObject({ stoppedBy: "findings" });
  const failing = await explore({ runs: 1000, failedMax: 7 });
  expect(failing).toMatchObject({ stoppedBy: "failures", failed: 7 });
  const controller = new AbortController();
  const interrupted = await explore({
    runs: 1000,
    signal: controller.signal,
    onProgress: ({ runs }) => {
      if (runs > 40) controller.abort();
    },
  });
  expect(interrupted.stoppedBy).toBe("interrupt");
  expect(interrupted.runs).toBeLessThan(100);
  let clockMs = 0;
  const timed = await explore({ runs: Infinity, timeBudgetMs: 100, nowMs: () => (clockMs += 5) });
  expect(timed).toMatchObject({ stoppedBy: "time budget" });
  expect(timed.findings).toHaveLength(1);
});

test("a campaign that ends at its first finding counts the runs up to it, on any number of workers", async () => {
  const alone = await explore({ runs: 1000, findingsMax: 1 });
  const [finding] = alone.findings;
  expect(alone).toMatchObject({ failed: 1, runs: (finding?.run ?? 0) + 1, stoppedBy: "findings" });
  expect(finding?.run).toBe((await explore()).findings[0]?.run);
  for (const workers of [2, 7]) {
    expect(await explore({ runs: 1000, findingsMax: 1, pool: manyExecutors(workers) })).toEqual(alone);
  }
});

test("progress counts up to the runs of the campaign", async () => {
  const seen: number[] = [];
  await explore({ runs: 40, onProgress: ({ runs }) => seen.push(runs) });
  expect(seen).toEqual([1, 17, 33, 40]);
});

test("an exhaustive search ends by itself when all was tried", async () => {
  const report = await explore({ scenario: "write-skew", strategy: "exhaustive", runs: 100_000 });
  expect(report.stoppedBy).toBe("exhausted");
  expect(report.findings).toHaveLength(1);
  expect(report.runs).toBeLessThan(5000);
});

test("a run that leaks real randomness is located, and the suspect named", async () => {
  let leak = 0;
  const leaking: RunOnce = async (input) => {
    const outcome = await runShapeOnce({
      ...input,
      onStep: (step) => input.onStep(step.index === 5 ? { ...step, digest: leak++ } : step),
    });
    return {
      ...outcome,
      traceHash: `${outcome.traceHash}${leak}`,
      suspects: ["Math.random at service.ts:12"],
    };
  };
  const { differences } = await explore({ runs: 60, scenario: "read-skew", runOnce: leaking });
  const difference = differences[0];
  expect(difference).toMatchObject({ run: 0, at: { index: 5 }, suspects: ["Math.random at service.ts:12"] });
  if (difference === undefined) return;
  const lines = formatDifference(difference).split("\n");
  expect(lines[0]).toMatch(/^Two runs of seed \d+ differ at step 5:$/);
  expect(lines.filter((line) => line.startsWith("    both"))).toHaveLength(4);
  expect(lines.at(-1)).toBe("  Math.random at service.ts:12");
  const { code, message } = differenceError(difference);
  expect(code).toBe("SIM_NOT_DETERMINISTIC");
  expect(message).toContain(lines.join("\n"));
});

test("one in fifty runs that go well is run twice, and every one that fails", async () => {
  const runs: number[] = [];
  let failed = 0;
  await explore({
    runs: 120,
    scenario: "order-depth-4",
    async runOnce(input) {
      runs.push(input.seed);
      const outcome = await runShapeOnce(input);
      if (outcome.failure !== undefined) failed += 1;
      return outcome;
    },
  });
  // Runs 0, 50 and 100, unless one of them is among those that failed; each of these is counted twice.
  expect(runs.length - 120 - failed / 2).toBeLessThanOrEqual(3);
  expect(runs.length - 120 - failed / 2).toBeGreaterThanOrEqual(1);
});

test("a condition that never came true is told", async () => {
  let run = 0;
  const runOnce: RunOnce = async (input) => ({
    ...(await runShapeOnce(input)),
    sometimes: { declared: ["retried", "rejected"], reached: run++ === 30 ? ["retried"] : [] },
  });
  expect(neverReached(await explore({ runOnce }))).toEqual(["rejected"]);
});

test("a campaign says in how many of its runs faults were injected", async () => {
  const runOnce: RunOnce = async (input) => ({
    ...(await runShapeOnce(input)),
    faults: input.seed % 2 === 0 ? 3 : 0,
  });
  const { faults, runs } = await explore({ runOnce });
  expect(faults.injected).toBe(3 * faults.runs);
  expect(faults.runs).toBeGreaterThan(0);
  expect(faults.runs).toBeLessThan(runs);
});

test("stored cases are run again first: those that still fail, and those that were fixed", async () => {
  const finding = (await explore({ runs: 200 })).findings[0];
  if (finding === undefined) throw new Error("nothing was found");
  const stored = { ...finding, version: "0.1.0", minimal: false };
  const fixed = { ...stored, decisions: [] };
  const { cases } = await explore({ runs: 1, cases: [stored, fixed] });
  expect(cases.map(({ verdict }) => verdict)).toEqual(["same", "no failure"]);
  const halves = await Promise.all(
    [1, 2].map(async (index) => explore({ runs: 2, cases: [stored, fixed], shard: { index, count: 2 } })),
  );
  expect(halves.map((half) => half.cases.length)).toEqual([1, 1]);
});

test("an error of the runner itself ends the campaign with that error", async () => {
  const runOnce: RunOnce = async () => {
    throw new Error("the disk is full");
  };
  await expect(explore({ runOnce })).rejects.toThrow("the disk is full");
});

test.each([
  [{ runs: 0 }, "Cannot explore 0 runs."],
  [{ runs: Infinity }, "Cannot explore Infinity runs."],
  [
    { strategy: "exhaustive", shard: { index: 1, count: 2 } },
    "Cannot split an exhaustive search into 2 shards",
  ],
  [{ strategy: "portfoli" }, 'There is no strategy "portfoli".'],
])("options that make no sense are refused: %j", async (options, message) => {
  await expect(explore(options)).rejects.toThrow(message);
});

test("an abandoned pool gives what has ended by then, and gives up the run that would never end", async () => {
  let runs = 0;
  let stuck = (): void => {};
  const sixth = new Promise<void>((resolve) => {
    stuck = resolve;
  });
  const runOnce: RunOnce = async (input) => {
    runs += 1;
    if (runs < 6) return runShapeOnce(input);
    stuck();
    return new Promise(() => {});
  };
  const controller = new AbortController();
  const pool = localPool(createExecutor(runOnce));
  const campaign = explore({ pool, signal: controller.signal, twiceEvery: 1_000, profile: "calm" });
  await sixth;
  controller.abort();
  pool.abandon();
  const report = await campaign;
  expect(report.stoppedBy).toBe("interrupt");
  expect(report.runs).toBeGreaterThan(0);
  expect(await pool.replay({ ...target, seed: 1, decisions: [], failureHash: undefined })).toBeUndefined();
  await pool.close();
});

test("each different finding is told as soon as it is known", async () => {
  const told: string[] = [];
  const report = await explore({ runs: 200, onFinding: ({ identity }) => told.push(identity) });
  expect(told).toEqual(report.findings.map(({ identity }) => identity));
});
