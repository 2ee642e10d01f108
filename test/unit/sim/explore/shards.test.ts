import * as fc from "fast-check";
import { expect, test } from "vitest";

import {
  type CampaignReport,
  createExecutor,
  globalRun,
  localPool,
  mergeAll,
  mergeReports,
  parseReport,
  parseShard,
  runCampaign,
  shardRuns,
} from "../../../../sim/explore/index.js";
import { runShapeOnce } from "../../../shapes/run-once.js";

async function shardReports(count: number, runs = 90): Promise<readonly CampaignReport[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) =>
      runCampaign({
        scenario: "order-depth-2",
        profile: "calm",
        version: "0.1.0",
        seed: 4,
        runs,
        shard: { index: index + 1, count },
        pool: localPool(createExecutor(runShapeOnce)),
      }),
    ),
  );
}

test("shards cover every run once", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.nat(200), (count, runs) => {
      const covered = Array.from({ length: count }, (_, index) => {
        const shard = { index: index + 1, count };
        return Array.from({ length: shardRuns(shard, runs) }, (_run, position) => globalRun(shard, position));
      }).flat();
      expect(covered.sort((a, b) => a - b)).toEqual(Array.from({ length: runs }, (_, run) => run));
    }),
  );
});

test("merging is associative, whatever the order", async () => {
  const [a, b, c] = (await shardReports(3)) as [CampaignReport, CampaignReport, CampaignReport];
  const merged = mergeReports(mergeReports(a, b), c);
  expect(mergeReports(a, mergeReports(b, c))).toEqual(merged);
  expect(mergeReports(mergeReports(c, a), b)).toEqual(merged);
  expect(mergeAll([b, c, a])).toEqual(merged);
  expect(merged).toMatchObject({ shards: [1, 2, 3], runs: 90, failed: a.failed + b.failed + c.failed });
  expect(merged.findings[0]?.times).toBe(merged.failed);
  expect(merged.findings[0]?.run).toBe(
    Math.min(...[a, b, c].flatMap(({ findings }) => findings.map(({ run }) => run))),
  );
});

test("a report survives its file", async () => {
  const [report] = await shardReports(1);
  expect(parseReport(JSON.stringify(report), "shard-1.json", "0.1.0")).toEqual(report);
});

test("missing, double and foreign shards are refused by name", async () => {
  const [a, b] = (await shardReports(3, 12)) as [CampaignReport, CampaignReport];
  expect(() => mergeAll([a, b])).toThrow("Cannot merge: shard 3 of 3 is missing.");
  expect(() => mergeAll([a])).toThrow("Cannot merge: shards 2, 3 of 3 are missing.");
  expect(() => mergeReports(a, a)).toThrow("Cannot merge: shard 1 of 3 came twice.");
  expect(() => mergeReports(a, { ...b, version: "0.2.0" })).toThrow(
    'Cannot merge reports of different campaigns: version is "0.1.0" and "0.2.0".',
  );
  expect(() => mergeAll([])).toThrow("There is no report to merge.");
  expect(() => parseReport("{", "x.json", "0.1.0")).toThrow("x.json is not a report: it is not JSON.");
  expect(() => parseReport('{"format":9}', "x.json", "0.1.0")).toThrow(
    "x.json is not a report of format 2: its format is 9.",
  );
  expect(() => parseReport("null", "x.json", "0.1.0")).toThrow(
    expect.objectContaining({ code: "SIM_SHARD_INVALID" }),
  );
});

test("a shard is written as part and number of parts", () => {
  expect(parseShard("2/8")).toEqual({ index: 2, count: 8 });
  for (const text of ["0/4", "5/4", "1", "a/b", "1/0", "-1/2", "1/2/3"]) {
    expect(() => parseShard(text)).toThrow(`Cannot read "${text}" as a shard.`);
  }
});
