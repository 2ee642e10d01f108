import { mkdir, rm } from "node:fs/promises";
import { fileURLToPath, pathToFileURL } from "node:url";

import { build } from "esbuild";
import { afterAll, beforeAll, expect, test } from "vitest";

import { createExecutor, localPool, runCampaign, threadPool } from "../../../../sim/explore/index.js";
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
