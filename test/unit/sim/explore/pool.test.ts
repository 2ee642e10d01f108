import { mkdir, rm } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";

import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";

import {
  type CampaignReport,
  createExecutor,
  localPool,
  runCampaign,
  runSeed,
  threadPool,
} from "../../../../sim/explore/index.js";
import { runShapeOnce } from "../../../shapes/run-once.js";

// Worker threads need JavaScript. It lies inside node_modules so that its packages are found.
const folder = fileURLToPath(
  new URL(`../../../../node_modules/.cache/thread-pool-${process.pid}/`, import.meta.url),
);
const worker = `${folder}worker.mjs`;

beforeAll(async () => {
  await mkdir(folder, { recursive: true });
  await build({
    entryPoints: [fileURLToPath(new URL("shape-worker.ts", import.meta.url))],
    outfile: worker,
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node20",
    packages: "external",
  });
});

afterAll(async () => rm(folder, { recursive: true, force: true }));

test("a campaign in two threads finds exactly what it finds in one", async () => {
  const options = { scenario: "lost-update", profile: "calm", version: "0.1.0", seed: 11, runs: 150 };
  const pool = threadPool({ filename: pathToFileURL(worker).href, workers: 2 });
  try {
    const inThreads = await runCampaign({ ...options, pool });
    expect(inThreads).toEqual(
      await runCampaign({ ...options, pool: localPool(createExecutor(runShapeOnce)) }),
    );
    expect(inThreads.findings).toHaveLength(1);
  } finally {
    await pool.close();
  }
});

test("a run that never ends is found, and the others go on", async () => {
  const options = { scenario: "aba", profile: "calm", version: "0.1.0", seed: 5, runs: 5 };
  const pool = threadPool({
    filename: pathToFileURL(worker).href,
    workers: 1,
    workerData: { loopForSeed: runSeed(options.seed, 2) },
    runMsMax: 3000,
  });
  try {
    const report = await runCampaign({ ...options, pool });
    expect(report.runs).toBe(5);
    const hang = report.findings.find(({ failure }) => failure.kind === "hang");
    expect(hang).toMatchObject({ identity: "hang/RUN_NEVER_ENDS", run: 2, times: 1 });
  } finally {
    await pool.close();
  }
});

test("an abandoned pool ends soon, whatever its threads do, and gives what has ended", async () => {
  const options = { scenario: "aba", profile: "calm", version: "0.1.0", seed: 5, runs: 500 };
  const workerData = { loopForSeed: runSeed(options.seed, 30) };
  const pool = threadPool({ filename: pathToFileURL(worker).href, workers: 1, workerData });
  const controller = new AbortController();
  let campaign: Promise<CampaignReport> | undefined;
  // The third batch holds the run that loops.
  await new Promise<void>((resolve) => {
    campaign = runCampaign({
      ...options,
      pool,
      signal: controller.signal,
      onProgress: ({ runs }) => runs >= 17 && resolve(),
    });
  });
  const before = performance.now();
  controller.abort();
  pool.abandon();
  const report = await campaign;
  expect(await pool.replay({ ...options, decisions: [], failureHash: undefined })).toBeUndefined();
  await pool.close();
  // About a second; machines are shared, and a run counts as one that never ends after two minutes only.
  expect(performance.now() - before).toBeLessThan(15_000);
  expect(report?.stoppedBy).toBe("interrupt");
  expect(report?.runs).toBeGreaterThanOrEqual(17);
});
